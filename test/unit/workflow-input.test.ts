import { isDeepStrictEqual } from 'node:util';

import { ApplicationFailure } from '@temporalio/common';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { FAILURE } from '../../src/contract/failures.ts';
import { checkInput, isContinued } from '../../workflows/input.ts';

describe("the workflow's input", () => {
  test.for([undefined, null, {}])('may be left out: %j', (input) => {
    expect(checkInput(input)).toEqual({});
  });

  test('may hold targets, a cut-off and dryRun', () => {
    const input = { targets: ['sessions', 'tokens'], cutoff: 'read later', dryRun: true };
    expect(checkInput(input)).toEqual(input);
  });

  test.for<{ readonly input: unknown; readonly problem: string }>([
    { input: 'sessions', problem: 'must be one JSON object or left out, and was "sessions"' },
    { input: 7, problem: 'and was 7' },
    { input: true, problem: 'and was true' },
    { input: ['sessions'], problem: 'and was ["sessions"]' },
    { input: { dryrun: true }, problem: '"dryrun" is unknown; known are targets, cutoff, dryRun' },
    { input: { constructor: 1 }, problem: '"constructor" is unknown' },
    { input: { dryRun: 'false' }, problem: 'dryRun must be true or false, and was "false"' },
    { input: { dryRun: 0 }, problem: 'dryRun must be true or false, and was 0' },
    { input: { dryRun: null }, problem: 'dryRun must be true or false, and was null' },
    { input: { cutoff: 1763618400 }, problem: 'cutoff must be text in ISO 8601' },
    { input: { cutoff: null }, problem: 'cutoff must be text in ISO 8601, and was null' },
    { input: { targets: 'sessions' }, problem: 'targets must be a list of target names' },
    { input: { targets: [] }, problem: 'targets must name a target, or be left out' },
    { input: { targets: [''] }, problem: 'targets must hold target names only' },
    { input: { targets: ['sessions', 1] }, problem: 'targets must hold target names only' },
    { input: { targets: ['a', 'b', 'a'] }, problem: 'targets must name each target once' },
  ])('is refused by name: $problem', ({ input, problem }) => {
    const failure = refusalOf(input);
    expect(failure.message).toContain(problem);
    expect(failure.message).toContain('Nothing was deleted');
  });

  test('is refused with all its problems at once', () => {
    const { message } = refusalOf({ dryrun: true, targets: [], cutoff: 5 });
    expect(message).toContain('dryrun');
    expect(message).toContain('targets');
    expect(message).toContain('cutoff');
  });

  test('is accepted or refused, for any JSON', () => {
    const nearly = fc.record(
      {
        targets: fc.oneof(fc.array(fc.string()), fc.jsonValue()),
        cutoff: fc.oneof(fc.string(), fc.jsonValue()),
        dryRun: fc.oneof(fc.boolean(), fc.jsonValue()),
        other: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), nearly), (input) => {
        const outcome = attempt(input);
        if (outcome instanceof ApplicationFailure) {
          return outcome.type === FAILURE.invalidInput && outcome.message.length < 1_000;
        }
        // What is accepted means exactly what was written.
        return isDeepStrictEqual(outcome, input ?? {});
      }),
    );
  });
});

describe('what one run carries over to the next', () => {
  test.for([undefined, null])('is nothing at first: %j', (carried) => {
    expect(isContinued(carried, undefined)).toBe(false);
    expect(isContinued(carried, 'run')).toBe(false);
  });

  test('is taken from a run that was continued', () => {
    expect(isContinued({ cutoff: 'c' }, 'run')).toBe(true);
  });

  test('is not accepted as input', () => {
    expect(() => isContinued({ cutoff: 'c' }, undefined)).toThrow('there were two');
  });
});

function attempt(input: unknown): ReturnType<typeof checkInput> | ApplicationFailure {
  try {
    return checkInput(input);
  } catch (error) {
    if (error instanceof ApplicationFailure) return error;
    throw error;
  }
}

function refusalOf(input: unknown): ApplicationFailure {
  const outcome = attempt(input);
  if (!(outcome instanceof ApplicationFailure)) throw new Error('The input was accepted.');
  expect(outcome).toMatchObject({ type: FAILURE.invalidInput, nonRetryable: true });
  return outcome;
}
