import { isGrpcServiceError, type Client } from '@temporalio/client';

import { PROGRESS_QUERY } from '../../contract/names.ts';
import { distanceText } from '../../contract/text.ts';
import { findRunningId } from '../../runs/control.ts';
import { readDescription, type RunSnapshot } from '../../runs/progress.ts';
import {
  isOpen,
  isPausedByTemporal,
  pauseReason,
  unpauseCommand,
  waitForRun,
} from '../../runs/run.ts';
import { defineTemporalCommand } from '../command.ts';
import { markdownText } from '../rendering/table.ts';
import { renderSnapshot, renderWaiting } from './progress.ts';
import { renderOutcome } from './result-text.ts';

/** A worker answers queries at once. Milliseconds. */
const ANSWER_WITHIN = 5_000;

/**
 * gRPC's codes for a query that no worker answered: CANCELLED, DEADLINE_EXCEEDED, and, if no worker has
 * polled for minutes, FAILED_PRECONDITION.
 */
const UNANSWERED: ReadonlySet<number> = new Set([1, 4, 9]);

/** `session-cleanup run show` */
export const addRunShowCommand = defineTemporalCommand({
  name: 'show',
  summary: 'show the progress or the result of a run',
  description:
    'Shows a run: its details, as in the Web UI, while it is running; its result once it has ended. If no ' +
    'worker answers, what Temporal itself knows: the pending activity and its last heartbeat.',
  argument: ['[workflow-id]', 'the run; default: the only running one'],
  settings: ['_TASK_QUEUE'],
  examples: [
    ['session-cleanup run show', 'the running one'],
    ['session-cleanup run show session_cleanup-2026-11-20T06:00:00Z', 'that of 06:00 UTC'],
  ],
  failed: 'failed: no such run, or it is running and no worker answers',
  run: async ({ client, config, argument }) => {
    const workflowId = argument ?? (await findRunningId(client, config.taskQueue));
    const description = await client.workflow.getHandle(workflowId).describe();
    const { runId, status, startTime } = description;
    if (!isOpen(status)) {
      const outcome = await waitForRun(client, { workflowId, runId });
      return {
        json: { workflowId, runId, ...outcome },
        text: (paint) => renderOutcome(outcome, paint),
      };
    }
    const run = { workflowId, runId, state: 'running', startedAt: startTime.toISOString() };
    const started = `started ${distanceText(startTime, new Date())}.`;
    if (isPausedByTemporal(status)) {
      const reason = pauseReason(description);
      const { slice } = await readDescription(client, description);
      return {
        json: { ...run, pausedByTemporal: true, paused: reason, progress: null, slice },
        text: () =>
          [
            `${workflowId} is paused by Temporal${reason === '' ? '' : ` (${reason})`}, ${started}`,
            ...(slice === undefined ? [] : [renderHeartbeat(slice)]),
            `To resume: ${unpauseCommand(workflowId)}`,
          ].join('\n'),
      };
    }
    const heading = `${workflowId} is running, ${started}`;
    const answer = await askRun(client, workflowId);
    if (answer !== undefined) {
      return {
        json: { ...run, progress: answer.progress },
        text: () => [heading, '', markdownText(answer.details)].join('\n'),
      };
    }
    const known = await readDescription(client, description);
    const text = await renderWithoutWorker(client, config.taskQueue, known);
    return {
      json: { ...run, progress: null, ...known },
      text: () => [heading, '', text].join('\n'),
      hasFailed: true,
    };
  },
});

/** The run's progress, and its details as the Web UI shows them. Undefined when no worker answers. */
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
  return [
    'No worker answers. Temporal itself knows:',
    ...(waitsSince === undefined ? [] : [await renderWaiting(client, taskQueue, waitsSince)]),
    ...(retry === undefined ? [] : [`Attempt ${retry.attempt} after a failure: ${retry.reason}`]),
    ...(slice === undefined ? [] : [renderHeartbeat(slice)]),
    'For more, start a worker: session-cleanup worker',
  ].join('\n');
}

function renderHeartbeat(slice: NonNullable<RunSnapshot['slice']>): string {
  return `Last heartbeat: ${renderSnapshot({ deletedCount: slice.deletedCount, slice })}`;
}
