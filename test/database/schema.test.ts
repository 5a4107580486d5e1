import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { MikroORM } from '@mikro-orm/postgresql';
import { expect } from 'vitest';

import { migrate, pendingMigrations } from '../../src/database/migrate.ts';
import { createOrm, ormOptions } from '../../src/database/orm.ts';
import { test } from '../support/fixtures.ts';
import { TEST_DATABASE_SETTINGS, TEST_TARGET } from '../support/settings.ts';
import type { TestDatabase } from '../support/test-database.ts';

const ALL = [
  '0001-create-ledger',
  '0002-create-sessions',
  '0003-extend-ledger',
  '0004-count-dependents',
  '0005-add-partition-to-ledger',
  '0006-mark-clean-slices',
];
const run = promisify(execFile);

const settingsOf = (database: TestDatabase, overrides: object = {}) => ({
  ...TEST_DATABASE_SETTINGS,
  url: database.url,
  ...overrides,
});

test('the migrated schema equals that of the entities', async ({ emptyDatabase }) => {
  const settings = settingsOf(emptyDatabase);
  await using orm = openOrm(settings);
  await migrate(orm.orm);
  const described = new MikroORM(ormOptions(settings));
  const difference = await described.schema.getUpdateSchemaSQL({ wrap: false });
  await described.close(true);
  expect(difference.trim()).toBe('');
});

test('repeated and concurrent migrations apply each one once', async ({ emptyDatabase }) => {
  const settings = settingsOf(emptyDatabase);
  await using one = openOrm(settings);
  await using two = openOrm(settings);
  const results = await Promise.all([migrate(one.orm), migrate(two.orm), migrate(one.orm)]);
  expect(results.flatMap((result) => result.applied).toSorted()).toEqual(ALL);
  expect(await migrate(one.orm)).toEqual({ applied: [] });
});

test('asking what is pending writes nothing', async ({ emptyDatabase }) => {
  const settings = settingsOf(emptyDatabase);
  await using orm = openOrm(settings);
  expect(await pendingMigrations(orm.orm, settings)).toEqual(ALL);
  const schemas = await emptyDatabase.sql(
    `select from information_schema.schemata where schema_name = 'session_cleanup'`,
  );
  expect(schemas).toHaveLength(0);
  await migrate(orm.orm);
  expect(await pendingMigrations(orm.orm, settings)).toEqual([]);
});

test('a table of sessions that is already there is left as it is', async ({ emptyDatabase }) => {
  await emptyDatabase.sql('create table sessions (sid text, expires_at timestamptz)');
  await emptyDatabase.sql(`insert into sessions values ('kept', now())`);
  await using orm = openOrm(settingsOf(emptyDatabase));
  await migrate(orm.orm);
  expect(await emptyDatabase.sql('select sid from sessions')).toEqual([{ sid: 'kept' }]);
});

test('for another table, only the ledger is created, in its schema', async ({ emptyDatabase }) => {
  const settings = settingsOf(emptyDatabase, {
    ownsSessionsTable: false,
    ledgerSchema: 'Über "x"',
  });
  await using orm = openOrm(settings);
  expect(await migrate(orm.orm)).toEqual({
    applied: ALL.filter((name) => name !== '0002-create-sessions'),
  });
  const tables = await emptyDatabase.sql(
    `select schemaname, tablename from pg_tables
     where schemaname not in ('pg_catalog', 'information_schema') order by 2`,
  );
  expect(tables).toEqual([
    { schemaname: 'Über "x"', tablename: 'session_cleanup_ledger' },
    { schemaname: 'Über "x"', tablename: 'session_cleanup_migrations' },
  ]);
});

test('a database that is not there is not created', async ({ emptyDatabase }) => {
  const address = new URL(emptyDatabase.url);
  address.pathname = '/no_such_database';
  await using orm = openOrm({ ...settingsOf(emptyDatabase), url: address.href });
  await expect(migrate(orm.orm)).rejects.toMatchObject({ code: '3D000' });
  const found = await emptyDatabase.sql(
    `select from pg_database where datname = 'no_such_database'`,
  );
  expect(found).toHaveLength(0);
});

test('MikroORM’s own commands find the migrations and the entities', async ({ database }) => {
  const mikroOrm = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await run(process.execPath, [CLI, ...args], {
      cwd: ROOT,
      env: { ...process.env, DATABASE_URL: database.url, NO_COLOR: '1' },
    });
    return stdout;
  };
  const [debug, list] = await Promise.all([mikroOrm('debug'), mikroOrm('migration:list')]);
  expect(debug).toMatch(/database connection successful/i);
  for (const name of ALL) expect(list).toContain(name);
});

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CLI = fileURLToPath(new URL('../../node_modules/@mikro-orm/cli/cli.js', import.meta.url));

function openOrm(settings: Parameters<typeof createOrm>[0]) {
  const orm = createOrm(settings, [TEST_TARGET]);
  return { orm, [Symbol.asyncDispose]: () => orm.close(true) };
}
