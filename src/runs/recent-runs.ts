import { defineSearchAttributeKey } from '@temporalio/common';
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';

import { queryProgress } from './progress.ts';
import type { RecordedRunProgress } from './result.ts';
import {
  isOpen,
  isPausedByTemporal,
  pauseReason,
  readOutcome,
  runQuery,
  type RunOutcome,
} from './run.ts';

/** A recent run, started by the schedule or by an operator; JSON. */
export interface RecentRun {
  readonly workflowId: string;
  readonly runId: string;
  readonly state: 'running' | RunOutcome['kind'];
  /** ISO 8601. */
  readonly startedAt: string;
  /** Null while it is running. */
  readonly seconds: number | null;
  /** The slot that it was started for; null when no schedule started it. */
  readonly scheduledAt: string | null;
  /** False also if unknown: for a terminated run, and a running one without a worker. */
  readonly dryRun: boolean;
  /** Null while it is running, and if unknown. */
  readonly deletedCount: number | null;
  readonly skippedLocked: number | null;
  /** Why it failed or was terminated; null otherwise. */
  readonly failure: string | null;
  /** Why it is paused, empty without a reason; null if it is not paused, or no worker answers. */
  readonly paused: string | null;
  /** True: it is Temporal that has paused it, which only Temporal's own command ends. */
  readonly pausedByTemporal: boolean;
  /** What it would delete once it is approved; empty if it does not wait for approval. */
  readonly awaiting: readonly {
    readonly target: string;
    readonly expiredRows: number;
    readonly totalRows: number;
  }[];
}

const SCHEDULED_START = defineSearchAttributeKey('TemporalScheduledStartTime', 'DATETIME');

/** The last runs on a task queue (without one: on all), newest first. The list may lag by a second. */
export async function listRecentRuns(
  client: Client,
  limit: number,
  taskQueue?: string,
): Promise<readonly RecentRun[]> {
  // A run that continued as new carries its totals over.
  return await listRuns(client, limit, runQuery(taskQueue, "ExecutionStatus != 'ContinuedAsNew'"));
}

/** Most running runs that are read: those of a large backfill. */
const MOST_RUNNING = 20;

/** The runs that are running on a task queue, newest first. */
export async function listRunningRuns(
  client: Client,
  taskQueue: string,
): Promise<readonly RecentRun[]> {
  return await listRuns(client, MOST_RUNNING, runQuery(taskQueue, "ExecutionStatus = 'Running'"));
}

async function listRuns(
  client: Client,
  limit: number,
  query: string,
): Promise<readonly RecentRun[]> {
  const infos: WorkflowExecutionInfo[] = [];
  for await (const info of client.workflow.list({ query, pageSize: limit })) {
    infos.push(info);
    if (infos.length === limit) break;
  }
  const runs = await Promise.all(infos.map((info) => toRecentRun(client, info)));
  return runs.filter((run) => run !== undefined);
}

async function toRecentRun(
  client: Client,
  info: WorkflowExecutionInfo,
): Promise<RecentRun | undefined> {
  const { workflowId, runId, status } = info;
  if (isPausedByTemporal(status)) {
    const description = await client.workflow.getHandle(workflowId, runId).describe();
    const paused = pauseReason(description);
    return { ...summarize(info, undefined, undefined), paused, pausedByTemporal: true };
  }
  if (isOpen(status)) {
    return summarize(info, undefined, await queryProgress(client, workflowId, runId));
  }
  const outcome = await readOutcome(client, info);
  return outcome === undefined ? undefined : summarize(info, outcome, undefined);
}

function summarize(
  info: WorkflowExecutionInfo,
  outcome: RunOutcome | undefined,
  progress: RecordedRunProgress | undefined,
): RecentRun {
  const { workflowId, runId, startTime, closeTime } = info;
  const result = outcome !== undefined && 'result' in outcome ? outcome.result : undefined;
  return {
    workflowId,
    runId,
    state: outcome?.kind ?? 'running',
    startedAt: startTime.toISOString(),
    seconds: closeTime === undefined ? null : (closeTime.getTime() - startTime.getTime()) / 1_000,
    scheduledAt: info.typedSearchAttributes.get(SCHEDULED_START)?.toISOString() ?? null,
    dryRun: result?.dryRun ?? progress?.dryRun ?? false,
    deletedCount: result?.deletedCount ?? null,
    skippedLocked: result?.skippedLocked ?? null,
    failure: outcome !== undefined && 'message' in outcome ? outcome.message : null,
    paused: progress?.paused === undefined ? null : (progress.paused.reason ?? ''),
    pausedByTemporal: false,
    awaiting: (progress?.targets ?? []).flatMap(({ target, awaiting }) =>
      awaiting === undefined ? [] : [{ target, ...awaiting }],
    ),
  };
}
