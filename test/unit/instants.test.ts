import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { InputError } from '../../src/cli/errors.ts';
import { parsePastInstant } from '../../src/cli/options.ts';
import { parseInstant } from '../../src/contract/instants.ts';

/** Instants that PostgreSQL and ISO 8601 can both write. */
const instants = fc.date({
  min: new Date('0001-01-03T00:00:00Z'),
  max: new Date('9999-12-29T00:00:00Z'),
  noInvalidDate: true,
});

describe('an instant', () => {
  test.for([
    ['2026-11-20T06:00:00Z', '2026-11-20T06:00:00.000Z'],
    ['2026-11-20T06:00Z', '2026-11-20T06:00:00.000Z'],
    ['2026-11-20t06:00:00z', '2026-11-20T06:00:00.000Z'],
    ['2026-11-20T06:00:00.5Z', '2026-11-20T06:00:00.500Z'],
    ['2026-11-20T06:00:00,5Z', '2026-11-20T06:00:00.500Z'],
    ['2026-11-20T05:59:59.123456Z', '2026-11-20T05:59:59.123456Z'],
    ['2026-11-20T05:59:59.1234Z', '2026-11-20T05:59:59.1234Z'],
    // Nanoseconds, as Go writes them: cut off, so never later than what was meant.
    ['2026-11-20T05:59:59.123456789Z', '2026-11-20T05:59:59.123456Z'],
    ['2026-11-20T07:00:00+01:00', '2026-11-20T06:00:00.000Z'],
    ['2026-11-20T07:00:00+0100', '2026-11-20T06:00:00.000Z'],
    ['2026-11-20T07:00:00+01', '2026-11-20T06:00:00.000Z'],
    ['2026-11-19T20:30:00.000001-09:30', '2026-11-20T06:00:00.000001Z'],
    ['2026-11-20T06:00:00-00:00', '2026-11-20T06:00:00.000Z'],
    ['2024-02-29T12:00:00Z', '2024-02-29T12:00:00.000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
  ] as const)('%s means %s', ([given, expected]) => {
    expect(parseInstant(given)?.text).toBe(expected);
  });

  test.for([
    '',
    'now',
    'yesterday',
    '1763618400',
    '2026-11-20',
    '2026-11-20T06:00:00',
    '2026-11-20 06:00:00Z',
    ' 2026-11-20T06:00:00Z',
    '2026-11-20T06:00:00Z\n',
    '2026-11-20T06:00:00 Z',
    '2026-11-20T06:00:00Europe/Paris',
    '2026-13-01T00:00:00Z',
    '2026-00-10T00:00:00Z',
    '2026-11-31T00:00:00Z',
    '2026-02-29T00:00:00Z',
    '2026-11-20T24:00:00Z',
    '2026-11-20T05:60:00Z',
    // A leap second: PostgreSQL would take it for the next minute.
    '2026-06-30T23:59:60Z',
    '2026-11-20T06:00:00.Z',
    '2026-11-20T06:00:00+24:00',
    '2026-11-20T06:00:00+01:60',
    '0000-06-01T00:00:00Z',
    '0001-01-01T00:00:00+01:00',
    '+012026-11-20T06:00:00Z',
    '-000001-11-20T06:00:00Z',
    '２０２６-11-20T06:00:00Z',
    "2026-11-20T06:00:00Z'; drop table sessions",
  ])('%j is refused', (given) => {
    expect(parseInstant(given)).toBeUndefined();
  });

  test('keeps every microsecond in every zone', () => {
    fc.assert(
      fc.property(
        instants,
        fc.integer({ min: 0, max: 999 }),
        fc.integer({ min: -14 * 60, max: 14 * 60 }),
        (instant, microseconds, offsetMinutes) => {
          const text = `${instant.toISOString().slice(0, -1)}${String(microseconds).padStart(3, '0')}Z`;
          const expected = { text, milliseconds: instant.getTime() };
          expect(parseInstant(write(instant, microseconds, offsetMinutes))).toEqual(expected);
          expect(parseInstant(text)).toEqual(expected);
        },
      ),
    );
  });

  test('is read as a JavaScript date reads it, or refused', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), nearlyInstants), (given) => {
        const instant = parseInstant(given);
        return instant === undefined || instant.milliseconds === Date.parse(given);
      }),
    );
  });
});

describe('an instant of an option', () => {
  const now = new Date('2026-11-20T12:00:00.000Z');

  test('is refused with the name of the option and an example', () => {
    expect(() => parsePastInstant('--from', 'yesterday', now)).toThrow(
      expect.objectContaining({
        name: InputError.name,
        message: expect.stringMatching(/^--from: "yesterday" is not .* Use one /),
      }),
    );
  });

  test('lies in the past to the millisecond', () => {
    expect(parsePastInstant('--to', '2026-11-20T12:00:00Z', now).milliseconds).toBe(now.getTime());
    expect(() => parsePastInstant('--to', '2026-11-20T12:00:00.001Z', now)).toThrow(
      /is in the future/,
    );
  });
});

/** Text that is an instant, or nearly one. */
const nearlyInstants = fc
  .tuple(
    fc.constantFrom('2026', '0001', '9999', '26', '0000'),
    fc.integer({ min: 0, max: 13 }),
    fc.integer({ min: 0, max: 32 }),
    fc.integer({ min: 0, max: 25 }),
    fc.constantFrom('Z', '+01:00', '-15:59', '', 'CET', '+99:00'),
    fc.constantFrom('', ':30', ':61', ':00.1', ':00.1234567'),
  )
  .map(([year, month, day, hour, zone, seconds]) => {
    return `${year}-${two(month)}-${two(day)}T${two(hour)}:00${seconds}${zone}`;
  });

/** An instant as written in that zone. */
function write(instant: Date, microseconds: number, offsetMinutes: number): string {
  const local = new Date(instant.getTime() + offsetMinutes * 60_000).toISOString();
  const ahead = Math.abs(offsetMinutes);
  const zone = `${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(ahead / 60))}:${two(ahead % 60)}`;
  return `${local.slice(0, -1)}${String(microseconds).padStart(3, '0')}${zone}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
