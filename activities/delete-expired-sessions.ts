import { Context } from '@temporalio/activity';
import { checkPlausibility } from '../src/checks/plausibility.ts';
import { FAILURE } from '../src/contract/failures.ts';
import { targetLabel } from '../src/contract/metrics.ts';
import type { CleanupActivities, PlanRequest, RunPlan } from '../src/contract/run.ts';
import type { SettledSlice, SettleRequest, SliceResult } from '../src/contract/slice.ts';
import { requireOwnOrm } from '../src/database/orm.ts';
import { checkApproval } from '../src/deletion/approval-check.ts';
import { deleteSlice, type SliceJob, type SliceOutcome } from '../src/deletion/delete-slice.ts';
import { SliceLedger } from '../src/deletion/ledger.ts';
import { previewTarget } from '../src/deletion/preview.ts';
import { ClosedSliceError, FinalDeletionError } from '../src/failures/errors.ts';
import { toApplicationFailure } from '../src/failures/translate.ts';
import { countUnreadable } from '../src/targets/count-rows.ts';
import { expiredRowsOf } from '../src/targets/expired-rows.ts';
import { inspectTarget, type Target } from '../src/targets/target.ts';
import {
  callSlice,
  isFirstAttempt,
  runIdOf,
  stopRequest,
  unknownTargets,
  type CleanupDependencies,
  type SliceCall,
} from './slice-call.ts';
import { createSliceMetrics } from './slice-metrics.ts';
import { inSliceSpan } from './slice-span.ts';

/**
 * Makes the activities that the workflow `sessionCleanup` calls. They throw an `ApplicationFailure`
 * for everything that goes wrong, with `SliceFailureDetails` as its details, and let cancellation
 * through where the server withdrew the attempt; the ledger holds its count.
 *
 * @throws TypeError when the ORM was not made by `createOrm`
 */
export function createCleanupActivities(dependencies: CleanupDependencies): CleanupActivities {
  requireOwnOrm(dependencies.orm);
  return {
    /**
     * Deletes one slice of a target, continuing where an earlier attempt stopped, and heartbeats
     * while it works. When it is to stop, it finishes the current chunk and returns what it did.
     */
    async deleteExpiredSessions(request) {
      return await inSliceSpan(request, dependencies.config.targets, () =>
        callSlice(dependencies, request, async (call) => {
          if (request.dryRun === true) return await previewSlice(call);
          const target = await inspectTarget(call.orm.em.fork(), call.config, call.targets);
          const { instead, ...found } = await reviewSlice(call, target);
          return instead ?? { ...(await performSlice(call, target)), ...found };
        }),
      );
    },

    planRun: async (request) => await Promise.resolve(planRun(dependencies, request)),

    settleSlice: async (request) => await settleSlice(dependencies, request),
  };
}

/** What the review before a target's first slice found. */
interface SliceReview {
  /** To be returned instead of deleting, when the deletion needs an approval first. */
  readonly instead?: SliceResult;
  /** As in the slice's result. */
  readonly unreadableCount?: number;
}

/**
 * Reviews a target before its first slice deletes anything: whether the expiry means what the configuration says, and
 * whether so much would be deleted that an operator should approve it first.
 *
 * @throws FinalDeletionError `ImplausibleExpiry` for a unit that the data contradict
 */
async function reviewSlice(call: SliceCall, target: Target): Promise<SliceReview> {
  const { orm, ledger, request, deletion } = call;
  const { resumeFrom, isApproved, cutoff } = request;
  // Not by the slice's number: earlier slices may have been settled before they began.
  if (resumeFrom !== undefined || isApproved === true) return {};
  // An earlier attempt that began to delete was approved, or did not have to be.
  if (!isFirstAttempt(call) && (await ledger.isClaimed())) return {};
  const em = orm.em.fork();
  if (
    deletion.plausibility === 'check' &&
    target.expiryColumns.some(({ type }) => type.startsWith('epoch'))
  ) {
    const findings = await checkPlausibility(em, target);
    const wrong = findings.find(({ level }) => level === 'error');
    if (wrong !== undefined) {
      const text = `${wrong.message}, so nothing was deleted. ${wrong.remedy ?? ''}`;
      throw new FinalDeletionError(FAILURE.implausibleExpiry, text, target);
    }
  }
  const unreadableRows = await countUnreadable(em, target);
  const unreadable = unreadableRows === undefined ? {} : { unreadableCount: unreadableRows };
  const { approvalShare } = call.config;
  if (approvalShare === null) return unreadable;
  const expiredRows = await expiredRowsOf(em, target, { cutoff });
  const approval = await checkApproval(em, expiredRows, approvalShare);
  if (approval === undefined) return unreadable;
  const nothing = { deletedCount: 0, skippedLocked: 0, seconds: 0 } as const;
  const stopped = { way: 'sweep', stopped: 'approval-needed', approval } as const;
  return { instead: { target: target.name, deadline: cutoff, ...nothing, ...stopped } };
}

