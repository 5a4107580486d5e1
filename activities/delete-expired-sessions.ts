import type { MikroORM } from '@mikro-orm/postgresql';
import { CancelledFailure, Context } from '@temporalio/activity';
import type { Config, DatabaseSettings, TargetConfig } from '../src/config/config.ts';
import type { CleanupActivities, SliceRequest, SliceResult } from '../src/contract.ts';
import { deletedSoFar, deleteSlice } from '../src/deletion/delete-slice.ts';
import { previewTarget } from '../src/deletion/preview.ts';
import { resolveTarget } from './resolve-target.ts';
import { stopRequest } from './stop-request.ts';
import { toApplicationFailure } from './translate-errors.ts';

/** What the activities work with; all of it belongs to the caller. */
export interface CleanupDependencies {
  readonly orm: MikroORM;
  readonly config: Pick<Config, 'targets' | 'deletion'> & {
    readonly database: Pick<DatabaseSettings, 'ledgerSchema'>;
  };
}

/** One call of the activity: what it works with, and what it was asked. */
interface SliceCall extends CleanupDependencies {
  readonly context: Context;
  readonly request: SliceRequest;
  readonly target: TargetConfig;
}

/** A preview says nothing until it is done, so the server is told this often that it lives. */
const PREVIEW_HEARTBEAT_MILLISECONDS = 2_000;

/** How long a failure waits to learn what its slice has deleted so far. */
const COUNT_TIMEOUT_MILLISECONDS = 5_000;

/** Makes the activities that the workflow `sessionCleanup` calls. */
export function createCleanupActivities(dependencies: CleanupDependencies): CleanupActivities {
  return {
    /**
     * Deletes one slice of a target, going on where an earlier attempt came to, and heartbeats after
     * each chunk. Told to stop, it finishes the chunk in hand and returns what it did.
     *
     * @throws ApplicationFailure for everything that goes wrong; its details are `SliceFailureDetails`
     * @throws CancelledFailure when the server withdrew this attempt; the ledger holds its count
     */
    async deleteExpiredSessions(request) {
      const context = Context.current();
      const target = resolveTarget(request, dependencies.config.targets);
      const call = { ...dependencies, context, request, target };
      return request.dryRun === true ? await previewSlice(call) : await performSlice(call);
    },
  };
}

async function performSlice(call: SliceCall): Promise<SliceResult> {
  const { orm, config, context, request, target } = call;
  // The first answer that the server gives to a heartbeat is the first chance to be cancelled.
  context.heartbeat(context.info.heartbeatDetails);
  let hasBegun = false;
  try {
    const outcome = await deleteSlice(orm, config.database.ledgerSchema, jobOf(call), {
      onProgress: (progress) => {
        context.heartbeat({ target: target.name, slice: request.slice, ...progress });
      },
      shouldStop: () => {
        if (request.settle === true) return 'cancelled';
        hasBegun = true;
        const stop = stopRequest(context);
        // The core stops in the same way; what becomes of the result is decided below.
        return stop === 'withdrawn' ? 'cancelled' : stop;
      },
    });
    if (outcome.stopped === 'cancelled' && stopRequest(context) === 'withdrawn') {
      return await context.cancelled;
    }
    return { ...outcome, target: target.name, configuredTargets: namesOf(config.targets) };
  } catch (error) {
    if (error instanceof CancelledFailure) throw error;
    const known = await countFailed(call, hasBegun);
    throw toApplicationFailure(error, {
      target,
      details: {
        target: target.name,
        configuredTargets: namesOf(config.targets),
        ...(known === undefined ? {} : { deletedSoFar: known }),
      },
    });
  }
}

function jobOf({ config, context, request, target }: SliceCall): Parameters<typeof deleteSlice>[2] {
  return {
    target,
    settings: config.deletion,
    runId: runIdOf(context),
    slice: request.slice,
    cutoff: request.cutoff,
    ...(request.resumeFrom === undefined ? {} : { resumeFrom: request.resumeFrom }),
  };
}

/** What a slice that failed has deleted, in all its attempts; undefined when nobody can tell now. */
async function countFailed(call: SliceCall, hasBegun: boolean): Promise<number | undefined> {
  const { orm, config, context, request, target } = call;
  const { attempt, heartbeatDetails } = context.info;
  // An operator's reset counts attempts from 1 again, but leaves what was heartbeated.
  if (attempt === 1 && heartbeatDetails === undefined && !hasBegun) return 0;
  const { promise: timeout, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(resolve, COUNT_TIMEOUT_MILLISECONDS, undefined);
  const schema = config.database.ledgerSchema;
  const count = deletedSoFar(orm, schema, runIdOf(context), target.name, request.slice).catch(
    // The failure in hand says more than this one would.
    () => undefined,
  );
  try {
    return await Promise.race([count, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** Tells what the slice would delete, in the shape of what it deleted. */
async function previewSlice(call: SliceCall): Promise<SliceResult> {
  const { orm, config, context, request, target } = call;
  const configuredTargets = namesOf(config.targets);
  const heartbeat = setInterval(() => {
    context.heartbeat();
  }, PREVIEW_HEARTBEAT_MILLISECONDS);
  try {
    const preview = previewTarget(orm, target, config.deletion, request.cutoff);
    // Nothing is lost by leaving at once; the query ends by its own time limit.
    const { deadline, eligibleRows, estimatedSeconds, way } = await Promise.race([
      preview,
      context.cancelled,
    ]);
    return {
      target: target.name,
      configuredTargets,
      deadline,
      way,
      deletedCount: eligibleRows,
      skippedLocked: 0,
      seconds: estimatedSeconds,
      stopped: 'drained',
    };
  } catch (error) {
    if (error instanceof CancelledFailure) throw error;
    const details = { target: target.name, configuredTargets, deletedSoFar: 0 };
    throw toApplicationFailure(error, { target, details });
  } finally {
    clearInterval(heartbeat);
  }
}

function runIdOf({ info }: Context): string {
  const runId = info.workflowExecution?.runId;
  // Activities can also be started on their own; the ledger has no run to count those for.
  if (runId === undefined) throw new TypeError('deleteExpiredSessions runs in a workflow only');
  return runId;
}

function namesOf(targets: readonly TargetConfig[]): readonly string[] {
  return targets.map(({ name }) => name);
}
