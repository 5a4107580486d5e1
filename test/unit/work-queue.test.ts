import fc from 'fast-check';
import { expect, test } from 'vitest';

import { createOrm } from '../../src/database/orm.ts';
import type { Range, Route } from '../../src/deletion/route.ts';
import { WorkQueue, type Claim } from '../../src/deletion/work-queue.ts';
import { TEST_DATABASE_SETTINGS } from '../support/settings.ts';

// The queue only hands the entity manager on to the route, and this route asks it nothing.
const { em } = createOrm({ ...TEST_DATABASE_SETTINGS, url: 'postgres://unused.invalid/none' }, []);

/** A route over the numbers below `end`. */
function route(end: number): Route {
  return {
    way: 'sweep',
    leaf: undefined,
    start: '0',
    end: String(end),
    bounds: { initial: 10, smallest: 1, largest: 100 },
    settings: {},
    cut: (_em, from, size) =>
      Promise.resolve(
        Number(from) >= end ? null : { from, to: String(Math.min(Number(from) + size, end)) },
      ),
    head: (_em, { from, to }, size) =>
      Promise.resolve(
        Number(to) - Number(from) <= size ? null : { from, to: String(Number(from) + size) },
      ),
    divide: () => Promise.resolve(null),
    lengthOf: ({ from, to }) => Number(to) - Number(from),
    sizeOf: (rows) => rows,
    rowsIn: (size) => size,
    within: () => ({ sql: 'true', params: [] }),
    isOutdated: () => Promise.resolve(false),
    remaining: (from) => end - Number(from),
    fraction: () => undefined,
  };
}

async function take(queue: WorkQueue, size: number): Promise<Claim | null> {
  const claim = await queue.claim(em, { size, lockMode: 'wait' });
  if (claim === 'indivisible') throw new Error('This route never is.');
  return claim;
}

const numbersIn = ({ from, to }: Range): number[] =>
  Array.from({ length: Number(to) - Number(from) }, (_, index) => Number(from) + index);

test('each number is finished once, and no position lies beyond an unfinished one', async () => {
  const step = fc.record({
    what: fc.constantFrom('claim', 'finish', 'split'),
    size: fc.integer({ min: 1, max: 9 }),
    which: fc.nat(),
  });
  await fc.assert(
    fc.asyncProperty(fc.nat(60), fc.array(step, { maxLength: 200 }), async (end, steps) => {
      const queue = new WorkQueue(route(end), '0');
      const held: Claim[] = [];
      const finished = new Set<number>();
      const finish = (claim: Claim): void => {
        const after = Number(queue.positionAfter(claim));
        for (const number of numbersIn(claim.range)) {
          expect(finished.has(number)).toBe(false);
          finished.add(number);
        }
        queue.finish(claim);
        expect(Number(queue.position)).toBe(after);
        for (let number = 0; number < after; number += 1) expect(finished.has(number)).toBe(true);
      };

      for (const { what, size, which } of steps) {
        const claim = held[which % Math.max(held.length, 1)];
        if (what === 'claim') {
          const next = await take(queue, size);
          if (next !== null) held.push(next);
        } else if (claim !== undefined) {
          held.splice(held.indexOf(claim), 1);
          const { from, to } = claim.range;
          if (what === 'finish') finish(claim);
          else {
            const middle = String(Math.floor((Number(from) + Number(to)) / 2));
            const pieces = [
              { ...claim, range: { from, to: middle } },
              { ...claim, range: { from: middle, to } },
            ];
            queue.giveBack(claim, pieces);
          }
        }
      }
      for (const claim of held) finish(claim);
      for (let claim = await take(queue, 5); claim !== null;) {
        finish(claim);
        claim = await take(queue, 5);
      }
      expect(finished.size).toBe(end);
      expect(queue.position).toBe(String(end));
    }),
  );
});

test('lanes that claim at the same moment get different ranges', async () => {
  const queue = new WorkQueue(route(30), '0');
  const claims = await Promise.all([1, 2, 3, 4].map(() => take(queue, 10)));
  expect(claims.map((claim) => claim?.range.from)).toEqual(['0', '10', '20', undefined]);
});
