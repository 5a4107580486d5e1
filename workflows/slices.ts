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
import type {
  SettledSlice,
  SliceFailureDetails,
  SliceRequest,
  SliceResult,
} from '../src/contract/slice.ts';
import { countFailure } from './run-metrics.ts';

/** How the activity for one slice ended. */
export type SliceEnd =
  | { readonly kind: 'completed'; readonly result: SliceResult }
  /** Cancelled, or interrupted by an update, between two attempts: only the ledger has its count. */
  | { readonly kind: 'interrupted' }
  | {
      readonly kind: 'failed';
      readonly failure: TargetFailure;
      /** What its last attempt reported. */
      readonly details?: SliceFailureDetails | undefined;
    };

/** Why a target failed. */
export interface TargetFailure {
  /** Stable: one of `FAILURE` or `RETRYABLE_FAILURE`, or `TIMEOUT_FAILURE`. */
  readonly type: string;
  /** What happened, and what to do. */
  readonly message: string;
}

const { deleteExpiredSessions } = proxyActivities<CleanupActivities>({
  // One attempt. A slice ends by itself once its time (10 minutes at most) is spent, so only an attempt
  // that hangs reaches this.
  startToCloseTimeout: '15 minutes',
  // All attempts. A database that is down for a night must not fail the run; after a day an operator has
  // noticed, and the next run deletes what is left.
  scheduleToCloseTimeout: '24 hours',
  // Detects a dead worker. The activity heartbeats after each chunk of about 20 ms.
  heartbeatTimeout: '10 seconds',
  // The default, TRY_CANCEL, would end the run while the activity still deletes, and lose its count.
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  // Bounded by time, not by attempts: each restart of a worker uses up an attempt.
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '60 seconds' },
});

// Local: these need no free activity slot, which slices may hold for minutes, and add no activity to the
// history. Bounded, since a cancelled run should end soon.
const { planRun, settleSlice } = proxyLocalActivities<CleanupActivities>({
  startToCloseTimeout: '20 seconds',
  scheduleToCloseTimeout: '60 seconds',
  retry: { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '10 seconds' },
});

/** Asks the worker's configuration which targets the run cleans. A failure is returned, not thrown. */
export async function requestPlan(
  targets: readonly string[] | undefined,
): Promise<RunPlan | TargetFailure> {
  try {
    return await planRun(targets === undefined ? {} : { targets });
  } catch (error) {
    const timeout = "no worker reported them within 60 seconds. Check the worker's log.";
    const failure = explain(error, 'Configured targets', timeout);
    countFailure(failure.type);
    return failure;
  }
}

/**
 * Runs the activity for one slice. Throws nothing: a slice that fails ends its target, and the run
 * continues with the others. Cancelling the current scope interrupts the slice after its chunk.
 */
export async function runSlice(request: SliceRequest): Promise<SliceEnd> {
  const summary = summaryOf(request);
  try {
    const result = await deleteExpiredSessions.executeWithOptions({ summary }, [request]);
    return { kind: 'completed', result };
  } catch (error) {
    if (isCancellation(error) || isRetryCancelled(error)) return { kind: 'interrupted' };
    const timeout =
      'no attempt finished within 24 hours. Check that a worker is running and reaches the ' +
      'database; the next run deletes what is left.';
    const failure = explain(error, summary, timeout);
    // The activity has counted its own failures, attempt by attempt.
    if (!(causeOf(error) instanceof ApplicationFailure)) countFailure(failure.type);
    return { kind: 'failed', failure, details: detailsOf(error) };
  }
}

/**
 * Settles a slice without a result: none of its attempts can delete any more, and the ledger's count is
 * returned. Undefined when the database does not answer.
 */
export async function settle(target: string, slice: number): Promise<SettledSlice | undefined> {
  try {
    // The run may be cancelled already; this must not be.
    return await CancellationScope.nonCancellable(() => settleSlice({ target, slice }));
  } catch (error) {
    if (error instanceof TemporalFailure) return undefined;
    throw error;
  }
}

/** Whether only the interruption kept the server from retrying a failed attempt. */
function isRetryCancelled(error: unknown): boolean {
  if (!(error instanceof ActivityFailure) || error.retryState !== 'CANCEL_REQUESTED') return false;
  return !(error.cause instanceof ApplicationFailure && error.cause.nonRetryable === true);
}

/** One line for the Web UI's list of events. The first slice of a target chooses the way. */
function summaryOf({ target, slice, cutoff, dryRun, resumeFrom }: SliceRequest): string {
  const way = resumeFrom?.way ?? 'sweep or drain';
  return `${target}, slice ${slice + 1}, ${dryRun === true ? 'dry run' : way}: expired by ${cutoff}`;
}

/** What the last attempt read from the ledger when it failed. */
function detailsOf(error: unknown): SliceFailureDetails | undefined {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  const details: unknown = cause instanceof ApplicationFailure ? cause.details?.[0] : undefined;
  return isSliceFailureDetails(details) ? details : undefined;
}

function isSliceFailureDetails(value: unknown): value is SliceFailureDetails {
  return typeof value === 'object' && value !== null && 'target' in value;
}

function causeOf(error: unknown): unknown {
  return error instanceof ActivityFailure ? error.cause : error;
}

function explain(error: unknown, what: string, timeout: string): TargetFailure {
  const cause = causeOf(error);
  if (cause instanceof ApplicationFailure) {
    return { type: cause.type ?? RETRYABLE_FAILURE.unexpected, message: cause.message };
  }
  if (cause instanceof TimeoutFailure) {
    const last =
      cause.cause instanceof ApplicationFailure ? ` Last failure: ${cause.cause.message}` : '';
    return { type: TIMEOUT_FAILURE, message: `${what}: ${timeout}${last}` };
  }
  const message = `${what}: ended for an unknown reason. See the run's events in the Web UI.`;
  return { type: RETRYABLE_FAILURE.unexpected, message };
}
