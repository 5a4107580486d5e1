import fc from 'fast-check';
import { expect, test } from 'vitest';

import { nextChunkSize } from '../../src/deletion/work-queue.ts';

const BOUNDS = { initial: 128, smallest: 1, largest: 1024 };

const anySize = fc.integer({ min: BOUNDS.smallest, max: BOUNDS.largest });
const anyElapsed = fc.double({ min: 0, max: 1e6, noNaN: true });
const anyWanted = fc.integer({ min: 10, max: 1_000 });

test('the next size stays within its bounds and a factor of two for any measurement', () => {
  fc.assert(
    fc.property(anySize, anyElapsed, anyWanted, (size, elapsed, wanted) => {
      const next = nextChunkSize(size, elapsed, wanted, BOUNDS);
      expect(Number.isInteger(next)).toBe(true);
      expect(next).toBeGreaterThanOrEqual(Math.max(BOUNDS.smallest, Math.floor(size / 2)));
      expect(next).toBeLessThanOrEqual(Math.min(BOUNDS.largest, size * 2));
    }),
  );
});

test('a chunk that was too slow is followed by no larger one, a fast one by no smaller one', () => {
  fc.assert(
    fc.property(anySize, anyElapsed, anyWanted, (size, elapsed, wanted) => {
      const next = nextChunkSize(size, elapsed, wanted, BOUNDS);
      const change = Math.sign(next - size);
      expect([0, elapsed >= wanted ? -1 : 1]).toContain(change);
    }),
  );
});

test('the size settles on the time wanted, and recovers when the database does', () => {
  expect(settle(128, 0.2)).toBe(250);
  const whenSlow = settle(250, 10);
  expect(whenSlow).toBe(5);
  expect(settle(whenSlow, 0.2)).toBe(250);
});

/** The size after many chunks on a database of constant speed. */
function settle(from: number, millisecondsPerUnit: number): number {
  let size = from;
  for (let chunk = 0; chunk < 20; chunk += 1) {
    size = nextChunkSize(size, size * millisecondsPerUnit, 50, BOUNDS);
  }
  return size;
}
