import { ApplicationFailure } from '@temporalio/common';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { FAILURE } from '../../src/contract/failures.ts';
import { resolveCutoff } from '../../workflows/input.ts';

const workflowStart = new Date('2026-11-20T06:00:00.500Z');

describe('a cut-off that is not given', () => {
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

  test('is never after the start, for any scheduled time', () => {
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
  test('is taken over in UTC, to the microsecond', () => {
    expect(cutoff({ given: '2026-11-20T06:59:59.123456+01:00' })).toBe(
      '2026-11-20T05:59:59.123456Z',
    );
  });

  test('is refused when it cannot be read', () => {
    const { message } = refusalOf('2026-11-20');
    expect(message).toContain('cannot be read');
    expect(message).toContain('2026-11-20T07:00:00+01:00');
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
      expect(refusalOf(given).message).toContain('is later than the start of the run');
    },
  );

  test('wins over the scheduled start', () => {
    const scheduledStart = new Date('2026-11-20T00:00:00Z');
    expect(cutoff({ given: '2026-11-20T03:00:00Z', scheduledStart })).toBe(
      '2026-11-20T03:00:00.000Z',
    );
  });

  test('is not repeated at full length when it is refused', () => {
    expect(refusalOf('x'.repeat(10_000)).message.length).toBeLessThan(500);
  });
});

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
