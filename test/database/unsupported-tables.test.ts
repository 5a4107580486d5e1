import { describe, expect } from 'vitest';

import { FAILURE } from '../../src/contract/failures.ts';
import { openCleaner } from '../support/cleaner.ts';
import { test } from '../support/fixtures.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';

const CHILD = `create table devices (id uuid primary key, session uuid references sessions on delete cascade);
  insert into devices select id, id from sessions;`;
const NO_KEY = 'alter table sessions drop constraint sessions_pkey cascade;';

describe.for<{ readonly what: string; readonly sql: string; readonly says: RegExp }>([
  {
    what: 'a rule that replaces the deletion',
    sql: 'create rule soft as on delete to sessions do instead update sessions set user_agent = null where id = old.id',
    says: /"public"\."sessions" has the rule "soft" on DELETE/,
  },
  {
    what: 'a rule that follows the deletion',
    sql: 'create table log (id uuid); create rule logged as on delete to sessions do also insert into log values (old.id)',
    says: /has the rule "logged" on DELETE/,
  },
  {
    what: 'a rule on a table that a cascade reaches',
    sql: `${CHILD} create rule kept as on delete to devices do instead nothing`,
    says: /"public"\."devices", where a foreign key deletes rows, has the rule "kept" on DELETE/,
  },
  {
    what: 'a publication without replica identity',
    sql: `${NO_KEY} create publication changes for table sessions`,
    says: /in the publication "changes" and has no replica identity.*ALTER TABLE "public"\."sessions" REPLICA IDENTITY FULL/,
  },
  {
    what: 'a publication of all tables, with a replica identity of nothing',
    sql: 'alter table sessions replica identity nothing; create publication everything for all tables',
    says: /in the publication "everything"/,
  },
  {
    what: 'a published table that a cascade reaches',
    sql: `${CHILD} alter table devices drop constraint devices_pkey; create publication changes for table devices`,
    says: /"public"\."devices", .* is in the publication "changes"/,
  },
  {
    what: 'another table access method',
    sql: `create access method other type table handler heap_tableam_handler;
      create table moved using other as table sessions; drop table sessions; alter table moved rename to sessions`,
    says: /has the table access method "other", and only heap/,
  },
])('$what', ({ sql, says }) => {
  test('is refused by name, and nothing is deleted', async ({ database }) => {
    await fillSessions(database, { expired: 50, live: 50 });
    await database.sql(sql);
    await using cleaner = openCleaner(database);
    for (const attempt of [cleaner.clean, cleaner.preview]) {
      await expect(attempt()).rejects.toMatchObject({
        failure: FAILURE.unsupportedTable,
        message: expect.stringMatching(says),
      });
    }
    expect(await countSessions(database)).toEqual({ expired: 50, live: 50 });
  });
});

describe('does not stand against it:', () => {
  test.for([
    [
      'a disabled rule',
      `create rule soft as on delete to sessions do instead nothing;
      alter table sessions disable rule soft`,
    ],
    [
      'a rule of a child that adds a statement',
      `${CHILD} create table log (id uuid); create rule logged as on delete to devices do also insert into log values (old.id)`,
    ],
    ['a rule on INSERT', 'create rule soft as on insert to sessions do also select 1'],
    ['a publication with a primary key', 'create publication changes for table sessions'],
    [
      'a publication of no deletions',
      `${NO_KEY} create publication changes for table sessions with (publish = 'insert')`,
    ],
    [
      'a replica identity of all columns',
      `${NO_KEY} alter table sessions replica identity full;
      create publication changes for all tables`,
    ],
    [
      'an unlogged table, which no publication has',
      `${NO_KEY} alter table sessions set unlogged;
      create publication changes for all tables`,
    ],
  ] as const)('%s', async ([, sql], { database }) => {
    await fillSessions(database, { expired: 50, live: 50 });
    await database.sql(sql);
    await using cleaner = openCleaner(database);
    expect(await cleaner.clean()).toMatchObject({ deletedCount: 50 });
    expect(await countSessions(database)).toEqual({ expired: 0, live: 50 });
  });
});

test('a table that Citus distributes is refused by name', async ({ database }) => {
  await fillSessions(database, { expired: 50, live: 0 });
  await database.sql(`set allow_system_table_mods = on;
    create table pg_catalog.pg_dist_partition (logicalrelid regclass, partmethod "char");
    reset allow_system_table_mods`);
  await using cleaner = openCleaner(database);
  await database.sql("insert into pg_catalog.pg_dist_partition values ('pg_class', 'n')");
  expect(await cleaner.preview()).toMatchObject({ eligibleRows: 50 });
  await database.sql("insert into pg_catalog.pg_dist_partition values ('sessions', 'h')");
  await expect(cleaner.clean()).rejects.toMatchObject({
    failure: FAILURE.unsupportedTable,
    message: expect.stringContaining('distributed by Citus'),
  });
  expect(await countSessions(database)).toEqual({ expired: 50, live: 0 });
});
