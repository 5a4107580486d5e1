import { setTimeout as delay } from 'node:timers/promises';

import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { fromPayloadsAtIndex, optionalTsToDate } from '@temporalio/common';

import { PROGRESS_QUERY } from '../contract/names.ts';
import { isOpen } from './run.ts';
import { runProgress, sliceProgress } from './result.ts';
import type { RecordedRunProgress, RecordedSliceProgress } from './result.ts';

/** Progress of a running run. */
export interface RunSnapshot {
  /** Never decreases from one snapshot to the next. */
  readonly deletedCount: number;
  /** The current slice's last heartbeat; undefined between two slices. */
  readonly slice: RecordedSliceProgress | undefined;
  /** Why the current slice is retried; undefined on its first attempt. */
  readonly retry: { readonly attempt: number; readonly reason: string } | undefined;
  /** Since when it has waited for a worker; undefined for the first seconds. */
  readonly waitsSince: Date | undefined;
}

/** Time between two polls. Milliseconds. */
const POLL_EVERY = 250;
/** A query costs the worker a workflow task; heartbeats come at most once a second. Milliseconds. */
const QUERY_EVERY = 1_000;
/** A worker answers within milliseconds; without one, a query would wait. Milliseconds. */
const QUERY_TIMEOUT = 2_000;
/** A worker takes a task within milliseconds; after this time there is none. Milliseconds. */
const WORKER_EXPECTED_WITHIN = 2_000;

type RawDescription = WorkflowExecutionDescription['raw'];

/** The API's PENDING_ACTIVITY_STATE_SCHEDULED: no worker has taken the attempt. */
const ACTIVITY_SCHEDULED: ReadonlySet<number> = new Set([1]);

/**
 * Watches a run until it ends or `signal` is aborted, without adding to its history. Counts of completed
 * slices come from the query `progress`, those of the current slice from its heartbeats.
 */
export async function* watchRun(
  client: Client,
  workflowId: string,
  signal: AbortSignal,
): AsyncGenerator<RunSnapshot, void, void> {
  const handle = client.workflow.getHandle(workflowId);
  let completed: RecordedRunProgress | undefined;
  let queryAt = 0;
  const query = async (): Promise<void> => {
    completed = (await queryProgress(client, workflowId, undefined, signal)) ?? completed;
    queryAt = Date.now() + QUERY_EVERY;
  };
  let deletedCount = 0;
  while (!signal.aborted) {
    if (Date.now() >= queryAt) {
      queryAt = Infinity;
      // In the background: a worker that is slow to answer does not hold up the heartbeats.
      void query();
    }
    // Read before the description, so that a slice that ends in between is never counted twice.
    const slices = completed;
    const description = await handle.describe();
    if (!isOpen(description.status)) return;
    const known = await readDescription(client, description);
    deletedCount = Math.max(
      deletedCount,
      (slices?.deletedCount ?? 0) + (known.slice?.deletedCount ?? 0),
    );
    yield { deletedCount, ...known };
    await delay(POLL_EVERY, undefined, { signal }).catch(() => undefined);
  }
}

/**
 * A run's answer to the query `progress`; undefined: no worker answered in time, `signal` was aborted, or
 * the run has just ended.
 */
export async function queryProgress(
  client: Client,
  workflowId: string,
  runId?: string,
  signal?: AbortSignal,
): Promise<RecordedRunProgress | undefined> {
  const timeout = AbortSignal.timeout(QUERY_TIMEOUT);
  try {
    const answer: unknown = await client.withAbortSignal(
      signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      () => client.workflow.getHandle(workflowId, runId).query(PROGRESS_QUERY),
    );
    return runProgress.safeParse(answer).data;
  } catch {
    return undefined;
  }
}

/** What Temporal knows of a run without a worker: its pending activity and the last heartbeat. */
export async function readDescription(
  client: Client,
  { raw }: WorkflowExecutionDescription,
): Promise<Omit<RunSnapshot, 'deletedCount'>> {
  const activity = raw.pendingActivities?.[0];
  const heartbeat: unknown = fromPayloadsAtIndex(
    client.options.loadedDataConverter.payloadConverter,
    0,
    activity?.heartbeatDetails?.payloads,
  );
  const reason = activity?.lastFailure?.message;
  return {
    waitsSince: waitingSince(raw.pendingWorkflowTask, activity),
    slice: sliceProgress.safeParse(heartbeat).data,
    retry: reason == null ? undefined : { attempt: activity?.attempt ?? 1, reason },
  };
}

/** Since when a task has waited for a worker; undefined for the first seconds. */
function waitingSince(
  task: RawDescription['pendingWorkflowTask'],
  activity: NonNullable<RawDescription['pendingActivities']>[number] | undefined,
): Date | undefined {
  const taskAt =
    task?.startedTime == null ? optionalTsToDate(task?.originalScheduledTime) : undefined;
  // During back-off, the scheduled time lies in the future.
  const activityAt = ACTIVITY_SCHEDULED.has(activity?.state ?? 0)
    ? optionalTsToDate(activity?.scheduledTime)
    : undefined;
  const since = taskAt ?? activityAt;
  return since !== undefined && Date.now() - since.getTime() > WORKER_EXPECTED_WITHIN
    ? since
    : undefined;
}
