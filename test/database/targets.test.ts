import { describe, expect } from 'vitest';

import type { TargetConfig } from '../../src/config/config.ts';
import { FAILURE } from '../../src/contract/failures.ts';
import { openCleaner } from '../support/cleaner.ts';
import { test } from '../support/fixtures.ts';

const TABLE = { table: 'odd', expiresColumns: ['expiry'] };

describe.for<{
  readonly what: string;
  readonly sql: string;
  readonly target: Partial<TargetConfig>;
  readonly failure: string;
  readonly says: RegExp;
}>([
  {
    what: 'a table that is not there',
    sql: 'create table other (expiry timestamptz)',
    target: TABLE,
    failure: FAILURE.noTable,
    says: /table "odd" does not exist.*SESSION_CLEANUP_TABLE/,
  },
  {
    what: 'a schema that is not there',
    sql: 'create table odd (expiry timestamptz)',
    target: { ...TABLE, schema: 'nowhere' },
    failure: FAILURE.noTable,
    says: /"nowhere"\."odd"/,
  },
  {
    what: 'a column that is not there',
    sql: 'create table odd (expiry_date timestamptz, name text)',
    target: TABLE,
    failure: FAILURE.noColumn,
    says: /no column "expiry".*columns: expiry_date, name/,
  },
  {
    what: 'an integer without a configured unit',
    sql: `create table odd (expiry bigint); insert into odd values (1)`,
    target: TABLE,
    failure: FAILURE.wrongColumnType,
    says: /SESSION_CLEANUP_EXPIRES_TYPE to epoch-seconds or epoch-milliseconds/,
  },
  {
    what: 'text without a configured type',
    sql: `create table odd (expiry text); insert into odd values ('2020-01-01')`,
    target: TABLE,
    failure: FAILURE.wrongColumnType,
    says: /SESSION_CLEANUP_EXPIRES_TYPE to iso8601/,
  },
  {
    what: 'a representation that the column cannot hold',
    sql: `create table odd (expiry timestamptz); insert into odd values ('2020-01-01')`,
    target: { ...TABLE, expiresType: 'epoch-seconds' },
    failure: FAILURE.wrongColumnType,
    says: /timestamp with time zone, but SESSION_CLEANUP_EXPIRES_TYPE is epoch-seconds/,
  },
  {
    what: 'a column that holds no time at all',
    sql: 'create table odd (expiry boolean)',
    target: TABLE,
    failure: FAILURE.wrongColumnType,
    says: /boolean, which holds no expiry/,
  },
  {
    what: 'a view',
    sql: 'create view odd as select now() as expiry',
    target: TABLE,
    failure: FAILURE.unsupportedTable,
    says: /not a table/,
  },
  {
    what: 'a partitioned table',
    sql: `create table odd (expiry timestamptz) partition by range (expiry);
      create table odd_1 partition of odd default; insert into odd values ('2020-01-01')`,
    target: TABLE,
    failure: FAILURE.unsupportedTable,
    says: /is partitioned\. Set targets\.sessions\.partitions: rows in session-cleanup\.yaml/,
  },
  {
    what: 'a partitioned table with a foreign table',
    sql: `create foreign data wrapper nothing; create server elsewhere foreign data wrapper nothing;
      create table odd (expiry timestamptz) partition by range (expiry);
      create foreign table odd_1 partition of odd default server elsewhere`,
    target: { ...TABLE, partitions: 'rows' },
    failure: FAILURE.unsupportedTable,
    says: /its partition "public"\."odd_1" is a foreign table/,
  },
  {
    what: 'a partitioned table with another access method',
    sql: `create access method other type table handler heap_tableam_handler;
      create table odd (expiry timestamptz) partition by range (expiry);
      create table odd_1 partition of odd default using other`,
    target: { ...TABLE, partitions: 'rows' },
    failure: FAILURE.unsupportedTable,
    says: /its partition "public"\."odd_1" has the table access method "other"/,
  },
  {
    what: 'a table with children',
    sql: `create table odd (expiry timestamptz); create table child () inherits (odd);
      insert into child values ('2020-01-01')`,
    target: TABLE,
    failure: FAILURE.unsupportedTable,
    says: /child tables that inherit/,
  },
  {
    what: 'a name with a dot in it',
    sql: `create table "a.b" (expiry timestamptz); insert into "a.b" values ('2020-01-01')`,
    target: { ...TABLE, table: 'a.b' },
    failure: FAILURE.unsupportedTable,
    says: /dot in its name/,
  },
  {
    what: 'a table with a question mark in its name',
    sql: `create table "odd?" (expiry timestamptz); insert into "odd?" values ('2020-01-01')`,
    target: { ...TABLE, table: 'odd?' },
    failure: FAILURE.unsupportedTable,
    says: /"odd\?" .*question mark/,
  },
  {
    what: 'a column with a question mark in its name',
    sql: `create table odd ("expiry?" timestamptz); insert into odd values ('2020-01-01')`,
    target: { ...TABLE, expiresColumns: ['expiry?'] },
    failure: FAILURE.unsupportedTable,
    says: /column "expiry\?" has a question mark/,
  },
])('$what', ({ sql, target, failure, says }) => {
  test('is refused by name, with the remedy, and nothing is deleted', async ({ database }) => {
    await database.sql(sql);
    await using cleaner = openCleaner(database, { target });
    for (const attempt of [cleaner.clean, cleaner.preview]) {
      await expect(attempt()).rejects.toMatchObject({
        failure,
        message: expect.stringMatching(says),
      });
    }
    const tables = await database.sql<{ rows: string }>(
      `select count(*) as rows from session_cleanup.session_cleanup_ledger`,
    );
    expect(tables).toEqual([{ rows: '0' }]);
  });
});

