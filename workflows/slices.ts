import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  TemporalFailure,
  TimeoutFailure,
} from '@temporalio/workflow';
import { RETRYABLE_FAILURE, TIMEOUT_FAILURE } from '../src/contract/failures.ts';
import type { CleanupActivities, RunPlan } from '../src/contract/run.ts';
import type { SettledSlice, SliceFailureDetails, SliceRequest } from '../src/contract/slice.ts';
import type { SliceEnd, TargetFailure } from './slice-end.ts';

const { deleteExpiredSessions } = proxyActivities<CleanupActivities>({
  // One attempt at one slice. A slice ends by itself once its time is spent (10 minutes at most) and
  // the chunk in hand is done, so this is only met by an attempt that goes wrong unnoticed.
  startToCloseTimeout: '15 minutes',
  // A slice with all its attempts. A database that is down for a night must not fail the run; one
  // that is down for a day has somebody's attention, and the next run takes up what is left.
  scheduleToCloseTimeout: '24 hours',
  // A worker that died is noticed after this time. It heartbeats after each chunk of about 20 ms.
  heartbeatTimeout: '10 seconds',
  // The default is TRY_CANCEL, which would end the run while the activity goes on deleting, and lose
  // its count.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  // By time, not by number: a worker's restart uses up an attempt, and is nobody's fault.
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '60 seconds' },
});

// Local: these need no free activity slot, which slices may hold for minutes, and a run without trouble has one
// activity in its history. Bounded, since a cancelled run should end soon.
const { planRun, settleSlice } = proxyLocalActivities<CleanupActivities>({
  startToCloseTimeout: '20 seconds',
  scheduleToCloseTimeout: '60 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 seconds' },
});

/**
 * Asks the configuration which targets the run cleans.
 *
 * @throws ApplicationFailure `UnknownTarget` when the input names one that is not configured
 */
export async function askPlan(targets: readonly string[] | undefined): Promise<RunPlan> {
  return await planRun(targets === undefined ? {} : { targets });
}

/**
 * Has one slice done by the activity, however often it must be tried, and tells how it ended. Throws
 * nothing: a slice that fails ends its target, and the run goes on with the others.
 *
 * The slice works in the current cancellation scope; cancelling that scope interrupts the slice after its chunk in
 * hand.
 */
export async function performSlice(request: SliceRequest): Promise<SliceEnd> {
  try {
    const options = { summary: summarize(request) };
    const result = await deleteExpiredSessions.executeWithOptions(options, [request]);
    return { kind: 'completed', result };
  } catch (error) {
    if (isCancellation(error) || isUnrepeated(error)) return { kind: 'interrupted' };
    return { kind: 'failed', failure: explain(error, request), details: detailsOf(error) };
  }
}

/** Whether only the interruption kept the server from trying a failed attempt again. */
function isUnrepeated(error: unknown): boolean {
  if (!(error instanceof ActivityFailure) || error.retryState !== 'CANCEL_REQUESTED') return false;
  return !(error.cause instanceof ApplicationFailure && error.cause.nonRetryable === true);
}

/**
 * Asks the ledger for the count of a slice without a result; from here on none of its attempts can delete any more.
 * Undefined when the database does not answer.
 */
export async function askLedger(target: string, slice: number): Promise<SettledSlice | undefined> {
  try {
    // Out of reach of the cancellation that may be the very reason for asking.
    return await CancellationScope.nonCancellable(() => settleSlice({ target, slice }));
  } catch (error) {
    if (error instanceof TemporalFailure) return undefined;
    throw error;
  }
}

/** One line for the Web UI's list of events. The first slice of a target chooses the way. */
function summarize({ target, slice, cutoff, dryRun, resumeFrom }: SliceRequest): string {
  const way = resumeFrom?.way ?? 'sweep or drain';
  return `${target}, slice ${slice + 1}, ${dryRun === true ? 'dry run' : way}: expired by ${cutoff}`;
}

/** What the last attempt said of its slice when it failed, read from the ledger at that moment. */
function detailsOf(error: unknown): SliceFailureDetails | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  const details: unknown = cause instanceof ApplicationFailure ? cause.details?.[0] : undefined;
  return isSliceFailureDetails(details) ? details : undefined;
}

function isSliceFailureDetails(value: unknown): value is SliceFailureDetails {
  return (
    typeof value === 'object' &&
    value !== null &&
    'target' in value &&
    typeof value.target === 'string'
  );
}

/** What failed before there was a slice. */
export function explainPlan(error: unknown): TargetFailure {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  return cause instanceof ApplicationFailure
    ? { type: cause.type ?? RETRYABLE_FAILURE.unexpected, message: cause.message }
    : {
        type: TIMEOUT_FAILURE,
        message:
          'No worker answered which targets are configured. See its log, and start the run again.',
      };
}

function explain(error: unknown, request: SliceRequest): TargetFailure {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) {
    return { type: cause.type ?? RETRYABLE_FAILURE.unexpected, message: cause.message };
  }
  if (cause instanceof TimeoutFailure) {
    const last =
      cause.cause instanceof ApplicationFailure ? ` Last failure: ${cause.cause.message}` : '';
    return {
      type: TIMEOUT_FAILURE,
      message:
        `No attempt at this came to an end within 24 hours: ${summarize(request)}. See that a ` +
        `worker is running and reaches the database; the next run takes up what is left.${last}`,
    };
  }
  return {
    type: RETRYABLE_FAILURE.unexpected,
    message: `This ended in a way that is not known: ${summarize(request)}. See its events.`,
  };
}
