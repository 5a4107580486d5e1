import type { ListedSlice, TargetProgress, TargetResult, TargetStop } from '../src/contract/run.ts';
import type {
  ApprovalRequest,
  RemainingRows,
  ResumePoint,
  SettledSlice,
  SliceProgress,
  SliceResult,
  Wait,
} from '../src/contract/slice.ts';
import type { SliceEnd, TargetFailure } from './slices.ts';

/** What is known of one target. Immutable; the functions of this file derive the next state. */
export interface TargetState {
  readonly target: string;
  readonly slices: readonly ListedSlice[];
  /** Number of the open slice, or else of the next one. */
  readonly slice: number;
  /** Present from the request of that slice until its count is known. */
  readonly open?:
    | {
        /** What its last attempt reported when it failed. */
        readonly reported?: number | undefined;
        /** Settling it has failed since its last attempt. */
        readonly isUnsettled?: boolean | undefined;
      }
    | undefined;
  /** Where the next slice starts; undefined before the first. */
  readonly resumeFrom?: ResumePoint | undefined;
  /** Undefined while there is more to do. */
  readonly stopped?: TargetStop | undefined;
  readonly failure?: TargetFailure | undefined;
  /** What would be deleted, while the target waits for approval. */
  readonly awaiting?: ApprovalRequest | undefined;
  readonly isApproved?: boolean | undefined;
  readonly estimatedLeft?: number | undefined;
  readonly remaining?: readonly RemainingRows[] | undefined;
  readonly unreadableCount?: number | undefined;
  readonly uncountedCascades?: readonly string[] | undefined;
  /** The last slice could not be settled; the count that its last attempt reported, 0 if none. */
  readonly uncounted?: number | undefined;
}

/** Slices that a result lists one by one. */
const LISTED_SLICES = 20;

/** Entries of `remaining` that a result lists. */
const LISTED_CAUSES = 10;

/** The activity for the open slice has ended. */
export function withSliceEnd(state: TargetState, end: SliceEnd, isDryRun: boolean): TargetState {
  switch (end.kind) {
    case 'completed':
      return withResult(state, end.result);
    case 'interrupted':
      return isDryRun ? closed(state) : { ...state, open: { reported: state.open?.reported } };
    case 'failed': {
      const { failure, details } = end;
      const failed: TargetState = { ...state, failure, stopped: 'failed' };
      if (isDryRun || details?.isUntouched === true) return closed(failed);
      return { ...failed, open: { reported: details?.deletedSoFar ?? state.open?.reported } };
    }
  }
}

function withResult(state: TargetState, result: SliceResult): TargetState {
  // The slice stays open: earlier attempts may have deleted rows.
  if (result.stopped === 'approval-needed') return { ...state, awaiting: result.approval };
  const { stopped, uncountedCascades = [] } = result;
  return {
    ...counted(state, result),
    // Every other stop leaves work for the next slice.
    stopped: stopped === 'drained' || stopped === 'budget' ? stopped : undefined,
    estimatedLeft: result.estimatedLeft,
    unreadableCount: result.unreadableCount ?? state.unreadableCount,
    uncountedCascades: [...new Set([...(state.uncountedCascades ?? []), ...uncountedCascades])],
  };
}

/**
 * Closes the open slice with the ledger's count; a slice that did nothing is not listed. Undefined: the
 * database did not answer, and an unfinished target asks again later.
 */
export function withSettlement(state: TargetState, settled: SettledSlice | undefined): TargetState {
  if (settled === undefined) {
    return state.stopped === undefined
      ? { ...state, open: { ...state.open, isUnsettled: true } }
      : { ...closed(state), uncounted: state.open?.reported ?? 0 };
  }
  const { deletedCount, dependentsDeleted = 0, skippedLocked, seconds } = settled;
  const hasDoneNothing = deletedCount + dependentsDeleted + skippedLocked + seconds === 0;
  const next = counted(state, settled);
  return hasDoneNothing ? { ...next, slices: state.slices } : next;
}

/** Closes the open slice with what it did. */
function counted(state: TargetState, slice: SettledSlice & ListedSlice): TargetState {
  return {
    ...closed(state),
    slices: addSlice(state.slices, slice),
    // A slice that was stopped before its first chunk has no position of its own.
    resumeFrom: slice.resumeFrom ?? state.resumeFrom,
    remaining: addRemaining(state.remaining, slice.remaining),
  };
}

function closed(state: TargetState): TargetState {
  return { ...state, open: undefined, slice: state.slice + 1 };
}

/** The target's entry in the run's result. */
export function resultOf(state: TargetState): TargetResult {
  return {
    target: state.target,
    ...countsOf(state),
    slices: state.slices,
    // Only a cancelled run ends with unfinished targets.
    stopped: state.stopped ?? 'cancelled',
    ...findingsOf(state),
    estimatedLeft: state.estimatedLeft,
  };
}

/**
 * The target's entry in the answer to the query `progress`.
 *
 * @param live - what the running slice reported last; its counts are not in the state
 */
