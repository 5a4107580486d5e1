import type { EntityManager } from '@mikro-orm/postgresql';
import { ask, withSettings } from '../database/transaction.ts';
import {
  commitEntry,
  type ChunkEntry,
  type ClaimedSlice,
  type LaneAccount,
  type SlicePosition,
} from './checkpoint.ts';
import type { ExpiryColumn } from '../targets/expiry.ts';
import type { SliceLedger } from './ledger.ts';
import type { SliceWork } from './slice-work.ts';
import type { RemainingEntry } from './remaining-rows.ts';
import type { Refusal } from './range.ts';

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

/**
 * Takes back what earlier attempts counted in ranges that this one visits again: all that start at or after the
 * position that was reached.
 */
export async function forgetAhead(
  em: EntityManager,
  ledger: SliceLedger,
  { accounts, reached }: ClaimedSlice,
  expiry: ExpiryColumn,
): Promise<void> {
  const ahead = accounts.flatMap(({ remaining }) => remaining.flatMap(({ from }) => from ?? []));
  if (reached === undefined || ahead.length === 0) return;
  const type = reached.way === 'drain' ? expiry.sqlType : 'bigint';
  const [found] = await ask<{ visited: readonly string[] | null }>(
    em,
    {},
    {
      sql: `select json_agg(at) as visited from jsonb_array_elements_text(?::jsonb) at
      where coalesce(nullif(at, '')::${type} < nullif(?, '')::${type}, at < ?)`,
      params: [JSON.stringify(ahead), reached.position, reached.position],
    },
  );
  const visited = new Set(found?.visited ?? []);
  await withSettings(em, { synchronous_commit: 'off' }, async (tx) => {
    for (const account of accounts) {
      const { revisit } = account;
      const remaining = account.remaining.filter(
        ({ from }) => from === undefined || visited.has(from),
      );
      const entry = {
        deletedCount: 0,
        skippedLocked: 0,
        revisit,
        remaining,
        workedMilliseconds: 0,
      };
      account.remaining = remaining;
      await ledger.record(tx, account, entry, reached);
    }
  });
  for (const account of accounts) account.remainingWritten = account.remaining;
}
