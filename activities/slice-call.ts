import type { MikroORM } from '@mikro-orm/postgresql';
import { CancelledFailure, Context } from '@temporalio/activity';
import type { Config, DatabaseSettings, TargetConfig } from '../src/config/config.ts';
import type { SliceRequest } from '../src/contract.ts';
import { resolveTarget } from './resolve-target.ts';
import { toApplicationFailure } from './translate-errors.ts';

/** What the activities work with; all of it belongs to the caller. */
export interface CleanupDependencies {
  readonly orm: MikroORM;
  readonly config: Pick<Config, 'targets' | 'deletion'> & {
    readonly database: Pick<DatabaseSettings, 'ledgerSchema'>;
  };
}

/** One call of an activity: what it works with, and what it was asked. */
export interface SliceCall {
  readonly orm: MikroORM;
  readonly config: CleanupDependencies['config'];
  readonly ledgerSchema: string;
  readonly context: Context;
  readonly request: SliceRequest;
  readonly target: TargetConfig;
  /** Names of all of them, in order. */
  readonly configuredTargets: readonly string[];
  /** The run, as the ledger knows it. */
  readonly runId: string;
}

/**
 * Gathers what a call needs.
 *
 * @throws ApplicationFailure `UnknownTarget` when the request names one that is not configured
 */
export function beginCall({ orm, config }: CleanupDependencies, request: SliceRequest): SliceCall {
  const context = Context.current();
  const runId = context.info.workflowExecution?.runId;
  // Temporal can also start an activity on its own; the ledger has no run to count that for.
  if (runId === undefined) throw new TypeError('this activity works for a workflow only');
  return {
    orm,
    config,
    ledgerSchema: config.database.ledgerSchema,
    context,
    request,
    target: resolveTarget(request, config.targets),
    configuredTargets: config.targets.map(({ name }) => name),
    runId,
  };
}

/**
 * What a call throws for `error`: cancellation as it is, everything else translated.
 *
 * @param deletedSoFar - by all attempts at the slice; undefined when that cannot be told
 */
export function failureOf(call: SliceCall, error: unknown, deletedSoFar?: number): Error {
  if (error instanceof CancelledFailure) return error;
  const { target, configuredTargets } = call;
  return toApplicationFailure(error, {
    target,
    details: {
      target: target.name,
      configuredTargets,
      ...(deletedSoFar === undefined ? {} : { deletedSoFar }),
    },
  });
}
