import type { EntityManager } from '@mikro-orm/postgresql';
import type { Way } from '../contract.ts';
import type { SqlFragment } from '../database/sql-fragment.ts';
import type { LocalSettings } from '../database/transaction.ts';
import type { ChunkBounds } from './chunk-size.ts';

/**
 * A stretch of the way through a table. Sweep: block numbers, from inclusive to exclusive. Drain:
 * expiries as text, from exclusive (empty: from the lowest) to inclusive.
 */
export interface Range {
  readonly from: string;
  readonly to: string;
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
  /** Planner settings that leave only the plan this way is about. */
  readonly settings: LocalSettings;
  /** The next stretch of about `size` after `from`; null when none is left. */
  cut(em: EntityManager, from: string, size: number): Promise<Range | null>;
  /** Divides a stretch in two, or returns null when it can't be divided. */
  halve(em: EntityManager, range: Range): Promise<readonly [Range, Range] | null>;
  /** Condition for the rows of a stretch, to be joined with the one for expiry. */
  within(range: Range): SqlFragment;
  /** How much lies after `from`, in the unit of a chunk's size, if it can be told. */
  remaining(from: string): number | undefined;
  /** Whether the table has been written anew since: positions on this route mean nothing any more. */
  isOutdated(em: EntityManager): Promise<boolean>;
  /** Share of the way that lies before `position`, 0 to 1, if it can be told. */
  fraction(position: string): number | undefined;
}
