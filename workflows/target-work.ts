import type { ListedSlice, TargetProgress, TargetResult, TargetStop } from '../src/contract/run.ts';
import type {
  ApprovalRequest,
  RemainingRows,
  ResumePoint,
  SettledSlice,
  SliceProgress,
  SliceResult,
} from '../src/contract/slice.ts';
import { addRemaining, addSlice, countSlices, total, totalSeconds } from './finished-slices.ts';
import type { TargetFailure } from './slice-end.ts';

/** What happened to one target so far. Only the functions in this file make a new one of it. */
export interface TargetWork {
  readonly target: string;
  readonly slices: readonly ListedSlice[];
  /** Number of the slice that is open, or else of the next one. */
  readonly slice: number;
  /** Present from the request of that slice until its count is known. */
  readonly open?: OpenSlice | undefined;
  /** Where the next slice goes on; undefined before the first. */
  readonly resumeFrom?: ResumePoint | undefined;
  /** Undefined while there is more to do. */
  readonly stopped?: TargetStop | undefined;
  readonly failure?: TargetFailure | undefined;
  /** What would be deleted, while somebody has to approve it. */
  readonly awaiting?: ApprovalRequest | undefined;
  readonly isApproved?: boolean | undefined;
  readonly estimatedLeft?: number | undefined;
  readonly remaining?: readonly RemainingRows[] | undefined;
  readonly unreadableCount?: number | undefined;
  readonly uncountedCascades?: readonly string[] | undefined;
  /** The last slice could not be settled; the count that its last attempt reported, 0 if none. */
  readonly uncounted?: number | undefined;
}

/** A slice that was requested and of which the run does not know what it deleted. */
export interface OpenSlice {
  /** What its last attempt reported when it failed. */
  readonly reported?: number | undefined;
  /** Settling it has failed since the run last heard from the database. */
  readonly isUnsettled?: boolean | undefined;
}

export function untouched(target: string): TargetWork {
  return { target, slices: [], slice: 0 };
}

/** The slice is requested: from now on it is open, whatever happens. */
export function opened(work: TargetWork): TargetWork {
  return { ...work, open: work.open ?? {} };
}

/**
 * Its activity has ended without a result; the slice stays open.
 *
 * @param reported - rows that its last attempt said it had deleted
 */
export function interrupted(work: TargetWork, reported?: number): TargetWork {
  return { ...work, open: { reported: reported ?? work.open?.reported } };
}

/** The ledger could not be asked for the open slice; the run goes on, and asks again later. */
export function unsettled(work: TargetWork): TargetWork {
  return { ...work, open: { ...work.open, isUnsettled: true } };
}

/** Closes the open slice with its result. `approval-needed` leaves it open: its count is not known. */
export function withResult(work: TargetWork, result: SliceResult): TargetWork {
  if (result.stopped === 'approval-needed') return { ...work, awaiting: result.approval };
  const next: TargetWork = {
    ...closed(work, result),
    remaining: addRemaining(work.remaining, result.remaining),
    unreadableCount: result.unreadableCount ?? work.unreadableCount,
    uncountedCascades: union(work.uncountedCascades, result.uncountedCascades),
  };
  switch (result.stopped) {
    case 'drained':
      return { ...next, stopped: 'drained' };
    case 'budget':
      return { ...next, stopped: 'budget', estimatedLeft: result.estimatedLeft };
    case 'cancelled':
    case 'time-spent':
    case 'handed-over':
      return next;
  }
}

/** Closes the open slice with what the ledger says of it; one that did nothing is not listed. */
export function withSettlement(work: TargetWork, settled: SettledSlice): TargetWork {
  const { deletedCount, skippedLocked, seconds } = settled;
  const next = closed(work, settled);
  const hasDoneNothing = deletedCount === 0 && skippedLocked === 0 && seconds === 0;
  return {
    ...next,
    slices: hasDoneNothing ? work.slices : next.slices,
    remaining: addRemaining(work.remaining, settled.remaining),
  };
}

