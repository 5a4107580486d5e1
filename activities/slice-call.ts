import { setTimeout as sleep } from 'node:timers/promises';
import type { MikroORM } from '@mikro-orm/postgresql';
import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import type { Config, DatabaseSettings, TargetConfig } from '../src/config/config.ts';
import { FAILURE } from '../src/contract/failures.ts';
import type { SliceFailureDetails, SliceRequest } from '../src/contract/slice.ts';
import type { SliceKey } from '../src/deletion/checkpoint.ts';
import { SliceLedger } from '../src/deletion/ledger.ts';
import { toApplicationFailure } from '../src/failures/translate.ts';
import { createProgressReport, type ProgressReport } from './progress-report.ts';
import { countFailure } from './slice-metrics.ts';

/** What the activities work with; all of it belongs to the caller. */
export interface CleanupDependencies {
  /** Made by `createOrm`. */
  readonly orm: MikroORM;
  readonly config: Pick<Config, 'targets' | 'deletion'> & {
    readonly database: Pick<DatabaseSettings, 'ledgerSchema'>;
    /** Left out: a run waits for approvals without a limit. */
    readonly schedule?: Config['schedule'];
  };
}

/** One call of `deleteExpiredSessions`. */
export interface SliceCall extends Pick<CleanupDependencies['config'], 'targets' | 'deletion'> {
  readonly orm: MikroORM;
  readonly ledgerSchema: string;
  readonly context: Context;
  readonly request: SliceRequest;
  readonly config: TargetConfig;
  /** The slice, as the ledger knows it. */
  readonly key: SliceKey;
  readonly ledger: SliceLedger;
  readonly progress: ProgressReport;
  /** Whether this attempt has come as far as its first chunk. */
  hasBegun: boolean;
}

/** A failed slice waits this long for the count of its deleted rows. */
const COUNT_TIMEOUT_MILLISECONDS = 5_000;

/** Whatever ends one connection often ends idle ones, too, and each of these costs one attempt. */
const COUNT_ATTEMPTS = 3;

/**
 * The one error boundary of `deleteExpiredSessions`: cancellation passes, and every other error becomes an
 * `ApplicationFailure` that says how many rows all attempts at the slice have deleted.
 *
 * @throws ApplicationFailure `UnknownTarget` for a target that this worker does not know
 */
export async function callSlice<Result>(
  { orm, config: { targets, deletion, database } }: CleanupDependencies,
  request: SliceRequest,
  perform: (call: SliceCall) => Promise<Result>,
): Promise<Result> {
  const context = Context.current();
  const { target, slice } = request;
  const config = targets.find(({ name }) => name === target);
  if (config === undefined) {
    const isUntouched = isFirstAttempt({ context, request });
    const details = { target, ...(isUntouched ? { isUntouched } : {}) };
    const failure = unknownTargets([target], targets, details);
    countFailure(context.metricMeter, failure);
    throw failure;
  }
  const key = { runId: runIdOf(context), target, slice };
  using progress = createProgressReport(context);
  const call: SliceCall = {
    orm,
    targets,
    deletion,
    ledgerSchema: database.ledgerSchema,
    context,
    request,
    config,
    key,
    ledger: new SliceLedger(orm.em.fork(), database.ledgerSchema, key),
    progress,
    hasBegun: false,
  };
  try {
    return await perform(call);
  } catch (error) {
    if (error instanceof CancelledFailure) throw error;
    const failure = toApplicationFailure(error, config, await detailsOf(call));
    countFailure(context.metricMeter, failure);
    throw failure;
  }
}

/** The failure of a run or slice that names targets that are not configured. */
export function unknownTargets(
  unknown: readonly string[],
  configured: readonly TargetConfig[],
  details?: SliceFailureDetails,
): ApplicationFailure {
  return ApplicationFailure.nonRetryable(
    `Target ${unknown.map((name) => JSON.stringify(name)).join(', ')}: not configured, only ` +
      `${configured.map(({ name }) => name).join(', ')}. Correct the workflow's input, or add the target to ` +
      'session-cleanup.yaml and restart the workers.',
    FAILURE.unknownTarget,
    ...(details === undefined ? [] : [details]),
  );
}

/** The run that an activity works for. Temporal can also start one on its own, which no ledger could count. */
export function runIdOf({ info }: Context): string {
  const runId = info.workflowExecution?.runId;
  if (runId === undefined) throw new TypeError('this activity works for a workflow only');
  return runId;
}

/** Whether no attempt at the slice has been made before this one. */
export function isFirstAttempt({
  context,
  request,
}: Pick<SliceCall, 'context' | 'request'>): boolean {
  const { attempt, heartbeatDetails } = context.info;
  const { scheduledTimestampMs, currentAttemptScheduledTimestampMs } = context.info;
  return (
    request.isRepeated !== true &&
    attempt === 1 &&
    heartbeatDetails === undefined &&
    // An operator's reset counts attempts from 1 again, and may clear the heartbeat; only the times show it then.
    currentAttemptScheduledTimestampMs === scheduledTimestampMs
  );
}

async function detailsOf(call: SliceCall): Promise<SliceFailureDetails> {
  const { config, request, hasBegun } = call;
  // A commit may still be under way when the connection is lost, so 0 in the ledger does not prove it.
  const isUntouched = isFirstAttempt(call) && !hasBegun;
  const deleted = isUntouched ? 0 : await countDeleted(call);
  return {
    target: config.name,
    ...(deleted === undefined || request.dryRun === true ? {} : { deletedSoFar: deleted }),
    ...(isUntouched ? { isUntouched } : {}),
  };
}

/** What all attempts at a slice have deleted; undefined when the database does not answer in time. */
async function countDeleted(call: SliceCall): Promise<number | undefined> {
  const { ledger, request } = call;
  if (request.dryRun === true) return undefined;
  const count = async (attempts: number): Promise<number | undefined> => {
    try {
      return await ledger.deletedCount();
    } catch {
      // The failure that is being reported matters more than this one.
      return attempts === 1 ? undefined : await count(attempts - 1);
    }
  };
  const timeout = sleep(COUNT_TIMEOUT_MILLISECONDS, undefined, { ref: false });
  return await Promise.race([count(COUNT_ATTEMPTS), timeout]);
}

/**
 * Why an activity should stop after the current chunk:
 * - `cancelled`: the run was cancelled, and waits for this activity's result;
 * - `handed-over`: the worker shuts down, and another one takes the rest;
 * - `withdrawn`: the server no longer wants this attempt's result. An operator paused or reset the
 *   activity, the attempt has timed out, or the run has been terminated.
 */
type StopRequest = 'cancelled' | 'handed-over' | 'withdrawn';

/** What the server or the worker asks of the activity; undefined: to continue. */
export function stopRequest(context: Context): StopRequest | undefined {
  const { cancellationSignal, cancellationDetails } = context;
  if (!cancellationSignal.aborted) return undefined;
  if (cancellationDetails?.cancelRequested === true) return 'cancelled';
  // A shutdown that the SDK itself announces, rather than its core, comes with the reason only.
  const reason: unknown = cancellationSignal.reason;
  const isShutdown = reason instanceof Error && reason.message === 'WORKER_SHUTDOWN';
  return cancellationDetails?.workerShutdown === true || isShutdown ? 'handed-over' : 'withdrawn';
}
