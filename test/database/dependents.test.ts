import { describe, expect } from 'vitest';

import { FAILURE } from '../../src/contract/failures.ts';
import {
  addChildren,
  beginInsert,
  child,
  chooseWay,
  countRowsOf,
  createChildren,
  openWaitingCleaner,
  untilBlocked,
  type ForeignKeyKind,
} from '../support/children.ts';
import { cleanInAttempts, openCleaner } from '../support/cleaner.ts';
import { test } from '../support/fixtures.ts';
import { openActivities } from '../support/mock-activity.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import { TEST_TARGET } from '../support/settings.ts';
import type { TestDatabase } from '../support/test-database.ts';

const target = { dependents: [child('devices')] } as const;

/** Counts what each statement deletes from `devices`, and by which transaction. */
async function logDeletions(database: TestDatabase): Promise<void> {
  await database.sql('create table deletions (transaction xid8, rows int)');
  await database.sql(
    `create function log_deletion() returns trigger language plpgsql as $$ begin
       insert into public.deletions select pg_current_xact_id(), count(*) from gone having count(*) > 0;
       return null; end $$`,
  );
  await database.sql(
    `create trigger logged after delete on devices referencing old table as gone
       for each statement execute function log_deletion()`,
  );
}

describe.for(['sweep', 'drain'] as const)('%s', (way) => {
  test.for<ForeignKeyKind>(['cascade', 'no action', 'deferred', 'deferred cascade'])(
    'dependents of expired rows go with them and are counted apart (%s)',
    async (kind, { database }) => {
      await fillSessions(database, { expired: 2_000, live: 100 });
      await createChildren(database, kind);
      await addChildren(database, 3, { where: 'true' });
      await chooseWay(database, way);
      await using cleaner = openCleaner(database, { target });

      expect(await cleaner.preview()).toMatchObject({
        eligibleRows: 2_000,
        dependents: ['"public"."devices"'],
      });
      expect(await cleaner.clean()).toMatchObject({
        way,
        deletedCount: 2_000,
        dependentsDeleted: 6_000,
        skippedLocked: 0,
        stopped: 'drained',
      });

      expect(await countSessions(database)).toEqual({ expired: 0, live: 100 });
      expect(await countRowsOf(database, 'devices')).toBe(300);
    },
  );

  test('dependents are counted once in any number of attempts', async ({ database }) => {
    await fillSessions(database, { expired: 10_000, live: 100 });
    await createChildren(database);
    await addChildren(database, 2, { where: 'true' });
    await chooseWay(database, way);
    await using cleaner = openCleaner(database, { target });

    const outcome = await cleanInAttempts(cleaner, 200, (chunks) => chunks % 2 === 1);

    expect(outcome).toMatchObject({ way, deletedCount: 10_000, dependentsDeleted: 20_000 });
    expect(await countSessions(database)).toEqual({ expired: 0, live: 100 });
    expect(await countRowsOf(database, 'devices')).toBe(200);
  }, 60_000);

  test('a row that a trigger refuses to delete keeps its dependents', async ({ database }) => {
    await fillSessions(database, { expired: 8, live: 5 });
    await createChildren(database);
    await addChildren(database, 2);
    await database.sql(
      `update sessions set user_id = 'kept' where id in (select id from sessions where expires_at <= now() limit 3)`,
    );
    await database.sql(
      `create function guard() returns trigger language plpgsql as $$ begin
         if old.user_id = 'kept' then raise exception 'kept'; end if; return old; end $$`,
    );
    await database.sql(
      'create trigger guarded before delete on sessions for each row execute function guard()',
    );
    await chooseWay(database, way);
    await using cleaner = openCleaner(database, { target });

    expect(await cleaner.clean()).toMatchObject({
      ...{ way, deletedCount: 5, dependentsDeleted: 10 },
      remaining: [{ reason: 'kept-by-trigger', rows: 3, by: 'guard' }],
    });

    expect(await countSessions(database)).toEqual({ expired: 3, live: 5 });
    expect(await countRowsOf(database, 'devices')).toBe(6);
  });

  test('a row with very many dependents is deleted in short transactions', async ({ database }) => {
    await fillSessions(database, { expired: 50, live: 5 });
    await createChildren(database, 'cascade');
    await addChildren(database, 1);
    await addChildren(database, 300_000, {
      where: 'id = (select id from sessions where expires_at <= now() order by id limit 1)',
    });
    await logDeletions(database);
    await chooseWay(database, way);
    await using cleaner = openCleaner(database, { target, settings: { lanes: 2 } });

    expect(await cleaner.clean()).toMatchObject({
      way,
      deletedCount: 50,
      dependentsDeleted: 300_050,
      stopped: 'drained',
    });

    const [log] = await database.sql<{ largest: number; sum: number }>(
      `select max(rows)::int as largest, sum(rows)::int as sum
       from (select sum(rows) as rows from deletions group by transaction) as transactions`,
    );
    expect(log?.sum).toBe(300_050);
    expect(log?.largest).toBeLessThanOrEqual(100_000);
    expect(await countRowsOf(database, 'devices')).toBe(0);
  }, 120_000);
});

