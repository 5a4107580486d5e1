import { isGrpcServiceError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import type { Command } from 'commander';

import { PROGRESS_QUERY } from '../../contract/names.ts';
import { readDescription } from '../../runs/progress.ts';
import { findRunningId } from '../../runs/control.ts';
import { waitForRun } from '../../runs/run.ts';
import { readTemporalConfig, writeResult } from '../command-context.ts';
import { EXIT } from '../exit-code.ts';
import { addHelpSections } from '../help-text.ts';
import { JSON_OPTION, type Invocation, type JsonOption } from '../invocation.ts';
import { markdownText } from '../rendering/markdown-text.ts';
import { createPainter } from '../rendering/painter.ts';
import { distanceText } from '../../contract/text.ts';
import { renderSnapshot, renderWaiting } from './progress-line.ts';
import { renderOutcome } from './result-text.ts';
import { withClient } from '../temporal-client.ts';

/** A worker answers queries at once. Milliseconds. */
const ANSWER_WITHIN = 5_000;

/**
 * gRPC's codes for a query that no worker answered: CANCELLED, DEADLINE_EXCEEDED, and at once where no
 * worker has polled for minutes, FAILED_PRECONDITION.
 */
const UNANSWERED: ReadonlySet<number> = new Set([1, 4, 9]);

/** `session-cleanup run show` */
export function addRunShowCommand(run: Command, { act, context }: Invocation): void {
  const command = run
    .command('show')
    .summary('what a run has done so far, or did')
    .description(
      'Shows a run: while it goes on, its details as the Web UI has them; when it has ended, its result. ' +
        'When no worker answers, what Temporal itself knows: the pending activity and its last heartbeat.',
    )
    .argument('[workflow-id]', 'the run; without it, the one that is going on')
    .option(...JSON_OPTION);
  addHelpSections(command, {
    settings: ['_TASK_QUEUE'],
    temporal: true,
    examples: [
      ['session-cleanup run show', 'the run that is going on'],
      ['session-cleanup run show session_cleanup-2026-11-20T06:00:00Z', 'that of six o’clock'],
    ],
    failed: 'failed: no such run, or no worker answers for one that is going on',
  });
  act(command, async () => {
    const options = command.opts<JsonOption>();
    const [given] = command.args;
    const { config, temporal } = readTemporalConfig(context);
    return await withClient(temporal, async (client) => {
      const workflowId = given ?? (await findRunningId(client, config.taskQueue));
      const description = await client.workflow.getHandle(workflowId).describe();
      const { runId, status, startTime } = description;
      if (status.name === 'RUNNING') {
        const run = { workflowId, runId, state: 'running', startedAt: startTime.toISOString() };
        const heading = `${workflowId} is going on, started ${distanceText(startTime, new Date())}.`;
        const answer = await askRun(client, workflowId);
        if (answer === undefined) {
          const known = await readDescription(client, description);
          const text = await renderWithoutWorker(client, config.taskQueue, known);
          writeResult(context, options.json, { ...run, progress: null, ...known }, () =>
            [heading, '', text].join('\n'),
          );
          return EXIT.failed;
        }
        const { progress, details } = answer;
        writeResult(context, options.json, { ...run, progress }, () =>
          [heading, '', markdownText(details)].join('\n'),
        );
      } else {
        const outcome = await waitForRun(client, { workflowId, runId });
        const painter = createPainter(context.stdout, context.environment);
        writeResult(context, options.json, { workflowId, runId, ...outcome }, () =>
          renderOutcome(outcome, { painter }),
        );
      }
      return EXIT.done;
    });
  });
}

/**
 * What the run itself says: its figures for machines, and the words that the Web UI shows. Undefined
 * when no worker answers.
 */
async function askRun(
  client: Client,
  workflowId: string,
): Promise<{ readonly progress: unknown; readonly details: string } | undefined> {
  const handle = client.workflow.getHandle(workflowId);
  try {
    return await client.withDeadline(Date.now() + ANSWER_WITHIN, async () => {
      const progress = await handle.query(PROGRESS_QUERY);
      const metadata = await handle.query<{ readonly currentDetails?: string }>(
        '__temporal_workflow_metadata',
      );
      return { progress, details: metadata.currentDetails ?? '' };
    });
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    if (isGrpcServiceError(cause) && UNANSWERED.has(cause.code)) return undefined;
    throw error;
  }
}

async function renderWithoutWorker(
  client: Client,
  taskQueue: string,
  known: Awaited<ReturnType<typeof readDescription>>,
): Promise<string> {
  const { slice, retry, waitsSince } = known;
  const counts = {
    deletedCount: slice?.deletedCount ?? 0,
    skippedLocked: slice?.skippedLocked ?? 0,
  };
  return [
    'No worker answers, so this is what Temporal knows:',
    ...(waitsSince === undefined ? [] : [await renderWaiting(client, taskQueue, waitsSince)]),
    ...(retry === undefined
      ? []
      : [`Attempt ${retry.attempt}, since the one before failed: ${retry.reason}`]),
    ...(slice === undefined
      ? []
      : [`The last heartbeat said: ${renderSnapshot({ ...counts, slice })}`]),
    'To see more, start a worker: session-cleanup worker',
  ].join('\n');
}
