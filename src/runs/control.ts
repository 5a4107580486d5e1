import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client';

import type { UPDATE } from '../contract/names.ts';
import { runQuery } from './query.ts';

/** One of the updates by which a run is steered. */
export type SteeringUpdate = (typeof UPDATE)[keyof typeof UPDATE];

/** A run can't be steered as asked; the message says why and what to do. */
export class SteeringError extends Error {
  override readonly name = 'SteeringError';
}

/** A worker answers at once; without one the update would wait for it. Milliseconds. */
const ANSWER_WITHIN = 10_000;

/**
 * The id of the run that is going on, on this task queue.
 *
 * @throws SteeringError when there is none, or several: then one has to be named
 */
export async function findRunningId(client: Client, taskQueue: string): Promise<string> {
  const query = runQuery(taskQueue, "ExecutionStatus = 'Running'");
  const ids: string[] = [];
  for await (const { workflowId } of client.workflow.list({ query })) ids.push(workflowId);
  const [only, ...others] = ids;
  if (only === undefined) {
    throw new SteeringError('No run is going on. See the last ones: session-cleanup run list');
  }
  if (others.length > 0) {
    throw new SteeringError(
      `${ids.length} runs are going on. Name the one you mean: ${ids.join(', ')}`,
    );
  }
  return only;
}

/**
 * Sends an update to a run and returns its answer, one line for people.
 *
 * @throws SteeringError when the run refuses it, does not exist or has ended, or no worker answers
 */
export async function steerRun(
  client: Client,
  workflowId: string,
  update: SteeringUpdate,
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
    throw explain(error, workflowId);
  }
}

function explain(error: unknown, workflowId: string): unknown {
  if (error instanceof WorkflowUpdateFailedError) {
    return new SteeringError(error.cause?.message ?? error.message, { cause: error });
  }
  if (error instanceof WorkflowNotFoundError) {
    return new SteeringError(
      `${workflowId} is no run that is going on. See the last ones: session-cleanup run list`,
      { cause: error },
    );
  }
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) {
    return new SteeringError(
      `No worker has taken the request within ${ANSWER_WITHIN / 1_000} s. It waits for one and is then ` +
        'carried out. Start a worker: session-cleanup worker',
      { cause: error },
    );
  }
  return error;
}