test('a stop between two batches keeps the count of those before it', async ({ database }) => {
  await fillSessions(database, { expired: 1, live: 5 });
  await createChildren(database);
  await addChildren(database, 400);
  await database.sql(
    `create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.001); return old; end $$`,
  );
  await database.sql(
    'create trigger slow before delete on devices for each row execute function slow()',
  );
  await using cleaner = openCleaner(database, { target });
  let stopsAt = 0;
  const hooks = {
    onProgress: ({ dependentsDeleted = 0 }) => void (stopsAt = dependentsDeleted),
    shouldStop: () => (stopsAt > 0 ? ('handed-over' as const) : undefined),
  };

  const first = await cleaner.clean({ runId: 'run', hooks });
  const left = await countRowsOf(database, 'devices');

  expect(first).toMatchObject({ deletedCount: 0, stopped: 'handed-over' });
  expect(left).toBeGreaterThan(0);
  expect(first.dependentsDeleted).toBe(400 - left);
  const { resumeFrom } = first;
  if (resumeFrom === undefined) throw new Error('The slice has no position.');
  expect(await cleaner.clean({ runId: 'run', slice: 1, resumeFrom })).toMatchObject({
    deletedCount: 1,
    dependentsDeleted: left,
  });
}, 60_000);

describe('a dependent that is inserted while its row is being deleted', () => {
  test.for<ForeignKeyKind>(['cascade', 'no action'])(
    'goes with it, counted, once it is committed (%s)',
    async (kind, { database }) => {
      await fillSessions(database, { expired: 20, live: 5 });
      await createChildren(database, kind);
      const { client } = await beginInsert(database);
      await using cleaner = openWaitingCleaner(database, { target });
      const cleaning = cleaner.clean();
      await untilBlocked(database);
      await client.query('commit');
      expect(await cleaning).toMatchObject({ deletedCount: 20, dependentsDeleted: 1 });
      expect(await countRowsOf(database, 'devices')).toBe(0);
      expect(await countSessions(database)).toEqual({ expired: 0, live: 5 });
    },
  );

  test.for<ForeignKeyKind>(['cascade', 'no action'])(
    'keeps the row as a locked one as long as it is not (%s)',
    async (kind, { database }) => {
      await fillSessions(database, { expired: 20, live: 5 });
      await createChildren(database, kind);
      await addChildren(database, 1);
      const { client } = await beginInsert(database);
      await using cleaner = openCleaner(database, { target });
      expect(await cleaner.clean()).toMatchObject({
        deletedCount: 19,
        dependentsDeleted: 19,
        skippedLocked: 1,
      });
      await client.query('commit');
      expect(await countRowsOf(database, 'devices')).toBe(2);
      expect(await countSessions(database)).toEqual({ expired: 1, live: 5 });
    },
  );

  test.for<ForeignKeyKind>(['deferred', 'deferred cascade'])(
    'is refused by PostgreSQL at its commit (%s)',
    async (kind, { database }) => {
      await fillSessions(database, { expired: 20, live: 5 });
      await createChildren(database, kind);
      const { client } = await beginInsert(database);
      await using cleaner = openCleaner(database, { target });
      const outcome = await cleaner.clean();
      expect(outcome).toMatchObject({ deletedCount: 20 });
      expect(outcome).not.toHaveProperty('dependentsDeleted');
      await expect(client.query('commit')).rejects.toMatchObject({ code: '23503' });
    },
  );
});

