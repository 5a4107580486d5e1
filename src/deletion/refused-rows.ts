import { withSettings } from '../database/transaction.ts';
import { commitEntry, type ChunkEntry, type LaneAccount, type SlicePosition } from './account.ts';
import type { SliceWork } from './slice-work.ts';
import type { RemainingEntry } from './remaining.ts';
import type { Refusal } from './stretch.ts';

/**
 * After so many single rows in succession that PostgreSQL refuses for one reason, in a run that has deleted nothing, the
 * target cannot be cleaned.
 */
const MOST_REFUSED = 200;

/** Counts single rows that cannot be deleted, and ends a slice in which that is true of all. */
export class RefusedRows {
  readonly #isFirstSlice: boolean;
  #hasDeleted = false;
  #last = '';
  #inSuccession = 0;

  /** @param isFirstSlice - only that can know that nothing has been deleted */
  constructor(isFirstSlice: boolean) {
    this.#isFirstSlice = isFirstSlice;
  }

  /** To be called when rows have been deleted. */
  forget(): void {
    this.#hasDeleted = true;
  }

  /**
   * What to record for the row.
   *
   * @throws the database's error when everything is refused
   */
  count(refusal: Refusal): Omit<RemainingEntry, 'from'> {
    if (refusal.kind !== 'refused') return { reason: 'too-slow', rows: 1 };
    const { row, error } = refusal;
    const reason = JSON.stringify(row);
    this.#inSuccession = reason === this.#last ? this.#inSuccession + 1 : 1;
    this.#last = reason;
    if (this.#isFirstSlice && !this.#hasDeleted && this.#inSuccession >= MOST_REFUSED) throw error;
    return { ...row, rows: 1 };
  }
}

/** Commits an entry by itself. */
export async function recordEntry(
  { em, ledger, settings }: SliceWork,
  account: LaneAccount,
  entry: ChunkEntry,
  at: SlicePosition,
): Promise<void> {
  const local = { synchronous_commit: settings.asynchronousCommit ? 'off' : 'on' };
  await withSettings(em, local, async (tx) => {
    await ledger.record(tx, account, entry, at);
  });
  commitEntry(account, entry);
}
