import fc from 'fast-check';
import { expect, it } from 'vitest';

import { formatDuration, parseDuration } from '../../src/config/duration.ts';

it.each([
  ['0s', 0],
  ['1ms', 1],
  ['500ms', 500],
  ['20s', 20_000],
  ['5m', 300_000],
  ['6h', 21_600_000],
  ['1d', 86_400_000],
])('reads %s', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

it.each([
  '',
  '6',
  'h',
  '6 h',
  ' 6h',
  '6h ',
  '6H',
  '-6h',
  '+6h',
  '1.5h',
  '1h30m',
  '6hours',
  '1e3s',
  '0x10s',
  '٣h',
  '99999999999999999999d',
  'Infinityms',
  '6constructor',
])('refuses %j', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

it('reads back every duration that it writes', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10 ** 12 }), (milliseconds) => {
      expect(parseDuration(formatDuration(milliseconds))).toBe(milliseconds);
    }),
  );
});
