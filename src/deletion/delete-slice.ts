import type { MikroORM } from '@mikro-orm/postgresql';
import type { DeletionSettings } from '../config/config.ts';
import type { ResumePoint, SliceStop, SliceSummary } from '../contract/slice.ts';
import { type TargetEnd, runLeaves } from './leaves.ts';
import { chooseWay, positionOn } from './route.ts';
import { Throttle, type WaitListener } from './throttle.ts';
import type { ExpiredRows } from '../targets/expired-rows.ts';
import type { LaneCheckpoint, SliceKey, SlicePosition } from './checkpoint.ts';
import { runPasses, type StartPosition } from './pass.ts';
import { type CommitListener, type SliceWork, findKeptBy } from './chunk.ts';
import { SliceLedger, supersededIn } from './ledger.ts';
import { RefusedRows } from './remaining-rows.ts';
import { requireWritable } from '../targets/table-support.ts';
import type { Target } from '../targets/target.ts';
import { SliceReport, type ProgressListener } from './slice-report.ts';

/** One slice to work on. The same run, target and slice again: it continues from the ledger. */
export interface SliceJob {
  readonly target: Target;
  readonly settings: DeletionSettings;
  readonly runId: string;
  readonly slice: number;
  /** ISO 8601; the database moves it back to its own present if it lies beyond. */
  readonly cutoff: string;
  readonly resumeFrom?: ResumePoint;
  /** Time that it may work, all attempts together and without waiting. Undefined: no limit. */
  readonly budgetSeconds?: number;
}

/** How the caller follows and stops a slice between two chunks. */
export interface SliceHooks {
  readonly onProgress: ProgressListener;
  readonly shouldStop: () => 'cancelled' | 'handed-over' | undefined;
  /** For metrics. */
  readonly onCommit?: CommitListener;
  /** For metrics: called after each wait. */
  readonly onWaited?: WaitListener;
}

/** What a slice did, over all its attempts. */
export interface SliceOutcome extends SliceSummary {
  readonly deadline: string;
  readonly stopped: SliceStop;
  /** Present when there is more to do. */
  readonly resumeFrom?: ResumePoint;
  /** With `budget`: expired rows that are left, as the planner estimates them. */
  readonly estimatedLeft?: number;
}

/** What a slice has to know before its first chunk. */
interface Beginning {
  readonly expired: ExpiredRows;
  readonly checkpoints: readonly LaneCheckpoint[];
  /** Undefined: from the first partition. */
  readonly from: StartPosition | undefined;
}

/**
 * Deletes a target's expired rows until none is left, the slice's time is spent, or the caller wants
 * to stop, and returns the exact count, durably on disk by then.
 *
 * @throws FinalDeletionError when only a change of configuration or database can help
 * @throws SupersededError when a newer attempt has taken the slice over
 * @throws ClosedSliceError when the run has settled the slice
 * @throws whatever the database throws; all that was committed is in the ledger
 */
