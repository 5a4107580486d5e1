/** Repeatable random numbers: everything random in these tests comes from one printed seed. */
import { createHash } from 'node:crypto';

/** A source of numbers that is the same for the same seed. */
export interface Random {
  /** A number from `least` to below `most`. */
  between(least: number, most: number): number;
  /** A whole number from 0 to below `count`. */
  below(count: number): number;
  /**
   * The moments of `count` events in a run, as shares of its work, in order: at random, but neither
   * at the very beginning nor at the end, so that the run is active at each.
   */
  moments(count: number): readonly number[];
}

/** @param name - tests of the same seed don't share their numbers */
export function seededRandom(seed: number, name: string): Random {
  let state = createHash('sha256').update(`${seed}:${name}`).digest().readUInt32LE();
  const next = (): number => {
    // Mulberry32: small, and good enough to pick moments by.
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const between = (least: number, most: number): number => least + next() * (most - least);
  return {
    between,
    below: (count) => Math.floor(next() * count),
    moments: (count) => Array.from({ length: count }, () => between(0.02, 0.85)).toSorted(byValue),
  };
}

function byValue(a: number, b: number): number {
  return a - b;
}
