import { ApplicationFailure } from '@temporalio/common';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { FAILURE } from '../../src/contract/failures.ts';
import { resolveCutoff } from '../../workflows/cutoff.ts';

const workflowStart = new Date('2026-11-20T06:00:00.500Z');

/** Instants that PostgreSQL and ISO 8601 can both write, up to the workflow's start. */
const pastInstants = fc.date({
  min: new Date('0001-01-03T00:00:00Z'),
  max: workflowStart,
  noInvalidDate: true,
});

describe('a cut-off that nobody gave', () => {
  test('is the start of the workflow', () => {
    expect(cutoff({})).toBe('2026-11-20T06:00:00.500Z');
  });

  test('is the scheduled start', () => {
    const scheduledStart = new Date('2026-11-20T00:00:00Z');
    expect(cutoff({ scheduledStart })).toBe('2026-11-20T00:00:00.000Z');
  });

  test.for([
    { slot: '2026-11-20T06:00:00.499Z', expected: '2026-11-20T06:00:00.499Z' },
    { slot: '2026-11-20T06:00:00.500Z', expected: '2026-11-20T06:00:00.500Z' },
    { slot: '2026-11-20T06:00:00.501Z', expected: '2026-11-20T06:00:00.500Z' },
  ])('is never later than the start: slot $slot gives $expected', ({ slot, expected }) => {
    expect(cutoff({ scheduledStart: new Date(slot) })).toBe(expected);
  });

  test('never lies after the start, whatever was scheduled', () => {
    fc.assert(
      fc.property(
        fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31') }),
        fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31') }),
        (scheduledStart, start) => {
          const instant = Date.parse(
            resolveCutoff({ given: undefined, scheduledStart, workflowStart: start }),
          );
          expect(instant).toBe(Math.min(scheduledStart.getTime(), start.getTime()));
        },
      ),
    );
  });
});

describe('a cut-off that was given', () => {
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
    expect(cutoff({ given })).toBe(expected);
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
  ])('is refused when it cannot be read: %j', (given) => {
    const failure = refusalOf(given);
    expect(failure.message).toContain('cannot be read');
    expect(failure.message).toContain('2026-11-20T07:00:00+01:00');
  });

  test('keeps every microsecond in every zone', () => {
    fc.assert(
      fc.property(
        pastInstants,
        fc.integer({ min: 0, max: 999 }),
        fc.integer({ min: -14 * 60, max: 14 * 60 }),
        (instant, microseconds, offsetMinutes) => {
          const given = write(instant, microseconds, offsetMinutes);
          const expected = `${instant.toISOString().slice(0, -1)}${String(microseconds).padStart(3, '0')}Z`;
          expect(cutoff({ given })).toBe(expected);
        },
      ),
    );
  });

  test('gives the same again when its own answer is given', () => {
    fc.assert(
      fc.property(pastInstants, fc.integer({ min: 0, max: 999 }), (instant, microseconds) => {
        const once = cutoff({ given: write(instant, microseconds, 0) });
        expect(cutoff({ given: once })).toBe(once);
      }),
    );
  });

  test.for(['2026-11-20T06:00:00.500Z', '2026-11-20T07:00:00.500+01:00'])(
    'may be the very start of the run: %s',
    (given) => {
      expect(cutoff({ given })).toBe('2026-11-20T06:00:00.500Z');
    },
  );

  test.for(['2026-11-20T06:00:00.501Z', '2026-11-20T07:00:00.501+01:00', '9999-12-31T23:59:59Z'])(
    'is refused when it lies after the start of the run: %s',
    (given) => {
      expect(refusalOf(given).message).toContain('lies after the start of this run');
    },
  );

  test('wins over the scheduled start', () => {
    const scheduledStart = new Date('2026-11-20T00:00:00Z');
    expect(cutoff({ given: '2026-11-20T03:00:00Z', scheduledStart })).toBe(
      '2026-11-20T03:00:00.000Z',
    );
  });

  test('is understood or refused, and never anything else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), nearlyInstants), (given) => {
        const outcome = attempt(given);
        return outcome instanceof ApplicationFailure
          ? outcome.type === FAILURE.invalidCutoff
          : Date.parse(outcome) <= workflowStart.getTime();
      }),
    );
  });

  test('is not repeated at full length when it is refused', () => {
    expect(refusalOf('x'.repeat(10_000)).message.length).toBeLessThan(500);
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

/** An instant as somebody in that zone writes it. */
function write(instant: Date, microseconds: number, offsetMinutes: number): string {
  const local = new Date(instant.getTime() + offsetMinutes * 60_000).toISOString();
  const ahead = Math.abs(offsetMinutes);
  const zone = `${offsetMinutes < 0 ? '-' : '+'}${two(Math.floor(ahead / 60))}:${two(ahead % 60)}`;
  return `${local.slice(0, -1)}${String(microseconds).padStart(3, '0')}${zone}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function cutoff(sources: { readonly given?: string; readonly scheduledStart?: Date }): string {
  const { given, scheduledStart } = sources;
  return resolveCutoff({ given, scheduledStart, workflowStart });
}

function attempt(given: string): string | ApplicationFailure {
  try {
    return cutoff({ given });
  } catch (error) {
    if (error instanceof ApplicationFailure) return error;
    throw error;
  }
}

function refusalOf(given: string): ApplicationFailure {
  const outcome = attempt(given);
  if (typeof outcome === 'string') throw new Error(`${given} was taken for ${outcome}`);
  expect(outcome).toMatchObject({ type: FAILURE.invalidCutoff, nonRetryable: true });
  return outcome;
}