/** Closes the open slice without its count, at the run's end. */
export function withoutCount(work: TargetWork): TargetWork {
  return {
    ...work,
    open: undefined,
    slice: work.slice + 1,
    uncounted: work.open?.reported ?? 0,
  };
}

/** Closes the open slice, which has not begun. */
export function withoutBeginning(work: TargetWork): TargetWork {
  return { ...work, open: undefined, slice: work.slice + 1 };
}

function closed(work: TargetWork, done: SettledSlice & ListedSlice): TargetWork {
  return {
    ...work,
    open: undefined,
    slice: work.slice + 1,
    slices: addSlice(work.slices, done),
    // One that was stopped before its first chunk has no position of its own.
    resumeFrom: done.resumeFrom ?? work.resumeFrom,
  };
}

/** What a target's work comes to in the run's result. */
export function resultOf(work: TargetWork): TargetResult {
  return {
    target: work.target,
    ...countsOf(work),
    slices: work.slices,
    // Only a cancelled run ends with work left to do.
    stopped: work.stopped ?? 'cancelled',
    ...findingsOf(work),
    ...(work.estimatedLeft === undefined ? {} : { estimatedLeft: work.estimatedLeft }),
  };
}

/**
 * The same while the run goes on.
 *
 * @param live - what the open slice reported last, if it did
 * @param isDryRun - then everything is left
 */
export function progressOf(
  work: TargetWork,
  isCurrent: boolean,
  live: SliceProgress | undefined,
  isDryRun: boolean,
): TargetProgress {
  const unfinished = isCurrent ? 'working' : 'waiting';
  return {
    target: work.target,
    state: work.stopped ?? (work.awaiting === undefined ? unfinished : 'awaiting-approval'),
    ...countsOf(work),
    slices: countSlices(work.slices),
    seconds: totalSeconds(work.slices),
    ...(live === undefined ? {} : { inHand: live }),
    ...(isDryRun ? {} : leftOf(work, live)),
    ...(work.awaiting === undefined ? {} : { awaiting: work.awaiting }),
    ...findingsOf(work),
  };
}

/** What a result says only where there is something to say. */
function findingsOf({
  remaining = [],
  unreadableCount = 0,
  uncountedCascades = [],
  uncounted,
}: TargetWork): Pick<
  TargetResult,
  'remaining' | 'unreadableCount' | 'uncountedCascades' | 'uncounted'
> {
  return {
    ...(remaining.length === 0 ? {} : { remaining }),
    ...(unreadableCount === 0 ? {} : { unreadableCount }),
    ...(uncountedCascades.length === 0 ? {} : { uncountedCascades }),
    ...(uncounted === undefined ? {} : { uncounted: true }),
  };
}

/**
 * How many rows are left, about: a sweep knows its share of the table, and expired rows lie in the
 * rest about as densely as in what it has seen.
 */
function leftOf(
  work: TargetWork,
  live: SliceProgress | undefined,
): Pick<TargetProgress, 'estimatedLeft'> {
  if (work.stopped === 'drained') return { estimatedLeft: total(work.remaining ?? [], 'rows') };
  if (work.estimatedLeft !== undefined) return { estimatedLeft: work.estimatedLeft };
  const fraction = live?.fraction ?? 0;
  if (live === undefined || fraction === 0) return {};
  const deleted = countsOf(work).deletedCount + live.deletedCount;
  return { estimatedLeft: Math.round((deleted * (1 - fraction)) / fraction) };
}

function countsOf(work: TargetWork): Pick<TargetResult, 'deletedCount' | 'skippedLocked'> {
  return {
    deletedCount: total(work.slices, 'deletedCount') + (work.uncounted ?? 0),
    skippedLocked: total(work.slices, 'skippedLocked'),
  };
}

function union(
  known: readonly string[] = [],
  added: readonly string[] = [],
): readonly string[] | undefined {
  const all = new Set([...known, ...added]);
  return all.size === 0 ? undefined : [...all];
}
