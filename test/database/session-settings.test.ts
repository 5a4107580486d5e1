/** What ALTER ROLE and ALTER DATABASE can set, and what others put into a schema of the search_path. */
import { describe, expect } from 'vitest';

import type { ExpiryType } from '../../src/config/expiry-types.ts';
import { migrate, pendingMigrations } from '../../src/database/migrate.ts';
import { createOrm } from '../../src/database/orm.ts';
import { check, named } from '../support/check.ts';
import { forceWay, openCleaner } from '../support/cleaner.ts';
import { test } from '../support/fixtures.ts';
import { fillSessions } from '../support/sessions.ts';
import { TEST_DATABASE_SETTINGS } from '../support/settings.ts';
import type { TestDatabase } from '../support/test-database.ts';

/** Settings that change how a statement is read, how an answer is written, or what it may take. */
const SETTINGS: Readonly<Record<string, string>> = {
  standard_conforming_strings: 'off',
  backslash_quote: 'off',
  escape_string_warning: 'off',
  transform_null_equals: 'on',
  datestyle: "'German, DMY'",
  intervalstyle: 'sql_standard',
  timezone: "'Asia/Kathmandu'",
  extra_float_digits: '-15',
  bytea_output: 'escape',
  xmlbinary: 'hex',
  quote_all_identifiers: 'on',
  search_path: "''",
  default_transaction_isolation: 'serializable',
  default_transaction_deferrable: 'on',
  statement_timeout: "'1s'",
  lock_timeout: "'1s'",
  idle_in_transaction_session_timeout: "'5s'",
  enable_indexscan: 'off',
  enable_seqscan: 'off',
  enable_tidscan: 'off',
  jit_above_cost: '0',
  row_security: 'off',
  array_nulls: 'off',
};

const KINDS: readonly {
  readonly type: string;
  readonly expiresType: ExpiryType;
  /** The column's value for an instant. */
  readonly value: (instant: string) => string;
}[] = [
  { type: 'timestamptz', expiresType: 'timestamptz', value: (instant) => instant },
  {
    type: 'timestamp',
    expiresType: 'timestamp',
    value: (instant) => `(${instant}) at time zone 'Europe/Berlin'`,
  },
  ...(['bigint', 'numeric', 'double precision'] as const).map((type) => ({
    type,
    expiresType: 'epoch-milliseconds' as const,
    value: (instant: string) => `(extract(epoch from ${instant}) * 1000)::${type}`,
  })),
  {
    type: 'integer',
    expiresType: 'epoch-seconds',
    value: (instant) => `extract(epoch from ${instant})::integer`,
  },
  {
    type: 'text',
    expiresType: 'iso8601',
    value: (instant) =>
      `to_char((${instant}) at time zone 'Europe/Berlin', 'YYYY-MM-DD"T"HH24:MI:SS.MS')`,
  },
];

/** Half of the rows expired an hour ago, the other half lives for an hour. */
async function fillOdd(database: TestDatabase, kind: (typeof KINDS)[number]): Promise<void> {
  await database.sql(`create table public.odd (id int, expiry ${kind.type})`);
  const instant = `now() + case when i % 2 = 0 then interval '1 hour' else -interval '1 hour' end`;
  await database.sql(
    `insert into public.odd select i, ${kind.value(instant)} from generate_series(1, 400) i`,
  );
}

async function expectExact(database: TestDatabase, expiresType: ExpiryType): Promise<void> {
  const target = {
    schema: 'public',
    table: 'odd',
    expiresColumns: ['expiry'],
    expiresType,
    timeZone: 'Europe/Berlin',
  };
  const findings = await check(database, target);
  expect(findings.filter(({ level }) => level === 'error')).toEqual([]);
  expect(named(findings, 'clock')).toMatchObject({ level: 'ok' });
  expect(named(findings, 'expiry-unit')).toMatchObject({ level: 'ok' });
  await using cleaner = openCleaner(database, { target });
  expect(await cleaner.preview()).toMatchObject({ eligibleRows: 200 });
  expect(await cleaner.clean()).toMatchObject({ deletedCount: 200 });
  const rows = await database.sql<{ id: number }>('select id from public.odd');
  expect(rows.filter(({ id }) => id % 2 === 1)).toEqual([]);
  expect(rows).toHaveLength(200);
}

describe.for(KINDS)('an expiry in $type', (kind) => {
  test('is read alike when every setting of the database is another one', async ({ database }) => {
    await fillOdd(database, kind);
    for (const [name, value] of Object.entries(SETTINGS)) {
      await database.sql(`alter database ${database.name} set ${name} = ${value}`);
    }
    await expectExact(database, kind.expiresType);
  });
});

