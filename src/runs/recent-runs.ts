import { defineSearchAttributeKey } from '@temporalio/common';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';

import { runQuery } from './query.ts';
import { askStanding, type AwaitedApproval, type Standing } from './blocked-state.ts';
import { waitForRun } from './run.ts';
import type { RunOutcome } from './run.ts';

/** A run of the last days, whoever started it, in a form fit for JSON. */
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
  /** False also where nobody could tell: for a terminated run, and one that goes on without a worker. */
  readonly dryRun: boolean;
  /** Null while it is running, and where nobody could tell. */
  readonly deletedCount: number | null;
  readonly skippedLocked: number | null;
  /** Why it failed or was terminated; null otherwise. */
  readonly failure: string | null;
  /** Why it is paused, empty if nobody said; null while it is not, and without a worker that tells. */
  readonly paused: string | null;
  /** What it would delete once somebody approves; empty when it asks nothing. */
  readonly awaiting: readonly AwaitedApproval[];
}

const SCHEDULED_START = defineSearchAttributeKey('TemporalScheduledStartTime', 'DATETIME');

/**
 * The last runs on a task queue (without one: on all), newest first. The server's list may lag behind
 * by a second.
 */
export async function listRecentRuns(
  client: Client,
  limit: number,
  taskQueue?: string,
): Promise<readonly RecentRun[]> {
  // A run that was continued as a new one goes on there, with its totals.
  const query = runQuery(taskQueue, "ExecutionStatus != 'ContinuedAsNew'");
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
  try {
    const run = { workflowId: info.workflowId, runId: info.runId };
    const isRunning = info.status.name === 'RUNNING';
    const outcome = isRunning ? undefined : await waitForRun(client, run);
    const standing = isRunning ? await askStanding(client, run) : undefined;
    return summarize(info, outcome, standing);
  } catch (error) {
    // Listed still, but its history has just been removed.
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

function summarize(
  info: WorkflowExecutionInfo,
  outcome: RunOutcome | undefined,
  standing: Standing | undefined,
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
    dryRun: result?.dryRun ?? standing?.dryRun ?? false,
    deletedCount: result?.deletedCount ?? null,
    skippedLocked: result?.skippedLocked ?? null,
    failure: outcome !== undefined && 'message' in outcome ? outcome.message : null,
    paused: standing?.paused ?? null,
    awaiting: standing?.awaiting ?? [],
  };
}
