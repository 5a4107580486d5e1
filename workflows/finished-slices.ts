/** What finished slices add up to, in bounded size: a run may have thousands of them. */
import type { ListedSlice } from '../src/contract/run.ts';
import type { RemainingRows, SliceSummary, Wait } from '../src/contract/slice.ts';

/** Slices that a result lists one by one. */
const LISTED = 20;

/** Entries of `remaining` that a result lists by their cause. */
const LISTED_CAUSES = 10;

/** Adds a slice; those before the last 20 become one entry, with the same totals. */
export function addSlice(
  slices: readonly ListedSlice[],
  { way, deletedCount, skippedLocked, seconds, waits }: Omit<SliceSummary, 'way'> & ListedSlice,
): readonly ListedSlice[] {
  const added: ListedSlice = {
    ...(way === undefined ? {} : { way }),
    deletedCount,
    skippedLocked,
    seconds,
    ...(waits === undefined ? {} : { waits }),
  };
  const all = [...slices, added];
  const [first, second, ...rest] = all;
  const listed = first?.folded === undefined ? all.length : all.length - 1;
  if (listed <= LISTED || first === undefined || second === undefined) return all;
  return [fold(first, second), ...rest];
}

function fold(one: ListedSlice, other: ListedSlice): ListedSlice {
  const waits = sumWaits([...(one.waits ?? []), ...(other.waits ?? [])]);
  return {
    folded: (one.folded ?? 1) + (other.folded ?? 1),
    deletedCount: one.deletedCount + other.deletedCount,
    skippedLocked: one.skippedLocked + other.skippedLocked,
    seconds: inMilliseconds(one.seconds + other.seconds),
    ...(waits.length === 0 ? {} : { waits }),
  };
}

function sumWaits(waits: readonly Wait[]): readonly Wait[] {
  const sums = new Map<Wait['reason'], number>();
  for (const { reason, seconds } of waits) sums.set(reason, (sums.get(reason) ?? 0) + seconds);
  return [...sums].map(([reason, seconds]) => ({ reason, seconds: inMilliseconds(seconds) }));
}

/** How many slices a list stands for. */
export function countSlices(slices: readonly ListedSlice[]): number {
  return slices.reduce((count, { folded = 1 }) => count + folded, 0);
}

/** Adds up what remains, per reason and cause; the smallest of more than ten lose their causes. */
export function addRemaining(
  known: readonly RemainingRows[] = [],
  added: readonly RemainingRows[] = [],
): readonly RemainingRows[] {
  const merged = mergeRemaining([...known, ...added]);
  if (merged.length <= LISTED_CAUSES) return merged;
  const ordered = merged.toSorted((a, b) => b.rows - a.rows);
  const reasons = new Set(merged.map(({ reason }) => reason)).size;
  // Each reason may need one entry without a cause.
  const kept = ordered.filter(({ by }) => by !== undefined).slice(0, LISTED_CAUSES - reasons);
  const folded = ordered
    .filter((entry) => !kept.includes(entry))
    .map(({ reason, rows }) => ({ reason, rows }));
  return mergeRemaining([...kept, ...folded]);
}

function mergeRemaining(entries: readonly RemainingRows[]): readonly RemainingRows[] {
  const merged = new Map<string, RemainingRows>();
  for (const entry of entries) {
    const key = JSON.stringify([entry.reason, entry.by]);
    merged.set(key, { ...entry, rows: entry.rows + (merged.get(key)?.rows ?? 0) });
  }
  return [...merged.values()];
}

/** The sum of one field. */
export function total<Key extends string>(
  items: readonly Readonly<Record<Key, number>>[],
  key: Key,
): number {
  return items.reduce((sum, item) => sum + item[key], 0);
}

/** The sum of seconds, without the noise of adding fractions. */
export function totalSeconds(slices: readonly ListedSlice[]): number {
  return inMilliseconds(total(slices, 'seconds'));
}

function inMilliseconds(seconds: number): number {
  return Math.round(seconds * 1_000) / 1_000;
}
