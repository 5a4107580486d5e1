import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import { defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import { describe, expect, test } from 'vitest';

import { explainError, toApplicationFailure } from '../../src/failures/translate.ts';
import { TARGET_DEFAULTS, type TargetConfig } from '../../src/config/config.ts';
import { FAILURE, RETRYABLE_FAILURE } from '../../src/contract/failures.ts';
import { FinalDeletionError, SupersededError } from '../../src/failures/errors.ts';

const config: TargetConfig = {
  ...TARGET_DEFAULTS,
  name: 'logins',
  file: 'session-cleanup.yaml',
  schema: 'auth',
  table: 'sessions',
  expiresColumns: ['expires'],
};
const details = { target: 'logins', deletedSoFar: 12 };

/** What must never be seen outside the database. */
const SECRET = 'hunter2-token';

describe('what a person has to correct fails at once', () => {
  test.for([
    { code: '28000', type: FAILURE.wrongLogin, advice: 'DATABASE_URL' },
    { code: '28P01', type: FAILURE.wrongLogin, advice: 'DATABASE_URL' },
    { code: '3D000', type: FAILURE.noDatabase, advice: 'DATABASE_URL' },
    {
      code: '42P01',
      type: FAILURE.noTable,
      advice: 'targets.logins.table in session-cleanup.yaml',
    },
    { code: '3F000', type: FAILURE.noTable, advice: '"auth"."sessions"' },
    {
      code: '42501',
      type: FAILURE.noRight,
      advice: 'DELETE and UPDATE of one column on "auth"."sessions"',
    },
    {
      code: '42804',
      type: FAILURE.wrongColumnType,
      advice: 'targets.logins.expires.type in session-cleanup.yaml',
    },
    {
      code: '42883',
      type: FAILURE.wrongColumnType,
      advice: 'targets.logins.expires.type in session-cleanup.yaml',
    },
    { code: '22007', type: FAILURE.unreadableExpiry, advice: 'column "expires"' },
    { code: '22008', type: FAILURE.unreadableExpiry, advice: 'column "expires"' },
    { code: '22P02', type: FAILURE.unreadableExpiry, advice: 'column "expires"' },
    { code: '23503', type: FAILURE.referenced, advice: 'before "logins" in session-cleanup.yaml' },
    { code: '23514', type: FAILURE.dependentObject, advice: 'in a dependent object' },
    { code: 'P0001', type: FAILURE.dependentObject, advice: 'in a dependent object' },
    { code: '0A000', type: FAILURE.unsupportedTable, advice: 'ordinary table' },
    { code: '55000', type: FAILURE.unsupportedTable, advice: 'replica identity' },
    {
      code: '22023',
      type: FAILURE.unsupportedServer,
      advice: 'targets.logins.timeZone in session-cleanup.yaml',
    },
    { code: '42601', type: FAILURE.unsupportedServer, advice: 'PostgreSQL 14' },
    { code: 'XX002', type: FAILURE.corruptedData, advice: 'REINDEX' },
  ])('$code is $type', ({ code, type, advice }) => {
    const failure = translate(databaseError(code));
    expect(failure).toMatchObject({ type, nonRetryable: true });
    expect(failure.message).toContain(advice);
    expect(failure.message).toContain(code);
  });

  test('a missing column of the table differs from one of an old ledger', () => {
    const column = translate(databaseError('42703', 'column "expires" does not exist'));
    expect(column).toMatchObject({ type: FAILURE.noColumn, nonRetryable: true });
    expect(column.message).toContain('targets.logins.expires.column in session-cleanup.yaml');
    const ledger = translate(databaseError('42703', 'column "remaining" does not exist'));
    expect(ledger).toMatchObject({ type: FAILURE.noLedger, nonRetryable: true });
  });

  test('a missing ledger differs from a missing table', () => {
    const message = 'relation "session_cleanup.session_cleanup_ledger" does not exist';
    const failure = translate(databaseError('42P01', message));
    expect(failure).toMatchObject({ type: FAILURE.noLedger, nonRetryable: true });
    expect(failure.message).toContain('session-cleanup migrate');
  });

  test('a login without its password is a wrong login', () => {
    const failure = translate(
      new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string'),
    );
    expect(failure).toMatchObject({ type: FAILURE.wrongLogin, nonRetryable: true });
  });

  test('the settings of the default target have no name in them', () => {
    const failure = toApplicationFailure(
      databaseError('42P01'),
      { ...config, name: 'sessions' },
      details,
    );
    expect(failure.message).toContain('SESSION_CLEANUP_TABLE');
  });

  test('what the deletion itself found final keeps its words', () => {
    const error = new FinalDeletionError(FAILURE.unsupportedServer, 'PostgreSQL 13 is too old.');
    expect(translate(error)).toMatchObject({
      type: FAILURE.unsupportedServer,
      message: 'PostgreSQL 13 is too old.',
      nonRetryable: true,
    });
  });
});

describe('what passes by itself is retried', () => {
  const { cancelled, databaseUnavailable, superseded, unexpected } = RETRYABLE_FAILURE;

  test.for([
    { code: '57014', type: cancelled },
    { code: 'ECONNREFUSED', type: databaseUnavailable },
    { code: 'ECONNRESET', type: databaseUnavailable },
    { code: 'EPIPE', type: databaseUnavailable },
    { code: 'ETIMEDOUT', type: databaseUnavailable },
    { code: 'EHOSTUNREACH', type: databaseUnavailable },
    { code: 'ENOTFOUND', type: databaseUnavailable },
    { code: 'EAI_AGAIN', type: databaseUnavailable },
    { code: 'CERT_HAS_EXPIRED', type: databaseUnavailable },
    { code: 'DEPTH_ZERO_SELF_SIGNED_CERT', type: databaseUnavailable },
    { code: 'ERR_TLS_CERT_ALTNAME_INVALID', type: databaseUnavailable },
    { code: '99999', type: unexpected },
    { code: 'ERR_INVALID_ARG_TYPE', type: unexpected },
  ])('$code is $type', ({ code, type }) => {
    const failure = translate(databaseError(code));
    expect(failure).toMatchObject({ type, nonRetryable: false });
    expect(failure.message).toContain(code);
  });

  test.for([
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'timeout exceeded when trying to connect',
    'Query read timeout',
    'Client has encountered a connection error and is not queryable',
    'Client was closed and is not queryable',
    'The server does not support SSL connections',
  ])('a lost connection without a code, too: %s', (message) => {
    const failure = translate(new Error(message));
    expect(failure).toMatchObject({ type: databaseUnavailable, nonRetryable: false });
  });

  test.for(['57P03', '40001', '53100', 'ECONNREFUSED', '99999'])(
    'a slice that meets %s is reported as retried, a command has no slice',
    (code) => {
      const error = databaseError(code);
      expect(translate(error).message).toContain('The slice is retried');
      const { type, message } = explainError(error, config);
      expect(type).toBe(translate(error).type);
      expect(message).toContain(code);
      expect(message).not.toMatch(/slice|retried|commit/);
    },
  );

  test('the code may be that of the cause', () => {
    const error = new Error('no luck', { cause: databaseError('57P03') });
    expect(translate(error)).toMatchObject({ type: databaseUnavailable });
  });

  test('a defect is called one, with the places it came from and not its words', () => {
    const failure = translate(new TypeError(`cannot read ${SECRET}`));
    expect(failure).toMatchObject({ type: unexpected, nonRetryable: false });
    expect(failure.message).toMatch(/^session-cleanup: an unexpected error, .*\(TypeError\)$/);
    expect(failure.stack).toMatch(/\n {4}at .*translate-errors\.test\.ts/);
  });

  test.for([null, undefined, 'text', 7, {}])('even %j, thrown, is a failure', (thrown) => {
    expect(translate(thrown)).toMatchObject({ type: unexpected, nonRetryable: false });
  });

  test('what solves itself is logged quietly, an outage is not', () => {
    expect(translate(new SupersededError('newer'))).toMatchObject({
      type: superseded,
      nonRetryable: false,
      category: ApplicationFailureCategory.BENIGN,
    });
    expect(translate(databaseError('40P01')).category).toBe(ApplicationFailureCategory.BENIGN);
    expect(translate(databaseError('57P03')).category).not.toBe(ApplicationFailureCategory.BENIGN);
  });
});

describe('a failure', () => {
  test('reports what was deleted before', () => {
    expect(translate(databaseError('42P01')).details).toEqual([details]);
  });

  test('that is one already stays as it is', () => {
    const failure = ApplicationFailure.nonRetryable('as it is', 'Own');
    expect(translate(failure)).toBe(failure);
  });

  test.for([
    '22007',
    '23503',
    '23505',
    '42P01',
    '42703',
    '40001',
    '57P01',
    'ECONNREFUSED',
    '99999',
  ])('holds no value of a row and no address, whatever %s brings along', (code) => {
    const error = databaseError(code, `invalid input syntax: "${SECRET}"\n    at ${SECRET}:1:1`);
    Object.assign(error, {
      detail: `Key (token)=(${SECRET}) already exists.`,
      hint: SECRET,
      where: SECRET,
      query: `delete from sessions where token = '${SECRET}'`,
      parameters: [SECRET],
      address: SECRET,
      cause: new Error(SECRET),
    });
    const failure = translate(error);
    const inHistory = defaultFailureConverter.errorToFailure(failure, defaultPayloadConverter);
    expect(JSON.stringify(inHistory)).not.toContain(SECRET);
    expect(decodedDetails(failure)).not.toContain(SECRET);
    expect(`${failure.stack ?? ''} ${String(failure)} ${JSON.stringify(failure)}`).not.toContain(
      SECRET,
    );
    expect(failure.cause).toBeUndefined();
  });
});

function translate(error: unknown): ApplicationFailure {
  return toApplicationFailure(error, config, details);
}

/** An error as the driver throws it: the server's own fields copied onto it. */
function databaseError(code: string, message = `something with ${SECRET} in it`): Error {
  return Object.assign(new Error(message), { name: 'DriverException', code, severity: 'ERROR' });
}

function decodedDetails(failure: ApplicationFailure): string {
  return JSON.stringify(failure.details);
}
