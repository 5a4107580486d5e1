import type { RemainingRows, Way } from '../contract/slice.ts';
import { type RemainingEntry, lockedRows, remainingRows } from './remaining-rows.ts';
import type { Range } from './route.ts';

/** One slice of one target in one run. */
export interface SliceKey {
  readonly runId: string;
  readonly target: string;
  readonly slice: number;
}

/** Where a slice stands in its way through the table. */
export interface SlicePosition {
  readonly way: Way;
  readonly position: string;
  readonly end?: string | undefined;
}

/** One lane's row in the ledger, as this attempt last wrote it. */
export interface LaneCheckpoint {
  readonly lane: number;
  readonly fence: number;
  deletedCount: number;
  skippedLocked: number;
  /** Ranges in which somebody held a lock when this lane came by, in order. */
  revisit: readonly Range[];
  /** Expired rows that stay. */
  remaining: readonly RemainingEntry[];
  /** The same as it stands in the ledger. */
  remainingWritten: readonly RemainingEntry[];
}

/** What a chunk adds to its lane's checkpoint. */
export interface ChunkEntry {
  readonly deletedCount: number;
  readonly skippedLocked: number;
  readonly revisit: readonly Range[];
  /** Left out: as the checkpoint has it. */
  readonly remaining?: readonly RemainingEntry[];
  readonly workedMilliseconds: number;
}

/** A slice that this attempt has taken over. */
export interface ClaimedSlice {
  readonly deadline: string;
  /** The same in the type of the target's expiry, as text. */
  readonly bound: string;
  readonly checkpoints: readonly LaneCheckpoint[];
  /** Where an earlier attempt came to; undefined for a fresh slice. */
  readonly reached: SlicePosition | undefined;
  /** Whether there were earlier attempts. */
  readonly isRetry: boolean;
  /** Time that these have worked. */
  readonly workedMilliseconds: number;
}

/** The final count of a slice. */
export interface SliceTotals {
  readonly deletedCount: number;
  readonly skippedLocked: number;
  readonly remaining: readonly RemainingRows[];
  readonly workedMilliseconds: number;
}

/** Takes over what an entry that has been committed says. */
export function applyEntry(checkpoint: LaneCheckpoint, entry: ChunkEntry): void {
  checkpoint.deletedCount += entry.deletedCount;
  checkpoint.skippedLocked += entry.skippedLocked;
  checkpoint.revisit = entry.revisit;
  checkpoint.remaining = entry.remaining ?? checkpoint.remaining;
  checkpoint.remainingWritten = checkpoint.remaining;
}

/** A lane's row in the ledger, as an attempt reads it. */
export interface LedgerRow {
  readonly lane: number;
  readonly fence: string;
  readonly deadline: string;
  readonly bound: string;
  readonly way: Way | null;
  readonly position: string;
  readonly end_position: string | null;
  readonly deleted_count: string;
  readonly skipped_locked: string;
  readonly revisit: readonly Range[];
  readonly remaining: readonly RemainingEntry[];
  readonly worked_milliseconds: string;
  readonly is_closed: boolean;
  readonly updated_at: string;
}

/** What says where a lane was. */
export type PositionRow = Pick<LedgerRow, 'way' | 'position' | 'end_position' | 'updated_at'>;

/** A lane's row in the ledger, as far as its totals need it. */
export interface TotalRow {
  readonly lane: number;
  readonly fence: string;
  readonly deleted_count: string;
  readonly skipped_locked: string;
  readonly remaining: readonly RemainingEntry[];
  readonly worked_milliseconds: string;
}

/** A lane's row in the ledger, as it is when its slice is settled. */
export type SettledRow = TotalRow & PositionRow & Pick<LedgerRow, 'deadline'>;

/** Totals over all lanes. */
export function totalOf(rows: readonly TotalRow[]): SliceTotals {
  return {
    deletedCount: rows.reduce((sum, row) => sum + Number(row.deleted_count), 0),
    skippedLocked: rows.reduce(
      (sum, row) => sum + Number(row.skipped_locked) + lockedRows(row.remaining),
      0,
    ),
    remaining: remainingRows(rows.flatMap((row) => row.remaining)),
    workedMilliseconds: workedIn(rows),
  };
}

/** Lanes work side by side. */
export function workedIn(rows: readonly Pick<TotalRow, 'worked_milliseconds'>[]): number {
  return Math.max(0, ...rows.map((row) => Number(row.worked_milliseconds)));
}

/**
 * Each row's position is a point before which everything has been visited, so any of them is safe to
 * go on from. The one written last saves the most reading; a sweep, which may have taken over from a
 * drain, wins over it.
 */
export function reachedBy(rows: readonly PositionRow[]): SlicePosition | undefined {
  const order = (row: PositionRow): string => `${row.way === 'sweep' ? 1 : 0} ${row.updated_at}`;
  const best = rows.reduce<PositionRow | undefined>((found, row) => {
    if (row.way === null) return found;
    return found === undefined || order(row) > order(found) ? row : found;
  }, undefined);
  if (best?.way == null) return undefined;
  return { way: best.way, position: best.position, end: best.end_position ?? undefined };
}
