import { describe, expect, test } from 'vitest';

import { driverUrl } from '../../src/config/database-url.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { problemsOf } from '../support/config-problems.ts';

const URL_OF = 'postgres://app:s3cret@db.internal/app';

describe('parameters of DATABASE_URL', () => {
  test('of Prisma and of pools are accepted, and the driver does not see them', () => {
    const parameters =
      'schema=auth&connection_limit=5&pgbouncer=true&application_name=app&channel_binding=require';
    expect(problemsOf(() => loadConfig({ DATABASE_URL: `${URL_OF}?${parameters}` }))).toEqual([]);
    expect(driverUrl(`${URL_OF}?${parameters}&sslmode=verify-full&options=-c%20jit%3Doff`)).toBe(
      `${URL_OF}?sslmode=verify-full&options=-c+jit%3Doff`,
    );
  });

  test.for([
    ['ssl=true', 'sslmode=verify-full'],
    ['ssl=1', 'sslmode=verify-full'],
    ['ssl=no-verify', 'sslmode=no-verify'],
    ['ssl=true&sslmode=no-verify', 'sslmode=no-verify'],
    ['ssl=true&uselibpqcompat=true', 'uselibpqcompat=true&sslmode=verify-full'],
    ['sslmode=require', 'sslmode=verify-full'],
    ['sslmode=disable', 'sslmode=disable'],
  ] as const)('say how the connection is encrypted: %s', ([parameters, forDriver]) => {
    expect(problemsOf(() => loadConfig({ DATABASE_URL: `${URL_OF}?${parameters}` }))).toEqual([]);
    expect(driverUrl(`${URL_OF}?${parameters}`)).toBe(`${URL_OF}?${forDriver}`);
  });

  test('name the schema of every table that has none of its own', () => {
    const { database, targets } = loadConfig({
      DATABASE_URL: `${URL_OF}?schema=auth`,
      SESSION_CLEANUP_CONFIG: 'test/unit/fixtures/default-schema.yaml',
    });
    expect(database.defaultSchema).toBe('auth');
    const tables = targets.flatMap((target) => [target, ...target.dependents, ...target.unlink]);
    expect(tables.map(({ schema, table }) => [schema, table])).toEqual([
      ['auth', 'sessions'],
      ['auth', 'devices'],
      ['public', 'attributes'],
      ['auth', 'logins'],
      ['public', 'codes'],
    ]);
  });

  test.for([
    ['shcema=auth', 'did you mean schema?'],
    ['query_timeout=1', '"query_timeout"'],
    ['search_path=auth', '"search_path"'],
    ['sslmode=require&sslmode=disable', 'more than once'],
    ['schema=', 'empty schema'],
    ['ssl=false', 'write sslmode=disable'],
    ['ssl=0', 'write sslmode=disable'],
    ['ssl=', 'write sslmode=disable'],
    ['ssl=true&sslmode=disable', 'disables it by sslmode=disable'],
  ] as const)('that are not supported are refused: %s', ([parameters, words]) => {
    const problems = problemsOf(() => loadConfig({ DATABASE_URL: `${URL_OF}?${parameters}` }));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(words);
    expect(problems[0]).not.toContain('s3cret');
  });
});