async function performSlice(call: SliceCall, target: Target): Promise<SliceResult> {
  const { orm, ledgerSchema, context, request, deletion, key, progress } = call;
  const { cutoff, resumeFrom, budgetSeconds, pace: { rowsPerSecond, lanes } = {} } = request;
  const began = performance.now();
  const job: SliceJob = {
    target,
    settings: {
      ...deletion,
      ...(rowsPerSecond === undefined ? {} : { rowsPerSecond: rowsPerSecond ?? undefined }),
      // An operator who asks for a number of lanes means exactly that number.
      ...(lanes === undefined ? {} : { lanes, lanesWhenBusy: lanes }),
    },
    runId: key.runId,
    slice: key.slice,
    cutoff,
    ...(resumeFrom === undefined ? {} : { resumeFrom }),
    ...(budgetSeconds === undefined ? {} : { budgetSeconds }),
  };
  const metrics = createSliceMetrics(
    context.metricMeter,
    targetLabel(target.name, call.targets.length),
  );
  let outcome: SliceOutcome;
  try {
    outcome = await deleteSlice(orm, ledgerSchema, job, {
      onProgress(made) {
        const seconds = Math.round(performance.now() - began) / 1_000;
        progress.report({ target: target.name, slice: key.slice, ...made, seconds });
      },
      shouldStop() {
        call.hasBegun = true;
        const stop = stopRequest(context);
        // The deletion stops the same way; below, a withdrawn attempt throws its outcome away.
        return stop === 'withdrawn' ? 'cancelled' : stop;
      },
      onCommit: metrics.onCommit,
      onWaited: metrics.onWaited,
    });
  } catch (error) {
    if (error instanceof ClosedSliceError) return await resultOfClosed(call);
    throw error;
  }
  const isUnwanted = outcome.stopped === 'cancelled' && stopRequest(context) === 'withdrawn';
  // Throws; the next attempt, if there is one, reads the count from the ledger.
  if (isUnwanted) return await context.cancelled;
  metrics.onEnd(outcome.skippedLocked, performance.now() - began);
  const { uncountedCascades } = target;
  return {
    ...outcome,
    target: target.name,
    ...(uncountedCascades.length === 0 ? {} : { uncountedCascades }),
  };
}

/**
 * The result of a slice that was settled before this attempt began. A run takes it in only if the workflow task
 * that settled the slice was lost; otherwise the attempt has been given up, and so is its result.
 */
async function resultOfClosed({ ledger, request }: SliceCall): Promise<SliceResult> {
  const settled = await ledger.close();
  const { way = 'sweep', deadline = request.cutoff } = settled.resumeFrom ?? {};
  return { ...settled, target: request.target, way, deadline, stopped: 'handed-over' };
}

/** Reports what the slice would delete, in the form of a slice's result; writes nothing. */
async function previewSlice(call: SliceCall): Promise<SliceResult> {
  const { orm, config, targets, context, request } = call;
  const { deadline, eligibleRows, estimatedSeconds, way, unreadableCount } = await Promise.race([
    previewTarget(orm, config, request.cutoff, targets),
    // Nothing is lost by leaving at once.
    context.cancelled,
  ]);
  return {
    target: config.name,
    deadline,
    way,
    deletedCount: eligibleRows,
    skippedLocked: 0,
    seconds: estimatedSeconds,
    stopped: 'drained',
    ...(unreadableCount === undefined ? {} : { unreadableCount }),
  };
}

/**
 * What the configuration says about a run: which targets it cleans, and what limits it.
 *
 * @throws ApplicationFailure `UnknownTarget`, naming every name that is not configured
 */
function planRun({ config }: CleanupDependencies, { targets }: PlanRequest): RunPlan {
  const { runBudgetSeconds } = config.deletion;
  const { intervalSeconds, offsetSeconds } = config.schedule ?? {};
  const configured = config.targets.map(({ name }) => name);
  const unknown = targets?.filter((name) => !configured.includes(name)) ?? [];
  if (unknown.length > 0) throw unknownTargets(unknown, config.targets);
  return {
    targets: targets ?? configured,
    ...(runBudgetSeconds === undefined ? {} : { runBudgetSeconds }),
    ...(intervalSeconds === undefined || offsetSeconds === undefined
      ? {}
      : { slots: { intervalSeconds, offsetSeconds } }),
  };
}

/**
 * Ends a slice that has no result, and returns what its attempts deleted and the position they reached. Needs the
 * ledger only, so it is the same on a worker that does not know the target.
 */
async function settleSlice(
  { orm, config }: CleanupDependencies,
  { target, slice }: SettleRequest,
): Promise<SettledSlice> {
  const key = { runId: runIdOf(Context.current()), target, slice };
  try {
    return await new SliceLedger(orm.em.fork(), config.database.ledgerSchema, key).close();
  } catch (error) {
    // The texts about a missing ledger say nothing of the target's table.
    const about = { name: target, file: undefined, table: target };
    throw toApplicationFailure(error, about, { target });
  }
}
