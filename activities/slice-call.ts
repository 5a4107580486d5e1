import type { MikroORM } from '@mikro-orm/postgresql';
import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import type { Config, DatabaseSettings, TargetConfig } from '../src/config/config.ts';
import { FAILURE } from '../src/contract/failures.ts';
import type { SliceFailureDetails, SliceRequest } from '../src/contract/slice.ts';
import { unknownTargets } from './plan-run.ts';
import { toApplicationFailure } from '../src/failures/translate.ts';

/** What the activities work with; all of it belongs to the caller. */
export interface CleanupDependencies {
  readonly orm: MikroORM;
  readonly config: Pick<Config, 'targets' | 'deletion'> & {
    readonly database: Pick<DatabaseSettings, 'ledgerSchema'>;
    /** Left out: a run waits for approvals without a limit. */
    readonly schedule?: Config['schedule'];
  };
}

/** One call of `deleteExpiredSessions`: what it works with, and what it was asked. */
export interface SliceCall {
  readonly orm: MikroORM;
  readonly config: CleanupDependencies['config'];
  readonly ledgerSchema: string;
  readonly context: Context;
  readonly request: SliceRequest;
  readonly target: TargetConfig;
  /** The run, as the ledger knows it. */
  readonly runId: string;
}

/**
 * Gathers what a call needs.
 *
 * @throws ApplicationFailure `UnknownTarget` when this worker does not know the target that the run decided on
 */
export function beginCall({ orm, config }: CleanupDependencies, request: SliceRequest): SliceCall {
  const context = Context.current();
  const target = config.targets.find(({ name }) => name === request.target);
  if (target === undefined) {
    const configured = config.targets.map(({ name }) => name);
    throw ApplicationFailure.nonRetryable(
      unknownTargets([request.target], configured),
      FAILURE.unknownTarget,
      detailsOf({ context, request }, undefined),
    );
  }
  return {
    orm,
    config,
    ledgerSchema: config.database.ledgerSchema,
    context,
    request,
    target,
    runId: runIdOf(context),
  };
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
    // An operator's reset counts attempts from 1 again, and may clear what was heartbeated; only the
    // times tell of it then.
    currentAttemptScheduledTimestampMs === scheduledTimestampMs
  );
}

/**
 * What a call throws for `error`: cancellation as it is, everything else translated.
 *
 * @param deletedSoFar - by all attempts at the slice; undefined when that cannot be told
 */
export function failureOf(call: SliceCall, error: unknown, deletedSoFar?: number): Error {
  if (error instanceof CancelledFailure) return error;
  return toApplicationFailure(error, {
    target: call.target,
    details: detailsOf(call, deletedSoFar),
  });
}

function detailsOf(
  call: Pick<SliceCall, 'context' | 'request'>,
  deletedSoFar: number | undefined,
): SliceFailureDetails {
  const isUntouched = (deletedSoFar ?? 0) === 0 && isFirstAttempt(call);
  return {
    target: call.request.target,
    ...(deletedSoFar === undefined ? {} : { deletedSoFar }),
    ...(isUntouched ? { isUntouched } : {}),
  };
}
