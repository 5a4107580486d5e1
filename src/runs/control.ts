import {
  isGrpcServiceError,
  ServiceError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';

import type { UPDATE } from '../contract/names.ts';
import { isPausedByTemporal, NOT_ENDED, runQuery, unpauseCommand } from './run.ts';

/** An update that controls a run. */
export type RunUpdate = (typeof UPDATE)[keyof typeof UPDATE];

/** A request to a run failed; the message says why and what to do. */
export class RunControlError extends Error {
  override readonly name = 'RunControlError';
}

/** A worker answers at once; without one, the update would wait. Milliseconds. */
const ANSWER_WITHIN = 10_000;

/**
 * The id of the only running run on this task queue.
 *
 * @throws RunControlError when there is none, or more than one
 */
export async function findRunningId(client: Client, taskQueue: string): Promise<string> {
  const query = runQuery(taskQueue, NOT_ENDED);
  const ids: string[] = [];
  for await (const { workflowId } of client.workflow.list({ query })) ids.push(workflowId);
  const [only, ...others] = ids;
  if (only === undefined) {
    throw new RunControlError('No run is running. See the last ones: session-cleanup run list');
  }
  if (others.length > 0) {
    throw new RunControlError(
      `${ids.length} runs are running. Name one of them: ${ids.join(', ')}`,
    );
  }
  return only;
}

/**
 * Sends an update to a run and returns its answer, one line of text.
 *
 * @throws RunControlError when the run rejects it or is not running, or no worker answers
 */
export async function sendUpdate(
  client: Client,
  workflowId: string,
  update: RunUpdate,
  argument?: object,
): Promise<string> {
  const handle = client.workflow.getHandle(workflowId);
  try {
    return await client.withDeadline(Date.now() + ANSWER_WITHIN, async () =>
      argument === undefined
        ? await handle.executeUpdate<string, []>(update)
        : await handle.executeUpdate<string, [object]>(update, { args: [argument] }),
    );
  } catch (error) {
    const message = explain(error, workflowId) ?? (await explainRefusal(client, error, workflowId));
    throw message === undefined ? error : new RunControlError(message, { cause: error });
  }
}

/** gRPC's FAILED_PRECONDITION. */
const NOT_NOW: ReadonlySet<number> = new Set([9]);

async function explainRefusal(
  client: Client,
  error: unknown,
  workflowId: string,
): Promise<string | undefined> {
  const cause = error instanceof ServiceError ? error.cause : error;
  if (!isGrpcServiceError(cause) || !NOT_NOW.has(cause.code)) return undefined;
  const { status } = await client.workflow.getHandle(workflowId).describe();
  return isPausedByTemporal(status)
    ? `${workflowId}: Temporal itself has paused it, so it takes no requests. First: ${unpauseCommand(workflowId)}`
    : undefined;
}

function explain(error: unknown, workflowId: string): string | undefined {
  if (error instanceof WorkflowUpdateFailedError) return error.cause?.message ?? error.message;
  if (error instanceof WorkflowNotFoundError) {
    return `${workflowId} is not a running workflow. See the last runs: session-cleanup run list`;
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
    return (
      `${workflowId}: no worker took the request within ${ANSWER_WITHIN / 1_000} s. It takes effect when ` +
      'one does. Start a worker: session-cleanup worker'
    );
  }
  return undefined;
}
