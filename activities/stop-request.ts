import type { Context } from '@temporalio/activity';

/**
 * Why an activity should stop after the chunk in hand:
 * - `cancelled`: the run was cancelled, and waits for this activity's result;
 * - `handed-over`: the worker shuts down, and another one takes the rest;
 * - `withdrawn`: the server no longer wants this attempt's result. An operator paused or reset the
 *   activity, the attempt has timed out, or the run has been terminated.
 */
export type StopRequest = 'cancelled' | 'handed-over' | 'withdrawn';

/** What the server or the worker asks of the activity; undefined: to go on. */
export function stopRequest(context: Context): StopRequest | undefined {
  if (!context.cancellationSignal.aborted) return undefined;
  const details = context.cancellationDetails;
  if (details?.cancelRequested === true) return 'cancelled';
  if (details?.workerShutdown === true || isShutdownWithoutDetails(context)) return 'handed-over';
  return 'withdrawn';
}

/** A shutdown that the SDK itself announces, rather than its core, comes with the reason only. */
function isShutdownWithoutDetails({ cancellationSignal }: Context): boolean {
  const reason: unknown = cancellationSignal.reason;
  return reason instanceof Error && reason.message === 'WORKER_SHUTDOWN';
}
