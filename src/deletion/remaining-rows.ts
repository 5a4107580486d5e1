import type { RemainingReason, RemainingRows } from '../contract/slice.ts';
import { sqlState } from '../database/transaction.ts';
import type { Range } from './route.ts';

/**
 * Why a chunk was rolled back: a lock was not to be had in time, it would have held its own too long, or
 * PostgreSQL refuses the deletion of one of its rows.
 */
export type Refusal =
  | { readonly kind: 'locked' | 'slow' }
  | { readonly kind: 'refused'; readonly row: RowRefusal; readonly error: unknown };

/** Ranges with locked rows that a lane visits again; each visit costs as much as the first one. */
const MOST_RETRIED = 32;

/** Expired rows that were visited and stay, as a lane's row in the ledger holds them. */
export interface RemainingEntry {
  readonly reason: RemainingReason | 'locked';
  readonly rows: number;
  readonly by?: string;
  /**
   * Start of their range, as long as an earlier range is unfinished: an attempt that continues from there visits
   * and counts them again.
   */
  readonly from?: string;
  /** End of a range with locked rows, which is to be visited again: that replaces all of its entries. */
  readonly to?: string;
  /** Of a partition that is done: whatever begins again does not visit them. */
  readonly isSettled?: true;
}

/** An entry of {@link RemainingEntry} whose range is to be visited again. */
export type RetriedEntry = RemainingEntry & Range;

/** The ranges to be visited again. */
export function retriedIn(entries: readonly RemainingEntry[]): readonly RetriedEntry[] {
  return entries.filter(
    (entry): entry is RetriedEntry =>
      entry.reason === 'locked' && entry.to !== undefined && entry.rows > 0,
  );
}

/** The entries of partitions that are done. */
export function settledIn(entries: readonly RemainingEntry[]): readonly RemainingEntry[] {
  return entries.filter(({ isSettled }) => isSettled);
}

/** All entries, once their partition is done. */
export function settled(entries: readonly RemainingEntry[]): readonly RemainingEntry[] {
  const final = entries.map(({ from: _from, to: _to, ...entry }) => ({
    ...entry,
    isSettled: true as const,
  }));
  return addUp(final, []);
}

/** Rows of one range that stay. */
export type StayingRows = Omit<RemainingEntry, 'from' | 'to' | 'isSettled'>;

/** The entries for rows of `range` that stay, to be added to `list`; where that is full, none is visited again. */
export function entriesOf(
  staying: readonly StayingRows[],
  { from, to }: Range,
  list: readonly RemainingEntry[],
): readonly RemainingEntry[] {
  const isRetried = lockedRows(staying) > 0 && retriedIn(list).length < MOST_RETRIED;
  return staying.map((rows) => ({ ...rows, from, ...(isRetried ? { to } : {}) }));
}

/** Why PostgreSQL refuses to delete a row. */
export type RowRefusal = Pick<RemainingRows, 'reason' | 'by'>;

/**
 * Adds up entries that cannot be visited again: those whose range starts before each of `positions`, from one of
 * which the next attempt would continue.
 */
export function addUp(
  entries: readonly RemainingEntry[],
  positions: readonly string[],
): readonly RemainingEntry[] {
  const sums = new Map<string, RemainingEntry>();
  for (const entry of entries) {
    const { from, ...final } = entry;
    const isFinal =
      entry.to === undefined &&
      (from === undefined || positions.every((position) => isBefore(from, position)));
    const key = JSON.stringify([entry.reason, entry.by, entry.isSettled, isFinal ? null : from]);
    const rows = (sums.get(key)?.rows ?? 0) + entry.rows;
    sums.set(key, { ...(isFinal ? final : entry), rows });
  }
  return [...sums.values()];
}

/** Sums per reason and cause, over all lanes; without the locked ones. */
export function remainingRows(entries: readonly RemainingEntry[]): readonly RemainingRows[] {
  const finals = entries.map(({ reason, rows, by }) => ({
    reason,
    rows,
    ...(by === undefined ? {} : { by }),
  }));
  return addUp(finals, []).flatMap(({ reason, ...entry }) =>
    reason === 'locked' ? [] : [{ reason, ...entry }],
  );
}

/** How many of them are locked. */
export function lockedRows(entries: readonly RemainingEntry[]): number {
  return entries.reduce((sum, { reason, rows }) => sum + (reason === 'locked' ? rows : 0), 0);
}

/** Whether a position lies before another one; false where that is not certain. */
export function isBefore(one: string, other: string): boolean {
  if (one === '') return other !== '';
  const [a, b] = [Number(one), Number(other)];
  if (other !== '' && !Number.isNaN(a) && !Number.isNaN(b)) return a < b;
  return microseconds(one) < microseconds(other);
}

/** A JavaScript Date ends at milliseconds. */
function microseconds(instant: string): number {
  const fraction = /[.]\d{3}(\d+)/.exec(instant)?.[1] ?? '';
  return Date.parse(instant) * 1_000 + Number(fraction.padEnd(3, '0'));
}

/** A foreign key; what a trigger raises; other constraints, of the tables that the deletion changes as well. */
const REFUSED = /^(23|P0001$|44000$|27000$)/;

/** PL/pgSQL names the function in the error's context, in every language of the server by this word. */
const FUNCTION = /PL\/pgSQL \S+ ([\w$."]+)\(/;

/** What a deletion's error says about a row that must stay; undefined for all other errors. */
export function rowRefusalIn(error: unknown): RowRefusal | undefined {
  const state = sqlState(error);
  if (state === undefined || !REFUSED.test(state)) return undefined;
  const raisedIn = FUNCTION.exec(fieldOf(error, 'where') ?? '')?.[1];
  if (raisedIn !== undefined || !state.startsWith('23')) {
    return { reason: 'kept-by-trigger', ...(raisedIn === undefined ? {} : { by: raisedIn }) };
  }
  const by = fieldOf(error, 'constraint') ?? fieldOf(error, 'table');
  return { reason: 'referenced', ...(by === undefined ? {} : { by }) };
}

function fieldOf(error: unknown, name: string): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

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