export function progressOf(
  state: TargetState,
  isRunning: boolean,
  live: SliceProgress | undefined,
  isDryRun: boolean,
): TargetProgress {
  const { target, stopped, awaiting, slices } = state;
  const unfinished = isRunning ? 'working' : 'waiting';
  return {
    target,
    state: stopped ?? (awaiting === undefined ? unfinished : 'awaiting-approval'),
    ...countsOf(state),
    slices: countSlices(slices),
    seconds: totalSeconds(slices),
    inHand: live,
    // A dry run leaves all rows.
    estimatedLeft: isDryRun ? undefined : estimateOf(state, live),
    awaiting,
    ...findingsOf(state),
  };
}

/** Fields that a result leaves out when they are empty. */
function findingsOf({ remaining, unreadableCount, uncountedCascades, uncounted }: TargetState) {
  return {
    remaining: remaining?.length === 0 ? undefined : remaining,
    unreadableCount: unreadableCount === 0 ? undefined : unreadableCount,
    uncountedCascades: uncountedCascades?.length === 0 ? undefined : uncountedCascades,
    uncounted: uncounted === undefined ? undefined : true,
  } as const;
}

/** The rows that are left. A sweep extrapolates from the share of the table that it has read. */
function estimateOf(state: TargetState, live: SliceProgress | undefined): number | undefined {
  if (state.stopped === 'drained') return total(state.remaining ?? [], 'rows');
  const fraction = live?.fraction ?? 0;
  if (state.estimatedLeft !== undefined || live === undefined || fraction === 0) {
    return state.estimatedLeft;
  }
  const deleted = countsOf(state).deletedCount + live.deletedCount;
  return Math.round((deleted * (1 - fraction)) / fraction);
}

function countsOf(
  state: TargetState,
): Pick<TargetResult, 'deletedCount' | 'dependentsDeleted' | 'skippedLocked'> {
  return {
    deletedCount: total(state.slices, 'deletedCount') + (state.uncounted ?? 0),
    dependentsDeleted: totalDependents(state.slices),
    skippedLocked: total(state.slices, 'skippedLocked'),
  };
}

/** Adds a slice; those before the last 20 become one entry, with the same totals. */
function addSlice(
  slices: readonly ListedSlice[],
  { way, deletedCount, dependentsDeleted, skippedLocked, seconds, waits }: ListedSlice,
): readonly ListedSlice[] {
  const slice = { way, deletedCount, dependentsDeleted, skippedLocked, seconds, waits };
  const all: ListedSlice[] = [...slices, slice];
  const [first, second, ...rest] = all;
  const listed = first?.folded === undefined ? all.length : all.length - 1;
  if (listed <= LISTED_SLICES || first === undefined || second === undefined) return all;
  return [fold(first, second), ...rest];
}

function fold(one: ListedSlice, other: ListedSlice): ListedSlice {
  const both = [one, other];
  const waits = new Map<Wait['reason'], Wait>();
  for (const { reason, seconds } of both.flatMap((slice) => slice.waits ?? [])) {
    const sum = inMilliseconds((waits.get(reason)?.seconds ?? 0) + seconds);
    waits.set(reason, { reason, seconds: sum });
  }
  return {
    folded: countSlices(both),
    deletedCount: total(both, 'deletedCount'),
    dependentsDeleted: totalDependents(both),
    skippedLocked: total(both, 'skippedLocked'),
    seconds: totalSeconds(both),
    waits: waits.size === 0 ? undefined : [...waits.values()],
  };
}

/** Adds up what remains, per reason and cause; the smallest of more than ten lose their causes. */
function addRemaining(
  known: readonly RemainingRows[] = [],
  added: readonly RemainingRows[] = [],
): readonly RemainingRows[] {
  const merged = mergeRemaining([...known, ...added]);
  if (merged.length <= LISTED_CAUSES) return merged;
  // Each reason may need one entry without a cause.
  const named = LISTED_CAUSES - new Set(merged.map(({ reason }) => reason)).size;
  const ordered = merged.toSorted((a, b) => b.rows - a.rows);
  const kept = ordered.filter(({ by }) => by !== undefined).slice(0, named);
  const others = ordered.filter((entry) => !kept.includes(entry));
  return mergeRemaining([...kept, ...others.map(({ reason, rows }) => ({ reason, rows }))]);
}

function mergeRemaining(entries: readonly RemainingRows[]): readonly RemainingRows[] {
  const merged = new Map<string, RemainingRows>();
  for (const entry of entries) {
    const key = JSON.stringify([entry.reason, entry.by]);
    merged.set(key, { ...entry, rows: entry.rows + (merged.get(key)?.rows ?? 0) });
  }
  return [...merged.values()];
}

function countSlices(slices: readonly ListedSlice[]): number {
  return slices.reduce((count, { folded = 1 }) => count + folded, 0);
}

/** The sum of deleted dependents; undefined: none. */
export function totalDependents(
  items: readonly Pick<TargetResult, 'dependentsDeleted'>[],
): number | undefined {
  const sum = items.reduce((all, { dependentsDeleted = 0 }) => all + dependentsDeleted, 0);
  return sum === 0 ? undefined : sum;
}

/** The sum of one field. */
export function total<Key extends string>(
  items: readonly Readonly<Record<Key, number>>[],
  key: Key,
): number {
  return items.reduce((sum, item) => sum + item[key], 0);
}

/** The sum of seconds, without the noise of adding fractions. */
export function totalSeconds(slices: readonly ListedSlice[]): number {
  return inMilliseconds(total(slices, 'seconds'));
}

function inMilliseconds(seconds: number): number {
  return Math.round(seconds * 1_000) / 1_000;
}
