import type { Client } from '@temporalio/client';

import { listPollers } from '../temporal/pollers.ts';
import { watchRun } from '../temporal/run-progress.ts';
import type { RunSnapshot } from '../temporal/run-progress.ts';
import type { RunId } from '../temporal/run.ts';
import type { CommandContext } from './command-context.ts';
import { countText, numberText } from './rendering/number-text.ts';
import { createProgressLine } from './rendering/progress-line.ts';

/** A run that somebody waits for. */
export interface WatchedRun {
  readonly client: Client;
  readonly run: RunId;
  readonly config: { readonly taskQueue: string };
}

/** Shows how far a run is until `signal` is aborted. Never fails: it is only a courtesy. */
export async function showProgress(
  context: CommandContext,
  { client, run, config }: WatchedRun,
  signal: AbortSignal,
): Promise<void> {
  const line = createProgressLine(context.stderr);
  try {
    for await (const snapshot of watchRun(client, run.workflowId, signal)) {
      line.show(
        snapshot.waitsForWorker
          ? await renderWaiting(client, config.taskQueue)
          : renderSnapshot(snapshot),
      );
    }
  } catch {
    // The wait for the result meets the same trouble, and reports it.
  } finally {
    line.clear();
  }
}

async function renderWaiting(client: Client, taskQueue: string): Promise<string> {
  const pollers = await listPollers(client, taskQueue);
  return pollers.every(({ isPolling }) => !isPolling)
    ? `Waiting: no worker polls the task queue ${taskQueue}. Start one: session-cleanup worker`
    : 'Waiting for a worker. If that lasts: session-cleanup check';
}

function renderSnapshot(snapshot: RunSnapshot): string {
  const { deletedCount, slice, retry } = snapshot;
  const rows = countText(deletedCount, 'row');
  if (retry !== undefined) {
    return `${rows}; attempt ${retry.attempt}, since the one before failed: ${retry.reason}`;
  }
  if (slice === undefined) return rows;
  return [
    `${slice.target}: ${rows}`,
    `${numberText(slice.rowsPerSecond)} rows/s`,
    ...(slice.waitingFor === undefined ? [] : [`holding back (${slice.waitingFor})`]),
    ...(slice.fraction === undefined ? [] : [`${Math.floor(slice.fraction * 100)} %`]),
  ].join(', ');
}
