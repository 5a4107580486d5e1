import type { Client } from '@temporalio/client';

import { listPollers } from '../../checks/pollers.ts';
import { watchRun, type RunSnapshot } from '../../runs/progress.ts';
import type { RunId } from '../../runs/run.ts';
import type { CommandContext } from '../context.ts';
import { countText, durationText, numberText } from '../../contract/text.ts';
import { createProgressLine } from '../rendering/terminal.ts';

/** Shows a run's progress until `signal` is aborted. Never fails. */
export async function showProgress(
  context: CommandContext,
  watched: { readonly client: Client; readonly run: RunId; readonly taskQueue: string },
  signal: AbortSignal,
): Promise<void> {
  const { client, run, taskQueue } = watched;
  const line = createProgressLine(context.stderr);
  try {
    let isWaiting = false;
    for await (const snapshot of watchRun(client, run.workflowId, signal)) {
      const { waitsSince } = snapshot;
      const text =
        waitsSince === undefined
          ? renderSnapshot(snapshot)
          : await renderWaiting(client, taskQueue, waitsSince);
      line.show(text, waitsSince !== undefined && !isWaiting);
      isWaiting = waitsSince !== undefined;
    }
  } catch {
    // The wait for the result meets the same error, and reports it.
  } finally {
    line.clear();
  }
}

/** How long a run has waited for a worker, and what to do. */
export async function renderWaiting(
  client: Client,
  taskQueue: string,
  since: Date,
): Promise<string> {
  const pollers = await listPollers(client, taskQueue);
  const waited = durationText(Math.round((Date.now() - since.getTime()) / 1_000));
  return pollers.every(({ isPolling }) => !isPolling)
    ? `Waiting for ${waited}: no worker polls the task queue ${taskQueue}. Start one: session-cleanup worker`
    : `Waiting for ${waited} for a worker. If that continues: session-cleanup check`;
}

/** A run's progress in one line. */
export function renderSnapshot({
  deletedCount,
  slice,
  retry,
}: Pick<RunSnapshot, 'deletedCount' | 'slice'> & Partial<RunSnapshot>): string {
  const rows = countText(deletedCount, 'row');
  if (retry !== undefined) {
    return `${rows}; attempt ${retry.attempt} after a failure: ${retry.reason}`;
  }
  if (slice === undefined) return rows;
  return [
    `${slice.target}: ${rows}`,
    ...(slice.dependentsDeleted === undefined
      ? []
      : [countText(slice.dependentsDeleted, 'dependent row')]),
    `${numberText(slice.rowsPerSecond)} rows/s`,
    ...(slice.waitingFor === undefined ? [] : [`throttled (${slice.waitingFor})`]),
    ...(slice.fraction === undefined ? [] : [`${Math.floor(slice.fraction * 100)} %`]),
  ].join(', ');
}
