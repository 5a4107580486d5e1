import { randomBytes } from 'node:crypto';

import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  TerminatedFailure,
  TimeoutFailure,
  WorkflowFailedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import type {
  Client,
  WorkflowExecutionDescription,
  WorkflowExecutionInfo,
} from '@temporalio/client';

import { RESULT_MEMO, SCHEDULE_ID, WORKFLOW_ID, WORKFLOW_TYPE } from '../contract/names.ts';
import type { SessionCleanupInput } from '../contract/run.ts';
import { readRunResult, type RecordedResult } from './result.ts';
import { staticDetails, STATIC_SUMMARY } from './runbook.ts';

/** Identifies one run. */
export interface RunId {
  readonly workflowId: string;
  readonly runId: string;
}

/** How a run ended. `result` says what it deleted, where that is known. */
export type RunOutcome =
  | { readonly kind: 'completed'; readonly result: RecordedResult }
  | {
      readonly kind: 'failed';
      /** One of the contract's failure types, or the SDK's name of the failure. */
      readonly type: string;
      /** What happened and what to do. */
      readonly message: string;
      readonly result: RecordedResult | null;
    }
  | { readonly kind: 'cancelled'; readonly result: RecordedResult | null }
  | { readonly kind: 'terminated'; readonly message: string };

/** Characters that list filters accept without quoting, in all of Temporal's visibility stores. */
export const PLAIN_NAME = /^[\w .:/@-]+$/;

/**
 * List filter for the runs on a task queue, which distinguishes the installations of a namespace. Without
 * one, or with one that a filter cannot hold, it matches the runs of all installations.
 *
 * @param condition - Narrows the filter.
 */
export function runQuery(taskQueue: string | undefined, condition: string): string {
  return [
    `WorkflowType = '${WORKFLOW_TYPE}'`,
    ...(taskQueue !== undefined && PLAIN_NAME.test(taskQueue)
      ? [`TaskQueue = '${taskQueue}'`]
      : []),
    condition,
  ].join(' AND ');
}

/** List filter for runs that have not ended; one that Temporal has paused is not `Running`. */
export const NOT_ENDED = 'CloseTime is null';

type Status = WorkflowExecutionInfo['status'];

/** Whether a run has not ended. */
export function isOpen(status: Status): boolean {
  return status.name === 'RUNNING' || isPausedByTemporal(status);
}

/**
 * Whether Temporal has paused a run, by `temporal workflow pause`. Its current slice goes on to its end; after
 * that nothing happens, and the run answers no query and no update.
 */
export function isPausedByTemporal(status: Status): boolean {
  return status.name === 'PAUSED';
}

/** Resumes a run that Temporal has paused. */
export function unpauseCommand(workflowId: string): string {
  return `temporal workflow unpause --workflow-id ${workflowId}`;
}

/** Why Temporal has paused a run; empty without a reason. */
export function pauseReason({ raw }: WorkflowExecutionDescription): string {
  return raw.workflowExtendedInfo?.pauseInfo?.reason ?? '';
}

/** Starts one run now, independent of the schedule and of other runs. */
export async function startRun(
  client: Client,
  taskQueue: string,
  input: SessionCleanupInput,
  scheduleId = SCHEDULE_ID,
): Promise<RunId> {
  // Sorts among scheduled runs, `session_cleanup-2026-11-20T06:00:00Z`, and never equals their ids.
  const workflowId = `${WORKFLOW_ID}-${new Date().toISOString()}-${randomBytes(3).toString('hex')}`;
  const handle = await client.workflow.start(WORKFLOW_TYPE, {
    workflowId,
    taskQueue,
    args: [input],
    staticSummary: STATIC_SUMMARY,
    staticDetails: staticDetails(scheduleId),
  });
  return { workflowId, runId: handle.firstExecutionRunId };
}

/**
 * Waits until a run has ended, including the runs that it continues as.
 *
 * @throws `signal.reason` when `signal` is aborted; the run is not affected
 */
export async function waitForRun(
  client: Client,
  run: RunId,
  signal: AbortSignal = new AbortController().signal,
): Promise<RunOutcome> {
  const handle = client.workflow.getHandle(run.workflowId, run.runId);
  try {
    return completed(run, await client.withAbortSignal(signal, () => handle.result()));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof WorkflowFailedError) return await ended(client, run, error.cause);
    throw error;
  }
}

/** How a listed run ended; undefined: its history has just been removed. */
export async function readOutcome(client: Client, run: RunId): Promise<RunOutcome | undefined> {
  try {
    return await waitForRun(client, run);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

function completed(run: RunId, value: unknown): RunOutcome {
  const result = readRunResult(value);
  return result === undefined
    ? {
        kind: 'failed',
        type: 'UnreadableResult',
        message:
          `Run ${run.workflowId}: completed with a result that this version cannot read. ` +
          `See it in Temporal's Web UI, or use the version that the workers run.`,
        result: null,
      }
    : { kind: 'completed', result };
}

async function ended(client: Client, run: RunId, cause: Error | undefined): Promise<RunOutcome> {
  if (cause instanceof CancelledFailure) {
    const { memo } = await describeLast(client, run);
    return { kind: 'cancelled', result: readRunResult(memo?.[RESULT_MEMO]) ?? null };
  }
  if (cause instanceof TerminatedFailure) return { kind: 'terminated', message: cause.message };
  return toFailed(cause);
}

/** The run itself, or the latest of its id if it continued as new. */
async function describeLast(client: Client, run: RunId): Promise<WorkflowExecutionDescription> {
  const own = await client.workflow.getHandle(run.workflowId, run.runId).describe();
  return own.status.name === 'CONTINUED_AS_NEW'
    ? await client.workflow.getHandle(run.workflowId).describe()
    : own;
}

/** A failure's words, and its details, which hold the counts. */
function toFailed(cause: Error | undefined): Extract<RunOutcome, { kind: 'failed' }> {
  const failure = cause instanceof ActivityFailure ? cause.cause : cause;
  const own = failure instanceof ApplicationFailure ? failure : undefined;
  const name = failure instanceof TimeoutFailure ? 'Timeout' : failure?.name;
  return {
    kind: 'failed',
    type: own?.type ?? name ?? 'Unknown',
    message: failure?.message ?? 'The run failed without a message.',
    result: readRunResult(own?.details?.[0]) ?? null,
  };
}
