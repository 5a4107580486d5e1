import { describe, expect, it } from 'vitest';

import { InputError } from '../../src/cli/exit-code.ts';
import { parsePastInstant } from '../../src/cli/instant.ts';

const NOW = new Date('2026-11-20T12:00:00.000Z');

describe('an instant', () => {
  it.each([
    ['2026-11-20T06:00:00Z', '2026-11-20T06:00:00.000Z'],
    ['2026-11-20T07:00:00+01:00', '2026-11-20T06:00:00.000Z'],
    ['2026-11-20T06:00:00.123456Z', '2026-11-20T06:00:00.123Z'],
    ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z'],
    ['2026-11-20T12:00:00Z', '2026-11-20T12:00:00.000Z'],
  ])('is read from %s', (text, instant) => {
    expect(parsePastInstant('--from', text, NOW).toISOString()).toBe(instant);
  });

  it.each([
    '',
    'yesterday',
    '2026-11-20',
    '2026-11-20T06:00:00',
    '2026-11-20 06:00:00Z',
    '2026-02-30T06:00:00Z',
    '2026-11-20T24:00:00Z',
    '2026-11-20T06:00:00.1234567Z',
    '2026-11-20T06:00:00+1:00',
    '1795470835',
  ])('is not read from %j', (text) => {
    expect(() => parsePastInstant('--from', text, NOW)).toThrow(InputError);
    expect(() => parsePastInstant('--from', text, NOW)).toThrow(/^--from is .*Allowed: /);
  });

  it('is refused one millisecond into the future', () => {
    expect(() => parsePastInstant('--to', '2026-11-20T12:00:00.001Z', NOW)).toThrow(
      /lies in the future/,
    );
  });
});
