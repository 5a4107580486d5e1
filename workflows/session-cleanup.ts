import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import {
  ApplicationFailure,
  CancelledFailure,
  continueAsNew,
  defineQuery,
  log,
  setCurrentDetails,
  setHandler,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import { FAILURE } from '../src/contract/failures.ts';
import { LOG_EVENT, PROGRESS_QUERY, RESULT_MEMO } from '../src/contract/names.ts';
import type {
  RunProgress,
  SessionCleanupInput,
  SessionCleanupResult,
  TargetResult,
} from '../src/contract/run.ts';
import { CleanupRun, type CarriedRun } from './cleanup-run.ts';
import { describeRun } from './details.ts';
import { checkInput, isContinued, resolveCutoff } from './input.ts';
import { RunControl, type CarriedControl } from './run-control.ts';
import { countEnd, countFailure } from './run-metrics.ts';
import { requestPlan, runSlice, settle, type TargetFailure } from './slices.ts';
import { totalDependents } from './target-state.ts';

const progressQuery = defineQuery<RunProgress>(PROGRESS_QUERY);

/** The server sets it on scheduled, triggered and backfilled runs. */
const scheduledStartTime = defineSearchAttributeKey(
  'TemporalScheduledStartTime',
  SearchAttributeType.DATETIME,
);

/** What continue-as-new carries over. */
interface Carried extends CarriedRun {
  readonly control: CarriedControl;
}

/**
 * Deletes expired sessions: determines the cut-off once, has each target cleaned slice by slice, and returns
 * what was deleted.
 *
 * @param input - may be left out, or null: then all configured targets are cleaned
 * @param carried - set by continue-as-new only
 * @throws ApplicationFailure when the input is refused, or when a target failed (after all others have been
 *   cleaned); its details then hold the {@link SessionCleanupResult}
 * @throws CancelledFailure when the run was cancelled; its memo then holds the result
 */
export async function sessionCleanup(
  input?: SessionCleanupInput | null,
  carried?: Carried | null,
): Promise<SessionCleanupResult> {
  const { run, targets } = begin(input, carried);
  const control = new RunControl(run, carried?.control);
  const progress = (): RunProgress => ({ ...run.progress(), ...control.requested });
  setHandler(progressQuery, progress, {
    description: 'What this run has done so far: per target the state, rows deleted and skipped.',
  });
  const show = (): void => setCurrentDetails(describeRun(progress(), run.failures));
  // Last, since messages that came before their handler, as after a reset, are handled right here.
  control.listen(show);

  if (!run.isPlanned) await plan(run, targets, control);
  for (let hasDoneSlice = false; ;) {
    const step = run.next({
      isPaused: control.requested.paused !== undefined,
      isCancelled: control.isRunCancelled(),
      // Only after a slice of its own, so that a run cannot do nothing but continue itself.
      isLong: hasDoneSlice && workflowInfo().continueAsNewSuggested,
      now: Date.now(),
    });
    show();
    switch (step.kind) {
      case 'slice': {
        const request = { ...step.request, pace: control.requested.pace };
        run.record(await control.interruptible(() => runSlice(request)));
        hasDoneSlice = true;
        break;
      }
      case 'settle':
        run.settle(step.target, await settle(step.target, step.slice));
        break;
      case 'wait':
        if (!(await control.untilChanged(step.until))) run.stopWaiting();
        break;
      case 'continue-as-new':
        await continueAsNew<typeof sessionCleanup>(input, {
          ...run.carry(),
          control: control.requested,
        });
        break;
      case 'end':
        return conclude(run);
    }
  }
}

/** @throws ApplicationFailure when the input is refused, and counts it */
function begin(
  input: SessionCleanupInput | null | undefined,
  carried: Carried | null | undefined,
): { readonly run: CleanupRun; readonly targets: readonly string[] | undefined } {
  try {
    const { targets, cutoff, dryRun = false } = checkInput(input);
    const continued = isContinued(carried, workflowInfo().continuedFromExecutionRunId);
    const run = new CleanupRun(continued ? carried : { cutoff: cutoffOf(cutoff), dryRun });
    return { run, targets };
  } catch (error) {
    if (error instanceof ApplicationFailure) {
      countEnd('failed');
      countFailure(error.type ?? FAILURE.invalidInput);
    }
    throw error;
  }
}

function cutoffOf(given: string | undefined): string {
  const { startTime, typedSearchAttributes } = workflowInfo();
  const scheduledStart = typedSearchAttributes.get(scheduledStartTime);
  return resolveCutoff({ given, scheduledStart, workflowStart: startTime });
}

/** Asks one worker's configuration; its answer holds until the run's end, whichever workers follow. */
async function plan(
  run: CleanupRun,
  targets: readonly string[] | undefined,
  control: RunControl,
): Promise<void> {
  const answer = await requestPlan(targets);
  if ('targets' in answer) run.follow(answer);
  else if (control.isRunCancelled()) run.follow({ targets: targets ?? [] });
  else run.failAll(targets ?? [], answer);
}

/**
 * Logs what the run did, and returns its result.
 *
 * @throws CancelledFailure when the run was cancelled. Temporal keeps no result of such a run, so the memo
 *   gets it
 * @throws ApplicationFailure when a target failed, with the result as its details
 */
function conclude(run: CleanupRun): SessionCleanupResult {
  const result = run.result();
  const fields = logFieldsOf(result);
  if (run.isCancelled) {
    countEnd('cancelled');
    log.warn(LOG_EVENT.ran, { ...fields, outcome: 'cancelled' });
    upsertMemo({ [RESULT_MEMO]: result });
    throw new CancelledFailure(`Cancelled after deleting ${result.deletedCount} rows`);
  }
  const { failure } = run;
  if (failure !== undefined) {
    countEnd('failed');
    log.error(LOG_EVENT.ran, { ...fields, outcome: 'failed', failure_type: failure.type });
    throw failureOf(run, failure);
  }
  countEnd('completed');
  log.info(LOG_EVENT.ran, { ...fields, outcome: 'completed' });
  return result;
}

function logFieldsOf(result: SessionCleanupResult): Record<string, unknown> {
  const { cutoff, deletedCount, skippedLocked, targets, dryRun = false } = result;
  const dependentsDeleted = totalDependents(targets);
  const uncounted = targets.filter((target) => target.uncounted === true);
  const unapproved = targets.filter(({ stopped }) => stopped === 'unapproved');
  return {
    // A dry run deletes nothing, and sums over this field must not count it.
    deleted_count: dryRun ? 0 : deletedCount,
    cutoff_time: cutoff,
    skipped_locked: skippedLocked,
    ...(dependentsDeleted === undefined ? {} : { dependents_deleted: dependentsDeleted }),
    ...(dryRun ? { dry_run: true, would_delete_count: deletedCount } : {}),
    ...(uncounted.length > 0 ? { uncounted_targets: namesOf(uncounted) } : {}),
    ...(unapproved.length > 0 ? { unapproved_targets: namesOf(unapproved) } : {}),
  };
}

function namesOf(targets: readonly TargetResult[]): readonly string[] {
  return targets.map(({ target }) => target);
}

/** Most failures of targets in the run's message; the result has all of them. */
const LISTED_FAILURES = 5;

/** One failure for the run: the first target's type, for alerts, and every target's message, for people. */
function failureOf(run: CleanupRun, first: TargetFailure): ApplicationFailure {
  const result = run.result();
  // What concerns all targets, such as the login, is listed once.
  const messages = [...new Set([first, ...run.failures].map(({ message }) => message))];
  const more = messages.length - LISTED_FAILURES;
  return ApplicationFailure.create({
    message: [
      ...messages.slice(0, LISTED_FAILURES),
      ...(more > 0 ? [`${more} more failures are in "Current Details".`] : []),
      deletedText(result),
    ].join(' '),
    type: first.type,
    // The schedule starts the next run anyway, and the slices had their retries.
    nonRetryable: true,
    details: [result],
  });
}

function deletedText({ deletedCount, dryRun, targets }: SessionCleanupResult): string {
  if (dryRun === true) return 'Nothing was deleted: this was a dry run.';
  const rows = deletedCount === 0 ? 'No rows were' : `${deletedCount} rows were`;
  const uncounted = targets.filter((target) => target.uncounted === true);
  if (uncounted.length === 0) return `${rows} deleted before the failure.`;
  const names = namesOf(uncounted).join(', ');
  return (
    `${rows} deleted before the failure, at least: the database did not report what the last slice ` +
    `of ${names} deleted.`
  );
}