test('a renewed row keeps its dependents', async ({ database }) => {
  await fillSessions(database, { expired: 20, live: 0 });
  await createChildren(database, 'cascade');
  await addChildren(database, 1);
  const client = await database.connect();
  await client.query('begin');
  await client.query(
    `update sessions set expires_at = now() + interval '1 hour'
     where id = (select id from sessions order by id limit 1)`,
  );
  await using cleaner = openWaitingCleaner(database, { target });
  const cleaning = cleaner.clean();
  await untilBlocked(database);
  await client.query('commit');
  expect(await cleaning).toMatchObject({ deletedCount: 19, dependentsDeleted: 19 });
  expect(await countSessions(database)).toEqual({ expired: 0, live: 1 });
  expect(await countRowsOf(database, 'devices')).toBe(1);
});

test('a locked dependent keeps its row and all its dependents', async ({ database }) => {
  await fillSessions(database, { expired: 20, live: 5 });
  await createChildren(database);
  await addChildren(database, 2);
  const client = await database.connect();
  await client.query('begin');
  await client.query('select from devices order by session_id limit 1 for update');
  await using cleaner = openCleaner(database, { target });
  expect(await cleaner.clean()).toMatchObject({
    deletedCount: 19,
    dependentsDeleted: 38,
    skippedLocked: 1,
  });
  await client.query('rollback');
  expect(await countSessions(database)).toEqual({ expired: 1, live: 5 });
  expect(await countRowsOf(database, 'devices')).toBe(2);
});

test('a row that a trigger changes when its dependents go is deleted as well', async ({
  database,
}) => {
  await fillSessions(database, { expired: 200, live: 5 });
  await createChildren(database);
  await addChildren(database, 2);
  await database.sql(
    `create function uncount() returns trigger language plpgsql as $$ begin
       update public.sessions set user_agent = 'fewer' where id = old.session_id; return old; end $$`,
  );
  await database.sql(
    'create trigger uncounted after delete on devices for each row execute function uncount()',
  );
  await using cleaner = openCleaner(database, { target });
  const outcomes = [await cleaner.clean(), await cleaner.clean()];
  // An update may move a row out of the range that a chunk reads.
  const sum = outcomes.reduce((all, { deletedCount }) => all + deletedCount, 0);
  expect(sum).toBe(200);
  expect(outcomes[0]).toMatchObject({ dependentsDeleted: 400 });
  expect(outcomes[1]).not.toHaveProperty('dependentsDeleted');
  expect(await countSessions(database)).toEqual({ expired: 0, live: 5 });
});

test('several tables are emptied in their order', async ({ database }) => {
  await fillSessions(database, { expired: 100, live: 5 });
  await createChildren(database);
  await database.sql(
    `create table logins (session_id uuid references sessions, device uuid references devices)`,
  );
  await addChildren(database, 1, { where: 'true' });
  await database.sql('insert into logins select session_id, id from devices');
  const dependents = [child('logins'), child('devices')];
  await using cleaner = openCleaner(database, { target: { dependents } });
  expect(await cleaner.clean()).toMatchObject({ deletedCount: 100, dependentsDeleted: 200 });
  expect(await countRowsOf(database, 'logins')).toBe(5);
  expect(await countRowsOf(database, 'devices')).toBe(5);
});

test('columns without a foreign key relate rows, all of them together', async ({ database }) => {
  await fillSessions(database, { expired: 100, live: 5 });
  await database.sql(
    `alter table sessions add user_session_id varchar(36), add offline_flag varchar(4)`,
  );
  await database.sql(`update sessions set user_session_id = id::text, offline_flag = '1'`);
  await database.sql(
    `create table clients (user_session_id varchar(36), offline_flag varchar(4), expires_at int)`,
  );
  await database.sql(
    `insert into clients select user_session_id, flag from sessions cross join (values ('0'), ('1')) flags (flag)`,
  );
  const columns = ['user_session_id', 'offline_flag'].map((name) => ({
    child: name,
    parent: name,
  }));
  const dependents = [{ schema: undefined, table: 'clients', columns }];
  await using cleaner = openCleaner(database, { target: { dependents } });
  expect(await cleaner.clean()).toMatchObject({ deletedCount: 100, dependentsDeleted: 100 });
  expect(await countRowsOf(database, 'clients')).toBe(110);
});

