import type { Client, WorkflowExecutionInfo } from '@temporalio/client';

import type { RecordedTarget } from './result.ts';
import { readOutcome, runQuery, type RunOutcome } from './run.ts';

/** How current the clean-up of one target is; JSON. */
export interface TargetSuccess {
  readonly target: string;
  /** The run that cleaned it up to the latest cut-off; null when none is known. */
  readonly success: {
    /** Null where only the ledger remembers it. */
    readonly workflowId: string | null;
    /** What had expired by then has been deleted; ISO 8601. */
    readonly cutoff: string;
    /** ISO 8601. */
    readonly endedAt: string;
  } | null;
  /** The newest run that ended after that success without cleaning the target, and why. */
  readonly passedOver: { readonly workflowId: string; readonly reason: string } | null;
}

/** Which successes to search for. */
export interface SuccessSearch {
  readonly taskQueue: string;
  /** Names of the configured targets. */
  readonly targets: readonly string[];
  /** Few runs that ended before this instant are read; undefined: all that Temporal retains. */
  readonly since?: Date | undefined;
}

/** Most ended runs that are read. */
const MOST_READ = 200;

/** Most of them that ended before `since`: they only show how old the last success is. */
const MOST_READ_BEFORE = 20;

const ENDED = "ExecutionStatus IN ('Completed', 'Failed', 'Canceled', 'Terminated', 'TimedOut')";

/**
 * For each target, the run that cleaned it up to the latest cut-off, however the run ended. A schedule
 * can look healthy and start nothing, and a run can complete without cleaning a target.
 */
export async function findLastSuccesses(
  client: Client,
  { taskQueue, targets, since }: SuccessSearch,
): Promise<readonly TargetSuccess[]> {
  const found = new Map<string, TargetSuccess>(
    targets.map((target) => [target, { target, success: null, passedOver: null }]),
  );
  let read = 0;
  let readBefore = 0;
  for await (const info of client.workflow.list({ query: runQuery(taskQueue, ENDED) })) {
    // A cut-off is never later than the run's end, so an older run cannot have a later one.
    const endedAt = info.closeTime ?? info.startTime;
    const isDone = [...found.values()].every(
      ({ success }) => success !== null && endedAt <= new Date(success.cutoff),
    );
    if (since !== undefined && endedAt < since) readBefore += 1;
    if (isDone || read === MOST_READ || readBefore > MOST_READ_BEFORE) break;
    read += 1;
    const outcome = await readOutcome(client, info);
    if (outcome !== undefined) note(found, info, outcome);
  }
  return [...found.values()];
}

/** What the ledger says of a target; the names and times of `CleanTarget`. */
interface LedgerSuccess {
  readonly target: string;
  readonly deadline: string;
  readonly settledAt: string;
}

/** The successes with those of the ledger where these are later: Temporal may have forgotten the run. */
export function withLedger(
  successes: readonly TargetSuccess[],
  inLedger: readonly LedgerSuccess[],
  targets: readonly { readonly name: string; readonly graceSeconds: number }[],
): readonly TargetSuccess[] {
  return successes.map((known) => {
    const { target, success } = known;
    const found = inLedger.find((entry) => entry.target === target);
    const { graceSeconds = 0 } = targets.find(({ name }) => name === target) ?? {};
    // The deadline is rounded down to milliseconds, and so is never later than what was cleaned.
    const cutoff = Date.parse(found?.deadline ?? '') + graceSeconds * 1_000;
    const isLater = success === null || cutoff > Date.parse(success.cutoff);
    if (found === undefined || !Number.isFinite(cutoff) || !isLater) return known;
    const { settledAt } = found;
    const cleaned = {
      workflowId: null,
      cutoff: new Date(cutoff).toISOString(),
      endedAt: settledAt,
    };
    return { ...known, success: cleaned };
  });
}

/** Notes for each target whether a run, older than those before it, is a success. */
function note(
  found: Map<string, TargetSuccess>,
  { workflowId, startTime, closeTime = startTime }: WorkflowExecutionInfo,
  outcome: RunOutcome,
): void {
  const result = 'result' in outcome ? (outcome.result ?? undefined) : undefined;
  for (const known of found.values()) {
    const target = result?.targets.find((candidate) => candidate.target === known.target);
    const reason = result?.dryRun === true ? 'it was a dry run' : whyNot(outcome, target);
    if (reason !== undefined) {
      if (known.success === null && known.passedOver === null) {
        found.set(known.target, { ...known, passedOver: { workflowId, reason } });
      }
      continue;
    }
    const cutoff = result?.cutoff ?? '';
    if (known.success !== null && new Date(known.success.cutoff) >= new Date(cutoff)) continue;
    const endedAt = closeTime.toISOString();
    found.set(known.target, { ...known, success: { workflowId, cutoff, endedAt } });
  }
}

/** Why a run does not count as a success for a target; undefined when it does. */
function whyNot(outcome: RunOutcome, target: RecordedTarget | undefined): string | undefined {
  if (target === undefined || (target.stopped === 'failed' && outcome.kind === 'failed')) {
    switch (outcome.kind) {
      case 'completed':
        return 'it did not clean this target';
      case 'cancelled':
      case 'terminated':
        return `it was ${outcome.kind} before it had cleaned this target`;
      case 'failed':
        return `it failed (${outcome.type}): ${outcome.message}`;
    }
  }
  if (target.stopped === 'drained') return undefined;
  if (target.stopped !== 'budget') return `this target ended with: ${target.stopped}`;
  return target.deletedCount > 0 ? undefined : 'its time budget was spent and nothing was deleted';
}
