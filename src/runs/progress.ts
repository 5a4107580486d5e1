import { setTimeout as delay } from 'node:timers/promises';

import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { fromPayloadsAtIndex, optionalTsToDate } from '@temporalio/common';

import { PROGRESS_QUERY } from '../contract/names.ts';
import { readRunTotals, readSliceProgress } from './result.ts';
import type { RecordedProgress, RunTotals } from './result.ts';

/** What is known of a run that is going on. Counts never go back from one snapshot to the next. */
export interface RunSnapshot {
  readonly deletedCount: number;
  readonly skippedLocked: number;
  /** What the slice in hand told last; undefined between two slices. */
  readonly slice?: RecordedProgress;
  /** Why the slice in hand is being tried again; undefined on its first attempt. */
  readonly retry?: { readonly attempt: number; readonly reason: string };
  /** Since when it has waited for a worker, once that takes some seconds. */
  readonly waitsSince?: Date;
}

/** Time between two looks. Milliseconds. */
const LOOK_EVERY = 250;
/** A query costs the worker a workflow task; a heartbeat comes at most once a second anyway. */
const QUERY_EVERY = 1_000;
/** A query is answered by a worker; without one it would wait for a long time. */
const QUERY_TIMEOUT = 2_000;
/** A worker takes a task within milliseconds; after this time there is none. */
const WORKER_EXPECTED_WITHIN = 2_000;

type RawDescription = WorkflowExecutionDescription['raw'];

/** The API's PENDING_ACTIVITY_STATE_SCHEDULED: no worker has taken the attempt. */
const ACTIVITY_SCHEDULED: ReadonlySet<number> = new Set([1]);

/**
 * Watches a run until it ends or `signal` is aborted. What completed slices did comes from the query
 * `progress`, what the one in hand did from its heartbeats; each is only asked for, so watching
 * changes nothing about the run.
 */
export async function* watchRun(
  client: Client,
  workflowId: string,
  signal: AbortSignal,
): AsyncGenerator<RunSnapshot, void, void> {
  const handle = client.workflow.getHandle(workflowId);
  const completed = new CompletedSlices(client, workflowId, signal);
  let deletedCount = 0;
  let skippedLocked = 0;
  while (!signal.aborted) {
    // Asked before the description, so that a slice that ends meanwhile is never counted twice.
    const slices = completed.latest();
    const description = await handle.describe();
    if (description.status.name !== 'RUNNING') return;
    const { slice, ...rest } = await readDescription(client, description);
    deletedCount = Math.max(deletedCount, (slices?.deletedCount ?? 0) + (slice?.deletedCount ?? 0));
    skippedLocked = Math.max(
      skippedLocked,
      (slices?.skippedLocked ?? 0) + (slice?.skippedLocked ?? 0),
    );
    yield { deletedCount, skippedLocked, ...(slice === undefined ? {} : { slice }), ...rest };
    await delay(LOOK_EVERY, undefined, { signal }).catch(() => undefined);
  }
}

/** Keeps the latest answer to the query, without anybody waiting for it. */
class CompletedSlices {
  readonly #client: Client;
  readonly #workflowId: string;
  readonly #signal: AbortSignal;
  #latest: RunTotals | undefined;
  #askAgainAt = 0;

  constructor(client: Client, workflowId: string, signal: AbortSignal) {
    this.#client = client;
    this.#workflowId = workflowId;
    this.#signal = signal;
  }

  latest(): RunTotals | undefined {
    if (Date.now() >= this.#askAgainAt) {
      this.#askAgainAt = Infinity;
      void this.#ask().finally(() => {
        this.#askAgainAt = Date.now() + QUERY_EVERY;
      });
    }
    return this.#latest;
  }

  async #ask(): Promise<void> {
    try {
      const handle = this.#client.workflow.getHandle(this.#workflowId);
      const answer: unknown = await this.#client.withAbortSignal(
        AbortSignal.any([this.#signal, AbortSignal.timeout(QUERY_TIMEOUT)]),
        () => handle.query(PROGRESS_QUERY),
      );
      this.#latest = readRunTotals(answer) ?? this.#latest;
    } catch {
      // No worker, or the run has just ended: the heartbeats and the result tell the rest.
    }
  }
}

/** What Temporal itself knows of a run, without a worker: its pending activity and the last heartbeat. */
export async function readDescription(
  client: Client,
  { raw }: WorkflowExecutionDescription,
): Promise<Omit<RunSnapshot, 'deletedCount' | 'skippedLocked'>> {
  const activity = raw.pendingActivities?.[0];
  const waitsSince = waitingSince(raw.pendingWorkflowTask, activity);
  const waiting = waitsSince === undefined ? {} : { waitsSince };
  if (activity === undefined) return waiting;
  const slice = readSliceProgress(
    fromPayloadsAtIndex<unknown>(
      client.options.loadedDataConverter.payloadConverter,
      0,
      activity.heartbeatDetails?.payloads,
    ),
  );
  const reason = activity.lastFailure?.message;
  return {
    ...waiting,
    ...(slice === undefined ? {} : { slice }),
    ...(reason === undefined || reason === null
      ? {}
      : { retry: { attempt: activity.attempt ?? 1, reason } }),
  };
}

/** Since when a task has been ready that no worker has taken; undefined while that is not long. */
function waitingSince(
  task: RawDescription['pendingWorkflowTask'],
  activity: NonNullable<RawDescription['pendingActivities']>[number] | undefined,
): Date | undefined {
  const taskAt =
    task?.startedTime == null ? optionalTsToDate(task?.originalScheduledTime) : undefined;
  // While an attempt waits for its back-off to pass, its time lies ahead.
  const activityAt = ACTIVITY_SCHEDULED.has(activity?.state ?? 0)
    ? optionalTsToDate(activity?.scheduledTime)
    : undefined;
  const since = taskAt ?? activityAt;
  return since !== undefined && Date.now() - since.getTime() > WORKER_EXPECTED_WITHIN
    ? since
    : undefined;
}