test('another foreign key of a dependent table still keeps rows', async ({ database }) => {
  await fillSessions(database, { expired: 10, live: 5 });
  await createChildren(database);
  await database.sql('alter table devices add moved_from uuid references sessions');
  await addChildren(database, 1, { where: 'true' });
  await database.sql(
    `update devices set moved_from = (select min(id::text)::uuid from sessions where expires_at <= now())
     where session_id in (select id from sessions where expires_at > now())`,
  );
  await using cleaner = openCleaner(database, { target: { ...target, unlessReferenced: true } });
  expect(await cleaner.clean()).toMatchObject({
    deletedCount: 9,
    remaining: [{ reason: 'referenced', rows: 1, by: 'devices_moved_from_fkey' }],
  });
  expect(await countSessions(database)).toEqual({ expired: 1, live: 5 });
});

test('a settled slice has the count of its dependents', async ({ database }) => {
  await fillSessions(database, { expired: 20, live: 5 });
  await createChildren(database);
  await addChildren(database, 2);
  const targets = [{ ...TEST_TARGET, ...target }];
  await using activities = openActivities(database.url, { targets });
  const counts = { deletedCount: 20, dependentsDeleted: 40 };
  const attempt = activities.attempt({});
  expect(await attempt.result).toMatchObject(counts);
  expect(attempt.heartbeats.at(-1)).toMatchObject(counts);
  expect(await activities.settle({})).toMatchObject(counts);
  expect(await activities.attempt({}).result).toMatchObject({ ...counts, stopped: 'handed-over' });
});

describe('a dependent table that cannot be used is refused by name', () => {
  test.for([
    ['no such table', 'select', {}, FAILURE.noTable, /dependents.*"devices" does not exist/],
    [
      'no such column',
      'create table devices (id int)',
      {},
      FAILURE.noColumn,
      /"public"\."devices" has no column "session_id"\. Its columns: id\./,
    ],
    [
      'a type that cannot be compared',
      'create table devices (session_id int)',
      {},
      FAILURE.wrongColumnType,
      /"session_id" is of type integer and "id" of type uuid/,
    ],
    [
      'a view',
      'create view devices as select id as session_id from sessions',
      {},
      FAILURE.unsupportedTable,
      /"public"\."devices" is not an ordinary table/,
    ],
    [
      'a rule',
      `create table devices (session_id uuid);
       create rule nothing as on delete to devices do instead nothing`,
      {},
      FAILURE.unsupportedTable,
      /"public"\."devices" has the rule "nothing" on DELETE/,
    ],
    [
      'no replica identity',
      `create table devices (session_id uuid); create publication published for table devices`,
      {},
      FAILURE.unsupportedTable,
      /"public"\."devices" is in the publication "published" and has no replica identity/,
    ],
    [
      'no key to refer to',
      `create table devices (session_id uuid); alter table sessions drop constraint sessions_pkey`,
      {},
      FAILURE.unsupportedTable,
      /has no primary key of one column\. Name the column that it refers to: columns: \{ session_id:/,
    ],
    [
      'the table itself',
      'alter table sessions add session_id uuid',
      { dependents: [child('sessions')] },
      FAILURE.unsupportedTable,
      /is the target's own table/,
    ],
    [
      'a cascade from it into rows that may be live',
      `create table devices (id uuid primary key, session_id uuid);
       create table tokens (device uuid references devices on delete cascade, expires_at timestamptz)`,
      {},
      FAILURE.unsafeCascade,
      /of "public"\."tokens" \(with an expiry of its own/,
    ],
  ] as const)('%s', async ([, sql, overrides, failure, message], { database }) => {
    await fillSessions(database, { expired: 10, live: 5 });
    await database.sql(sql);
    await using cleaner = openCleaner(database, { target: { ...target, ...overrides } });
    await expect(cleaner.clean()).rejects.toMatchObject({
      failure,
      message: expect.stringMatching(message),
    });
    expect(await countSessions(database)).toEqual({ expired: 10, live: 5 });
  });
});

test('a cascade into a dependent table with an expiry needs no permission', async ({
  database,
}) => {
  await fillSessions(database, { expired: 10, live: 5 });
  await createChildren(database, 'cascade');
  await database.sql(`alter table devices add expires_at timestamptz default 'infinity'`);
  await addChildren(database, 1, { where: 'true' });
  await using cleaner = openCleaner(database, { target });
  expect(await cleaner.clean()).toMatchObject({ deletedCount: 10, dependentsDeleted: 10 });
  expect(await countRowsOf(database, 'devices')).toBe(5);
});
