import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import { toApplicationFailure } from '../../src/failures/translate.ts';
import { FAILURE, RETRYABLE_FAILURE } from '../../src/contract/failures.ts';
import { TEST_TARGET } from '../support/settings.ts';

/** All codes of PostgreSQL 18 (errcodes.txt), each with its condition and the decision. */
const DECISIONS = readFileSync(new URL('sqlstates.txt', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split(' '));

const FUNCTION = 'PL/pgSQL function audit() line 3 at SQL statement';

function decisionOn(code: string, fields: object = {}): string {
  const error = Object.assign(new Error('not read'), { code, ...fields });
  const failure = toApplicationFailure(error, TEST_TARGET, { target: 'sessions' });
  return `${failure.nonRetryable === true ? 'final' : 'retried'} ${failure.type}`;
}

describe('every SQLSTATE', () => {
  test('has a decision: final or retried, and a type', () => {
    expect(DECISIONS.length).toBe(262);
    expect(DECISIONS.map(([code = '', name]) => `${code} ${name} ${decisionOn(code)}`)).toEqual(
      DECISIONS.map((decision) => decision.join(' ')),
    );
  });

  test('is reported as that of a dependent object inside a trigger, unless it passes by itself', () => {
    for (const [code = '', , retried, type] of DECISIONS) {
      expect(`${code} ${decisionOn(code, { where: FUNCTION })}`).toBe(
        retried === 'retried' ? `${code} retried ${type}` : `${code} final DependentObject`,
      );
    }
  });
});

test('an unknown code is retried, and final where a function raises it', () => {
  expect(decisionOn('ZZ999')).toBe(`retried ${RETRYABLE_FAILURE.unexpected}`);
  expect(decisionOn('ZZ999', { where: FUNCTION, routine: 'exec_stmt_raise' })).toBe(
    `final ${FAILURE.dependentObject}`,
  );
});

describe('while a connection is made', () => {
  test.for([
    ['08P01', 'retried DatabaseUnavailable'],
    ['0A000', 'final RefusedConnection'],
    ['22023', 'final RefusedConnection'],
    ['28P01', 'final WrongLogin'],
    ['3D000', 'final NoDatabase'],
    ['42501', 'final NoRight'],
    ['42704', 'final RefusedConnection'],
    ['53300', 'retried DatabaseUnavailable'],
    ['55000', 'retried DatabaseUnavailable'],
    ['55P02', 'final RefusedConnection'],
    ['57P03', 'retried DatabaseUnavailable'],
  ])('%s: %s', ([code = '', decision]) => {
    expect(decisionOn(code, { isAtConnect: true })).toBe(decision);
  });

  test.for([
    ['unsupported startup parameter: search_path', 'final RefusedConnection'],
    ['no such database: gone', 'final NoDatabase'],
    ['server login has been failing', 'retried DatabaseUnavailable'],
  ])('PgBouncer says "%s": %s', ([message, decision]) => {
    expect(decisionOn('08P01', { message, isAtConnect: true })).toBe(decision);
  });
});
