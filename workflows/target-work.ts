import type {
  BrakeReport,
  ListedSlice,
  ResumePoint,
  SliceProgress,
  TargetProgress,
  TargetResult,
  TargetStop,
} from '../src/contract.ts';
import type { TargetFailure } from './slice-end.ts';

/** What happened to one target so far. */
export interface TargetWork {
  readonly target: string;
  readonly slices: readonly ListedSlice[];
  /** Where the next slice goes on; undefined before the first. */
  readonly resumeFrom?: ResumePoint | undefined;
  /** Undefined while there is more to do. */
  readonly stopped?: TargetStop | undefined;
  readonly failure?: TargetFailure | undefined;
  /** Rows deleted by a slice that ended without a result, and so is none of `slices`. */
  readonly unlistedCount?: number | undefined;
  /** True when nobody could tell that number. */
  readonly isUncounted?: boolean | undefined;
  /** What would be deleted, while somebody has to approve it. */
  readonly awaiting?: BrakeReport | undefined;
  readonly isApproved?: boolean | undefined;
  readonly estimatedLeft?: number | undefined;
}

export function untouched(target: string): TargetWork {
  return { target, slices: [] };
}

export function isUntouched(work: TargetWork): boolean {
  return work.slices.length === 0 && work.stopped === undefined;
}

/** What a target's work comes to in the run's result. */
export function resultOf(work: TargetWork): TargetResult {
  return {
    target: work.target,
    ...countsOf(work),
    slices: work.slices,
    // Only a cancelled run ends with work left to do.
    stopped: work.stopped ?? 'cancelled',
    ...(work.estimatedLeft === undefined ? {} : { estimatedLeft: work.estimatedLeft }),
  };
}

/**
 * The same while the run goes on.
 *
 * @param live - what the slice in hand told last; for the target that is being worked on only
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
    slices: work.slices.length,
    seconds: total(work.slices, 'seconds'),
    ...(live === undefined ? {} : { inHand: live }),
    ...(isDryRun ? {} : leftOf(work, live)),
    ...(work.awaiting === undefined ? {} : { awaiting: work.awaiting }),
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
  if (work.stopped === 'drained') return { estimatedLeft: 0 };
  if (work.estimatedLeft !== undefined) return { estimatedLeft: work.estimatedLeft };
  const fraction = live?.fraction ?? 0;
  if (live === undefined || fraction === 0) return {};
  const deleted = countsOf(work).deletedCount + live.deletedCount;
  return { estimatedLeft: Math.round((deleted * (1 - fraction)) / fraction) };
}

function countsOf(work: TargetWork): Pick<TargetResult, 'deletedCount' | 'skippedLocked'> {
  return {
    deletedCount: total(work.slices, 'deletedCount') + (work.unlistedCount ?? 0),
    skippedLocked: total(work.slices, 'skippedLocked'),
  };
}

/** The sum of one field. */
export function total<Key extends string>(
  items: readonly Readonly<Record<Key, number>>[],
  key: Key,
): number {
  return items.reduce((sum, item) => sum + item[key], 0);
}
