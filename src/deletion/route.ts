import type { EntityManager } from '@mikro-orm/postgresql';
import type { Way } from '../contract/slice.ts';
import type { SqlFragment } from '../database/sql-fragment.ts';
import type { LocalSettings } from '../database/transaction.ts';
import type { ChunkBounds } from './chunk-size.ts';

/**
 * A stretch of the way through a table. Sweep: tuple addresses, from inclusive to exclusive. Drain:
 * expiries as text, from exclusive (empty: from the lowest) to inclusive.
 */
export interface Range {
  readonly from: string;
  readonly to: string;
}

/** A range that has been cut off. */
export interface Piece extends Range {
  /** True when it is known to hold no more than one expired row. */
  readonly isSingle?: boolean;
}

/** How one way goes through a table, chunk by chunk. */
export interface Route {
  readonly way: Way;
  /** Where a run that finds nothing in the ledger begins. */
  readonly start: string;
  /** Where the way ends, if it is known beforehand. */
  readonly end: string | undefined;
  /** SQL type in which positions are compared. */
  readonly positionType: string;
  readonly bounds: ChunkBounds;
  /** Planner settings for questions along this way. Never for a deletion: triggers and cascades would run under them. */
  readonly settings: LocalSettings;
  /**
   * The next stretch of about `size` after `from`; null when none is left. `indivisible`: more than `mostRows`
   * share one expiry.
   */
  cut(
    em: EntityManager,
    from: string,
    size: number,
    mostRows?: number,
  ): Promise<Piece | 'indivisible' | null>;
  /** The part of a range that a chunk of `size` takes; null: all of it, or the route cannot tell. */
  head(em: EntityManager, range: Range, size: number): Promise<Piece | null>;
  /** Divides a stretch in two. `single`: it holds one row; null: more rows, of one expiry. */
  divide(em: EntityManager, range: Range): Promise<readonly Piece[] | 'single' | null>;
  /** Length of a range in the unit of a chunk's size; undefined where that cannot be told. */
  lengthOf(range: Range): number | undefined;
  /** The size of a chunk that deletes no more than so many rows, as far as statistics tell; at least 1. */
  sizeOf(rows: number): number;
  /** The most rows that a chunk of `size` deletes, as far as statistics tell. */
  rowsIn(size: number): number;
  /** Condition for the rows of a stretch, to be joined with the one for expiry. */
  within(range: Range): SqlFragment;
  /** How much lies after `from`, in the unit of a chunk's size, if it can be told. */
  remaining(from: string): number | undefined;
  /** Whether the table has been written anew since: positions on this route mean nothing any more. */
  isOutdated(em: EntityManager): Promise<boolean>;
  /** Share of the way that lies before `position`, 0 to 1, if it can be told. */
  fraction(position: string): number | undefined;
}
