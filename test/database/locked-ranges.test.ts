import fc from 'fast-check';
import { expect } from 'vitest';

import { asDisjoint, remember } from '../../src/deletion/locked-rows.ts';
import type { Range } from '../../src/deletion/route.ts';
import { openCleaner } from '../support/cleaner.ts';
import { test } from '../support/fixtures.ts';

const BLOCKS = { positionType: 'bigint' };
const EXPIRIES = { positionType: 'timestamptz' };
const RUNS = { numRuns: 40 };

const range = (from: number, to: number): Range => ({ from: String(from), to: String(to) });

/** Ranges in no order, of which many touch and overlap. */
const rangeLists = fc.array(
  fc
    .tuple(fc.nat({ max: 120 }), fc.integer({ min: 1, max: 12 }))
    .map(([from, length]) => range(from, from + length)),
  { minLength: 1, maxLength: 60 },
);

const blocksIn = ({ from, to }: Range): number[] =>
  Array.from({ length: Number(to) - Number(from) }, (_, index) => Number(from) + index);

const setOf = (ranges: readonly Range[]): Set<number> => new Set(ranges.flatMap(blocksIn));

test('ranges of all lanes merge in order and hold each block once', async ({ database }) => {
  await using cleaner = openCleaner(database);
  const em = cleaner.orm.em.fork();
  await fc.assert(
    fc.asyncProperty(rangeLists, async (ranges) => {
      const blocks = (await asDisjoint(em, BLOCKS, ranges, {})).flatMap(blocksIn);
      expect(blocks).toEqual([...setOf(ranges)].toSorted((a, b) => a - b));
    }),
    RUNS,
  );
});

test('what lies behind the position is left out, to the block', async ({ database }) => {
  await using cleaner = openCleaner(database);
  const em = cleaner.orm.em.fork();
  await fc.assert(
    fc.asyncProperty(rangeLists, fc.nat({ max: 130 }), async (ranges, position) => {
      const before = String(position);
      const left = setOf(await asDisjoint(em, BLOCKS, ranges, { before }));
      expect(left).toEqual(new Set([...setOf(ranges)].filter((block) => block < position)));
    }),
    RUNS,
  );
});

test('a full list is not made longer: what does not fit is not visited again', () => {
  let list: readonly Range[] = [];
  for (let block = 0; block < 40; block += 1) list = remember(list, range(block, block + 1));
  expect(list).toHaveLength(32);
  expect(remember(list, range(40, 41))).toBe(list);
});

test('expiries are ordered as instants, the lowest without a beginning', async ({ database }) => {
  await using cleaner = openCleaner(database);
  const em = cleaner.orm.em.fork();
  const [nine, ten] = ['2026-01-01T09:00:00+00:00', '2026-01-01T12:00:00.000001+02:00'];
  const ranges = [
    { from: nine, to: ten },
    { from: '0999-01-01T00:00:00+00:00', to: '2026-01-01T08:00:00+00:00' },
    { from: '', to: '1000-01-01T00:00:00+00:00' },
    { from: ten, to: 'infinity' },
  ];

  expect(await asDisjoint(em, EXPIRIES, ranges, {})).toEqual([
    { from: '', to: '2026-01-01T08:00:00+00:00' },
    { from: nine, to: ten },
    { from: ten, to: 'infinity' },
  ]);
  const before = '2026-01-01T10:00:00+00:00';
  expect(await asDisjoint(em, EXPIRIES, ranges, { before })).toEqual([
    { from: '', to: '2026-01-01T08:00:00+00:00' },
    { from: nine, to: before },
  ]);
  expect(await asDisjoint(em, EXPIRIES, ranges, { before: '' })).toEqual([]);
});
