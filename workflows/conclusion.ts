import { ApplicationFailure, CancelledFailure, log, upsertMemo } from '@temporalio/workflow';
import { LOG_EVENT, RESULT_MEMO } from '../src/contract/names.ts';
import type { SessionCleanupResult, TargetResult } from '../src/contract/run.ts';
import type { CleanupRun } from './cleanup-run.ts';
import type { TargetFailure } from './slice-end.ts';

/**
 * Ends the run: logs what it did, and returns its result.
 *
 * @throws CancelledFailure when the run was cancelled. Temporal keeps no result of such a run, so its
 *   memo gets it
 * @throws ApplicationFailure when a target failed, with the result as its details
 */
export function concludeRun(run: CleanupRun): SessionCleanupResult {
  const result = run.result();
  const fields = logFieldsOf(run, result);
  if (run.isCancelled) {
    log.warn(LOG_EVENT.ran, { ...fields, outcome: 'cancelled' });
    upsertMemo({ [RESULT_MEMO]: result });
    throw new CancelledFailure(`Cancelled after deleting ${result.deletedCount} rows`);
  }
  const { failure } = run;
  if (failure !== undefined) {
    log.error(LOG_EVENT.ran, { ...fields, outcome: 'failed', failure_type: failure.type });
    throw failureOf(run, failure);
  }
  log.info(LOG_EVENT.ran, { ...fields, outcome: 'completed' });
  return result;
}

function logFieldsOf(run: CleanupRun, result: SessionCleanupResult): Record<string, unknown> {
  const { dryRun } = run.progress();
  return {
    // A dry run deletes nothing, and whoever adds these numbers up must not count it.
    deleted_count: dryRun ? 0 : result.deletedCount,
    cutoff_time: result.cutoff,
    skipped_locked: result.skippedLocked,
    ...(dryRun ? { dry_run: true, would_delete_count: result.deletedCount } : {}),
    ...namesOf(result, 'uncounted_targets', ({ uncounted }) => uncounted === true),
    ...namesOf(result, 'unapproved_targets', ({ stopped }) => stopped === 'unapproved'),
  };
}

function namesOf(
  { targets }: SessionCleanupResult,
  field: string,
  isMeant: (target: TargetResult) => boolean,
): Record<string, unknown> {
  const names = targets.filter(isMeant).map(({ target }) => target);
  return names.length === 0 ? {} : { [field]: names };
}

/** So many targets' failures are spelled out; the details have all of them. */
const MOST_SPELLED_OUT = 5;

/** One failure for the run: the first one's type, for alerts, and every target's advice, for people. */
function failureOf(run: CleanupRun, first: TargetFailure): ApplicationFailure {
  const result = run.result();
  // What concerns one target names it; what concerns all of them, such as the login, is said once.
  const advice = [...new Set([first, ...run.failures].map(({ message }) => message))];
  const more = advice.length - MOST_SPELLED_OUT;
  return ApplicationFailure.create({
    message: [
      ...advice.slice(0, MOST_SPELLED_OUT),
      ...(more > 0 ? [`${more} more failures are in "Current Details".`] : []),
      deletedInWords(result),
    ].join(' '),
    type: first.type,
    // The schedule starts the next run anyway, and the slices had their retries.
    nonRetryable: true,
    details: [result],
  });
}

function deletedInWords({ deletedCount, dryRun, targets }: SessionCleanupResult): string {
  if (dryRun === true) return 'Nothing was deleted: this was a dry run.';
  const uncounted = targets.filter((target) => target.uncounted === true);
  const unknown =
    uncounted.length > 0
      ? `, at least: the database could not tell what the last slice of ${uncounted.map(({ target }) => target).join(', ')} deleted`
      : '';
  return `${deletedCount === 0 ? 'No rows were' : `${deletedCount} rows were`} deleted before${unknown}.`;
}
