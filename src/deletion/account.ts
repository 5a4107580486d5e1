import type { Way } from '../contract.ts';
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
}

/** What a chunk adds to its lane's account. */
export interface ChunkEntry {
  readonly deletedCount: number;
  readonly skippedLocked: number;
  readonly revisit: readonly Range[];
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
}

/** The final count of a slice. */
export interface SliceTotals {
  readonly deletedCount: number;
  readonly skippedLocked: number;
  readonly workedMilliseconds: number;
}