export async function deleteSlice(
  orm: MikroORM,
  ledgerSchema: string,
  job: SliceJob,
  hooks: SliceHooks,
): Promise<SliceOutcome> {
  const began = performance.now();
  const { target, settings, resumeFrom } = job;
  requireWritable(target.facts.readOnlySource);
  const em = orm.em.fork();
  const ledger = new SliceLedger(em, ledgerSchema, keyOf(job));

  let hasFailed = false;
  let workedBefore = 0;
  let stopped = 'drained' as SliceStop;
  const shouldStop = (): boolean => {
    const requested = hooks.shouldStop();
    const elapsed = performance.now() - began;
    const worked = workedBefore + elapsed - throttle.waitedMilliseconds;
    const isSpent = elapsed >= settings.sliceSeconds * 1_000;
    const isOverBudget = worked >= (job.budgetSeconds ?? Infinity) * 1_000;
    if (requested === undefined && !isSpent && !isOverBudget) return hasFailed;
    stopped = requested ?? (isOverBudget ? 'budget' : 'time-spent');
    return true;
  };
  const report = new SliceReport((progress) => hooks.onProgress(progress));
  const throttle = new Throttle(em, target, settings, {
    shouldStop,
    onWaiting: (load) => report.onWaiting(load),
    onWaited: (reason, milliseconds) => hooks.onWaited?.(reason, milliseconds),
  });

  const begin = async (): Promise<Beginning> => {
    const claimed = await ledger.claim({
      lanes: settings.lanes,
      cutoff: job.cutoff,
      resumeFrom,
      target,
    });
    const { deadline, bound, latest, checkpoints, reached } = claimed;
    workedBefore = claimed.workedMilliseconds;
    if (claimed.isRetry) {
      await ledger.cancelEarlierAttempts();
      if (reached !== undefined) await ledger.forgetFrom(checkpoints, reached, target);
    }
    report.begin(checkpoints);
    const expired = { target, bound, latest, deadline };
    const known = reached ?? givenBy(resumeFrom);
    const isPartitioned = target.leaves !== undefined;
    // No position of an ordinary table is one in a partition.
    const isUsable = known !== undefined && (known.leaf !== undefined) === isPartitioned;
    const choose = async (): Promise<StartPosition | undefined> =>
      isPartitioned ? undefined : await throttle.ask(() => chooseWay(em, expired));
    return { expired, checkpoints, from: isUsable ? known : await choose() };
  };
  // The first check of the server takes as long as everything else, so both run at once.
  const firstLook = throttle.untilClear();
  const pruning = job.slice === 0 ? ledger.prune(settings.ledgerRetentionDays) : undefined;
  // On the connection of the look, which is done before the others are.
  const findingTriggers = firstLook.then(() => findKeptBy(em, target));
  const beginning = begin().catch((error: unknown) => {
    hasFailed = true;
    throw error;
  });
  // No query stays behind, should one of them fail.
  await Promise.allSettled([firstLook, beginning, pruning, findingTriggers]);
  const { expired, checkpoints, from } = await beginning;
  await firstLook;
  await pruning;

  const work: SliceWork = {
    em,
    expired,
    settings,
    ledger,
    checkpoints,
    throttle,
    keptBy: await findingTriggers,
    refusedRows: new RefusedRows(resumeFrom === undefined),
    shouldStop,
    isInterrupted: () => hooks.shouldStop() !== undefined,
    onChunk: (route, position) => report.onChunk(route, position),
    onCommit: (deletedCount, milliseconds) => hooks.onCommit?.(deletedCount, milliseconds),
  };
  const ending =
    from === undefined || from.leaf !== undefined ? runLeaves(work, from) : runTable(work, from);
  const end = await ending.catch((error: unknown) => {
    throw supersededIn(error);
  });
  const { pass } = end.stopped ?? {};
  const hasDeleted = checkpoints.some(({ deletedCount }) => deletedCount > 0);
  const isClean = pass === undefined || (stopped === 'budget' && hasDeleted);
  const totals = await ledger.settle(checkpoints, isClean);

  const isOverBudget = pass !== undefined && stopped === 'budget';
  const estimatedLeft = isOverBudget ? await estimateLeft(end) : undefined;
  return {
    way: end.way,
    deadline: expired.deadline,
    ...totals,
    ...(throttle.waits.length === 0 ? {} : { waits: throttle.waits }),
    stopped: pass === undefined ? 'drained' : stopped,
    ...(pass === undefined
      ? {}
      : {
          resumeFrom: {
            deadline: expired.deadline,
            ...positionOn(pass.route, pass.end.position),
          },
        }),
    ...(estimatedLeft === undefined ? {} : { estimatedLeft }),
  };
}

async function runTable(work: SliceWork, from: StartPosition): Promise<TargetEnd> {
  const pass = await runPasses(work, from);
  const { way } = pass.route;
  return pass.end.kind === 'stopped' ? { way, stopped: { pass, work, rowsAfter: 0 } } : { way };
}

/** By the statistics, which still count what has been swept; the share of the way corrects that. */
async function estimateLeft({ stopped }: TargetEnd): Promise<number> {
  if (stopped === undefined) return 0;
  const { pass, work, rowsAfter } = stopped;
  const { estimatedRows } = await work.throttle.ask(() => chooseWay(work.em, work.expired));
  const share = pass.route.fraction(pass.end.position) ?? 0;
  return Math.round(estimatedRows * (1 - share) + rowsAfter);
}

function keyOf(job: SliceJob): SliceKey {
  return { runId: job.runId, target: job.target.name, slice: job.slice };
}

function givenBy(resumeFrom: ResumePoint | undefined): SlicePosition | undefined {
  if (resumeFrom === undefined) return undefined;
  const { way, position, end, leaf } = resumeFrom;
  return { way, position, end, leaf };
}
