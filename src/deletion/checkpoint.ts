import type { SettledSlice, Way } from '../contract/slice.ts';
import { lockedRows, remainingRows, type RemainingEntry } from './remaining-rows.ts';

/** One slice of one target in one run. */
export interface SliceKey {
  readonly runId: string;
  readonly target: string;
  readonly slice: number;
}

/** Position of a slice on its way through the table. */
export interface SlicePosition {
  readonly way: Way;
  readonly position: string;
  readonly end?: string | undefined;
  /** As in `ResumePoint`. */
  readonly leaf?: string | undefined;
}

/** One lane's row in the ledger, as this attempt last wrote it. */
export interface LaneCheckpoint {
  readonly lane: number;
  readonly fence: number;
  deletedCount: number;
  dependentsDeleted: number;
  /** Expired rows that stay. */
  remaining: readonly RemainingEntry[];
}

/** A slice that this attempt has taken over. */
export interface ClaimedSlice {
  readonly deadline: string;
  /** As in `ExpiredRows`. */
  readonly bound: string;
  readonly latest: string;
  readonly checkpoints: readonly LaneCheckpoint[];
  /** The position that earlier attempts reached; undefined for a fresh slice. */
  readonly reached: SlicePosition | undefined;
  readonly isRetry: boolean;
  /** Time that earlier attempts have worked. */
  readonly workedMilliseconds: number;
}

/** The final count of a slice. */
export type SliceTotals = Omit<SettledSlice, 'resumeFrom'>;

/** A lane's row in the ledger; PostgreSQL's driver returns a bigint as text. */
export interface LedgerRow {
  readonly lane: number;
  readonly fence: string;
  readonly deadline: string;
  readonly way: Way | null;
  readonly position: string;
  readonly end_position: string | null;
  readonly leaf: string | null;
  readonly deleted_count: string;
  readonly dependents_deleted: string;
  readonly remaining: readonly RemainingEntry[];
  readonly worked_milliseconds: string;
  readonly updated_at: string;
}

/** Totals over all lanes. */
export function totalOf(rows: readonly LedgerRow[]): SliceTotals {
  const entries = rows.flatMap((row) => row.remaining);
  const remaining = remainingRows(entries);
  const dependentsDeleted = rows.reduce((sum, row) => sum + Number(row.dependents_deleted), 0);
  return {
    deletedCount: rows.reduce((sum, row) => sum + Number(row.deleted_count), 0),
    ...(dependentsDeleted === 0 ? {} : { dependentsDeleted }),
    skippedLocked: lockedRows(entries),
    ...(remaining.length === 0 ? {} : { remaining }),
    seconds: workedIn(rows) / 1_000,
  };
}

/** Lanes work side by side. */
export function workedIn(rows: readonly LedgerRow[]): number {
  return Math.max(0, ...rows.map((row) => Number(row.worked_milliseconds)));
}

/** Of an unsigned 32-bit number. */
const OID_DIGITS = 10;

/**
 * Each row's position is a point before which everything has been visited, so any of them is safe to
 * continue from. The one written last saves the most reading; a sweep, which may have taken over from a
 * drain, wins over it, and a later partition over an earlier one.
 */
export function reachedBy(rows: readonly LedgerRow[]): SlicePosition | undefined {
  const order = ({ leaf, way, updated_at }: LedgerRow): string =>
    `${(leaf ?? '').padStart(OID_DIGITS, '0')} ${way === 'sweep' ? 1 : 0} ${updated_at}`;
  const [best] = rows
    .filter(({ way }) => way !== null)
    .toSorted((a, b) => (order(a) < order(b) ? 1 : -1));
  if (best?.way == null) return undefined;
  const { way, position, end_position: end, leaf } = best;
  return { way, position, end: end ?? undefined, leaf: leaf ?? undefined };
}
