import type { Way } from '../contract/slice.ts';
import type { SlicePosition, SliceTotals } from './checkpoint.ts';
import { lockedRows, remainingRows, type RemainingEntry } from './remaining-rows.ts';
import type { Range } from './route.ts';

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