describe.for(['sessions"; drop table keep; --', 'SELECT', 'two words', 'Größe', '🧹', "it's"])(
  'a table called %s',
  (name) => {
    test('is cleaned like every other, and its name is never SQL', async ({ database }) => {
      const quoted = `"${name.replaceAll('"', '""')}"`;
      await database.sql('create table keep (id int)');
      await database.sql(`create schema ${quoted}`);
      await database.sql(`create table ${quoted}.${quoted} (${quoted} timestamptz)`);
      await database.sql(`create index on ${quoted}.${quoted} (${quoted})`);
      await database.sql(
        `insert into ${quoted}.${quoted} values (now() - interval '1 s'), (now() + interval '1 h')`,
      );
      await using cleaner = openCleaner(database, {
        target: { schema: name, table: name, expiresColumns: [name] },
      });
      expect(await cleaner.clean()).toMatchObject({ deletedCount: 1 });
      expect(await database.sql(`select from ${quoted}.${quoted}`)).toHaveLength(1);
      expect(await database.sql('select from keep')).toHaveLength(0);
    });
  },
);

test('a domain counts as the type it is made of', async ({ database }) => {
  await database.sql('create domain instant as timestamptz check (value is not null)');
  await database.sql('create table odd (expiry instant)');
  await database.sql(`insert into odd values (now() - interval '1 s'), (now() + interval '1 h')`);
  await using cleaner = openCleaner(database, { target: TABLE });
  expect(await cleaner.clean()).toMatchObject({ deletedCount: 1 });
});

test('a row referenced without a cascade stays, counted with the key', async ({ database }) => {
  await database.sql('create table odd (id int primary key, expiry timestamptz)');
  await database.sql('create table child (odd_id int references odd)');
  await database.sql(`insert into odd values (1, now() - interval '1 s')`);
  await database.sql('insert into child values (1)');
  await using cleaner = openCleaner(database, { target: TABLE });
  expect(await cleaner.clean()).toMatchObject({
    deletedCount: 0,
    remaining: [{ reason: 'referenced', rows: 1, by: 'child_odd_id_fkey' }],
  });
  expect(await database.sql('select id from odd')).toEqual([{ id: 1 }]);
});
