import type { RemainingRows, Way } from '../contract/slice.ts';
import type { RemainingEntry } from './remaining-rows.ts';
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
export interface LaneAccount {
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

/** What a chunk adds to its lane's account. */
export interface ChunkEntry {
  readonly deletedCount: number;
  readonly skippedLocked: number;
  readonly revisit: readonly Range[];
  /** Left out: as the account has it. */
  readonly remaining?: readonly RemainingEntry[];
  readonly workedMilliseconds: number;
}

/** A slice that this attempt has taken over. */
export interface ClaimedSlice {
  readonly deadline: string;
  /** The same in the type of the target's expiry, as text. */
  readonly bound: string;
  readonly accounts: readonly LaneAccount[];
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
export function commitEntry(account: LaneAccount, entry: ChunkEntry): void {
  account.deletedCount += entry.deletedCount;
  account.skippedLocked += entry.skippedLocked;
  account.revisit = entry.revisit;
  account.remaining = entry.remaining ?? account.remaining;
  account.remainingWritten = account.remaining;
}
