import {
  continueAsNew,
  defineQuery,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import {
  PROGRESS_QUERY,
  type RunProgress,
  type SessionCleanupInput,
  type SessionCleanupResult,
  type SliceRequest,
} from '../src/contract.ts';
import { CleanupRun, type CarriedRun } from './cleanup-run.ts';
import { concludeRun } from './conclusion.ts';
import { resolveCutoff } from './cutoff.ts';
import { describeRun } from './details.ts';
import { checkInput, isContinued, type CheckedInput } from './input.ts';
import { performSlice } from './slices.ts';
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
  /** When the first run of the chain began. Milliseconds since 1970. */
  readonly startedAt: number;
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
  const startedAt = carried?.startedAt ?? workflowInfo().startTime.getTime();
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

  for (let slices = 0; ; slices += 1) {
    show();
    // Only after a slice of its own, so that a run can never do nothing but continue itself. Before
    // any waiting, so that a run which stays paused for days does so with a short history.
    const isLong = slices > 0 && workflowInfo().continueAsNewSuggested;
    if (isLong && run.nextSlice() !== undefined) {
      const steered = { steering: steering.carry(), startedAt };
      await continueAsNew<typeof sessionCleanup>(input, { ...run.carry(), ...steered });
    }
    await steering.untilFree();
    const request = run.nextSlice();
    if (request === undefined) return concludeRun(run);
    const demanded = demand(request, steering, startedAt);
    run.record(await steering.interruptible(() => performSlice(demanded, steering.isRunCancelled)));
  }
}

/** Adds to a slice what operators and the run's time budget want of it. */
function demand(request: SliceRequest, { pace }: Steering, startedAt: number): SliceRequest {
  const elapsedSeconds = Math.round((Date.now() - startedAt) / 1_000);
  return {
    ...request,
    ...(pace === undefined ? {} : { pace }),
    ...(elapsedSeconds > 0 ? { elapsedSeconds } : {}),
  };
}

function beginRun({ targets, cutoff, dryRun }: CheckedInput): CleanupRun {
  const { startTime, typedSearchAttributes } = workflowInfo();
  const resolved = resolveCutoff({
    given: cutoff,
    scheduledStart: typedSearchAttributes.get(scheduledStartTime),
    workflowStart: startTime,
  });
  return CleanupRun.begin(resolved, dryRun, targets);
}