test.for(Object.keys(SETTINGS))(
  '%s of the database changes nothing by itself',
  async (name, { database }) => {
    const text = KINDS.at(-1);
    if (text === undefined) throw new Error('There is no kind.');
    await fillOdd(database, text);
    await database.sql(`alter database ${database.name} set ${name} = ${SETTINGS[name]}`);
    await expectExact(database, 'iso8601');
  },
);

/** Functions, operators and types that take precedence over PostgreSQL's own, and report their use. */
async function plantOverloads(database: TestDatabase, withOperators = true): Promise<void> {
  const run = async (sql: string): Promise<void> => void (await database.sql(sql));
  const body = `language plpgsql as $$ begin raise exception 'A function of another role was called.'; end $$`;
  for (const [name, parameters, returns] of [
    ['make_interval', 'secs integer', 'interval'],
    ['now', '', 'timestamptz'],
    ['clock_timestamp', '', 'timestamptz'],
    ['to_char', 'timestamp, varchar', 'text'],
    ['to_char', 'timestamp, text', 'text'],
    ['timezone', 'text, timestamptz', 'timestamp'],
    ['timezone', 'text, timestamp', 'timestamptz'],
    ['count', 'integer', 'bigint'],
    ['floor', 'numeric', 'numeric'],
    ['to_timestamp', 'double precision', 'timestamptz'],
    ['to_regclass', 'text', 'regclass'],
    ['current_setting', 'text', 'text'],
    ['set_config', 'text, text, boolean', 'text'],
    ['pg_relation_size', 'oid', 'bigint'],
    ['pg_advisory_xact_lock', 'bigint', 'void'],
    ['gen_random_uuid', '', 'uuid'],
    ['has_table_privilege', 'oid, text', 'boolean'],
    ['has_schema_privilege', 'oid, text', 'boolean'],
    ['pg_has_role', 'name, text', 'boolean'],
    ['format_type', 'oid, integer', 'text'],
    ['generate_series', 'integer, integer', 'setof integer'],
  ]) {
    await run(`create function public.${name}(${parameters}) returns ${returns} ${body}`);
  }
  const types = ['timestamptz', 'text', 'bigint', 'integer', 'oid', 'name', 'timestamp'];
  for (const type of withOperators ? types : []) {
    await run(`create function public.compare_${type}(${type}, ${type}) returns boolean ${body}`);
    for (const operator of ['=', '<', '<=', '>', '>=']) {
      await run(
        `create operator public.${operator} (leftarg = pg_catalog.${type}, rightarg = pg_catalog.${type}, function = public.compare_${type})`.replace(
          /pg_catalog\.(bigint|integer|timestamp)(?=[,)])/g,
          '$1',
        ),
      );
    }
  }
  for (const table of ['pg_class', 'pg_attribute', 'pg_settings', 'pg_locks']) {
    await run(`create table public.${table} (nothing int)`);
  }
  // The table of MikroORM's migrator has a timestamptz, which it does not qualify.
  if (withOperators) await run('create domain public.timestamptz as pg_catalog.text');
  await run('create domain public.jsonb as pg_catalog.text');
  await run(`alter database ${database.name} set search_path = public, pg_catalog`);
}

test.for(['sweep', 'drain'] as const)(
  'objects of another role in the search_path take part in no command (%s)',
  async (way, { database, emptyDatabase }) => {
    await fillSessions(database, { expired: 500, live: 500 });
    await plantOverloads(database);
    await forceWay(database, way);
    const findings = await check(database);
    expect(findings.filter(({ level }) => level === 'error')).toEqual([]);
    await using cleaner = openCleaner(database, { target: { approvalShare: 0.9 } });
    expect(await cleaner.preview()).toMatchObject({ eligibleRows: 500 });
    const cutoff = "'infinity'::pg_catalog.timestamptz";
    expect(await cleaner.clean({ cutoff })).toMatchObject({ way, deletedCount: 500 });

    // The migrator of MikroORM compares texts in statements of its own, which cannot be changed.
    await plantOverloads(emptyDatabase, false);
    const settings = { ...TEST_DATABASE_SETTINGS, url: emptyDatabase.url };
    const orm = createOrm(settings, []);
    await using _ = { [Symbol.asyncDispose]: () => orm.close(true) };
    expect(await pendingMigrations(orm, settings)).toHaveLength(6);
    expect((await migrate(orm)).applied).toHaveLength(6);
    expect(await pendingMigrations(orm, settings)).toEqual([]);
  },
);
