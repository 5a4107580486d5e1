import {
  continueAsNew,
  defineQuery,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { PROGRESS_QUERY } from '../src/contract/names.ts';
import type {
  RunProgress,
  SessionCleanupInput,
  SessionCleanupResult,
} from '../src/contract/run.ts';
import { CleanupRun, type CarriedRun } from './cleanup-run.ts';
import { concludeRun } from './conclusion.ts';
import { resolveCutoff } from './cutoff.ts';
import { describeRun } from './details.ts';
import { checkInput, isContinued, type CheckedInput } from './input.ts';
import { askLedger, askPlan, explainPlan, performSlice } from './slices.ts';
import { Steering, type CarriedSteering } from './steering.ts';

const progressQuery = defineQuery<RunProgress>(PROGRESS_QUERY);

/** The slot that a schedule started the run for; the server sets it on scheduled, triggered and backfilled runs. */
const scheduledStartTime = defineSearchAttributeKey(
  'TemporalScheduledStartTime',
  SearchAttributeType.DATETIME,
);

/** What a run hands on when it is continued as new. */
interface Carried extends CarriedRun {
  readonly steering: CarriedSteering;
}

/**
 * Removes the sessions that have expired: takes the cut-off once, then has each target cleaned,
 * slice by slice, and returns what was deleted.
 *
 * @param input - may be left out, or be null: then all configured targets are cleaned
 * @param carried - what a run that was continued as new hands on; never given by people
 * @throws ApplicationFailure when the input is refused, or when a target failed (after all the
 *   others have been cleaned); its details then hold the {@link SessionCleanupResult}
 * @throws CancelledFailure when the run was cancelled; its memo then holds the result
 */
export async function sessionCleanup(
  input?: SessionCleanupInput | null,
  carried?: Carried | null,
): Promise<SessionCleanupResult> {
  const checked = checkInput(input);
  const run = isContinued(carried, workflowInfo().continuedFromExecutionRunId)
    ? CleanupRun.resume(carried)
    : beginRun(checked);
  const steering = new Steering(run, carried?.steering);
  const progress = (): RunProgress => ({
    ...run.progress(),
    ...(steering.paused === undefined ? {} : { paused: steering.paused }),
    ...(steering.pace === undefined ? {} : { pace: steering.pace }),
  });
  setHandler(progressQuery, progress, {
    description: 'What this run has done so far: per target the state, rows deleted and skipped.',
  });
  const show = (): void => setCurrentDetails(describeRun(progress(), run.failures));
  // Last, since what has come before its handler, as after a reset, is handled right here.
  steering.listen(show);

  if (!run.isPlanned) await plan(run, checked, steering);
  for (let hasDoneSlice = false; ;) {
    const circumstances = {
      isPaused: steering.paused !== undefined,
      isCancelled: steering.isRunCancelled(),
      // Only after a slice of its own, so that a run can never do nothing but continue itself.
      isLong: hasDoneSlice && workflowInfo().continueAsNewSuggested,
      now: Date.now(),
    };
    const step = run.next(circumstances);
    show();
    switch (step.kind) {
      case 'slice': {
        const { pace } = steering;
        const request = pace === undefined ? step.request : { ...step.request, pace };
        run.record(await steering.interruptible(() => performSlice(request)));
        hasDoneSlice = true;
        break;
      }
      case 'settle':
        run.settle(step.target, await askLedger(step.target, step.slice));
        break;
      case 'wait':
        if (!(await steering.untilChanged(step.until))) run.stopWaiting();
        break;
      case 'continue-as-new':
        await continueAsNew<typeof sessionCleanup>(input, {
          ...run.carry(),
          steering: steering.carry(),
        });
        break;
      case 'end':
        return concludeRun(run);
    }
  }
}

/** Learns from the worker's configuration what the run has to do; from then on no other worker's matters. */
async function plan(run: CleanupRun, { targets }: CheckedInput, steering: Steering): Promise<void> {
  try {
    run.follow(await askPlan(targets));
  } catch (error) {
    if (steering.isRunCancelled()) return run.follow({ targets: targets ?? [] });
    run.failAll(targets ?? [], explainPlan(error));
  }
}

function beginRun({ cutoff, dryRun }: CheckedInput): CleanupRun {
  const { startTime, typedSearchAttributes } = workflowInfo();
  const resolved = resolveCutoff({
    given: cutoff,
    scheduledStart: typedSearchAttributes.get(scheduledStartTime),
    workflowStart: startTime,
  });
  return CleanupRun.begin(resolved, dryRun);
}
