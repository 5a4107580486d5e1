import { ApplicationFailure, CancelledFailure, log, upsertMemo } from '@temporalio/workflow';
import { LOG_EVENT, RESULT_MEMO, type SessionCleanupResult } from '../src/contract.ts';
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
  const [failure] = run.failures;
  if (failure !== undefined) {
    log.error(LOG_EVENT.ran, { ...fields, outcome: 'failed', failure_type: failure.type });
    throw failureOf(run, result, failure);
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
    ...(run.uncounted.length > 0 ? { uncounted_targets: run.uncounted } : {}),
  };
}

/** One failure for the run: the first one's type, for alerts, and every target's advice, for people. */
function failureOf(
  run: CleanupRun,
  result: SessionCleanupResult,
  first: TargetFailure,
): ApplicationFailure {
  // What concerns one target names it; what concerns all of them, such as the login, is said once.
  const advice = new Set(run.failures.map(({ message }) => message));
  return ApplicationFailure.create({
    message: [...advice, deletedInWords(run, result)].join(' '),
    type: first.type,
    // The schedule starts the next run anyway, and the slices had their retries.
    nonRetryable: true,
    details: [result],
  });
}

function deletedInWords(run: CleanupRun, { deletedCount }: SessionCleanupResult): string {
  if (run.progress().dryRun) return 'Nothing was deleted: this was a dry run.';
  const unknown =
    run.uncounted.length > 0
      ? `, not counting the last slice of ${run.uncounted.join(', ')}, which the database could not tell`
      : '';
  return `${deletedCount === 0 ? 'No rows were' : `${deletedCount} rows were`} deleted before${unknown}.`;
}
