import { describe, expect } from 'vitest';

import {
  addChildren,
  beginInsert,
  chooseWay,
  countRowsOf,
  createChildren,
  openWaitingCleaner,
  untilBlocked,
  type ForeignKeyKind,
} from '../support/children.ts';
import { openCleaner } from '../support/cleaner.ts';
import { test } from '../support/fixtures.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';

const target = { unlessReferenced: true } as const;

describe.for(['sweep', 'drain'] as const)('%s', (way) => {
  test.for<ForeignKeyKind>(['cascade', 'no action', 'deferred', 'deferred cascade'])(
    'a row with a child stays, and so does the child (%s)',
    async (kind, { database }) => {
      await fillSessions(database, { expired: 2_000, live: 100 });
      await createChildren(database, kind);
      await addChildren(database, 2, { where: `expires_at <= now() and id::text < '1'` });
      const [kept] = await database.sql<{ count: number }>(
        `select count(*)::int as count from sessions where expires_at <= now() and id::text < '1'`,
      );
      const referenced = kept?.count ?? 0;
      await chooseWay(database, way);
      await using cleaner = openCleaner(database, { target });

      expect(await cleaner.preview()).toMatchObject({ eligibleRows: 2_000 - referenced });
      const outcome = await cleaner.clean();

      expect(referenced).toBeGreaterThan(0);
      expect(outcome).toMatchObject({
        way,
        deletedCount: 2_000 - referenced,
        skippedLocked: 0,
        remaining: [{ reason: 'referenced', rows: referenced, by: 'devices_session_id_fkey' }],
        stopped: 'drained',
      });
      expect(outcome).not.toHaveProperty('dependentsDeleted');
      expect(await countSessions(database)).toEqual({ expired: referenced, live: 100 });
      expect(await countRowsOf(database, 'devices')).toBe(referenced * 2);
    },
  );
});

describe('a child that is inserted while its parent is being deleted', () => {
  test.for<ForeignKeyKind>(['cascade', 'no action'])(
    'stays with its parent once it is committed (%s)',
    async (kind, { database }) => {
      await fillSessions(database, { expired: 20, live: 5 });
      await createChildren(database, kind);
      const { client, session, device } = await beginInsert(database);
      await using cleaner = openWaitingCleaner(database, { target });

      const cleaning = cleaner.clean();
      await untilBlocked(database);
      await client.query('commit');

      expect(await cleaning).toMatchObject({
        deletedCount: 19,
        skippedLocked: 0,
        remaining: [{ reason: 'referenced', rows: 1 }],
      });
      expect(await database.sql('select id, session_id from devices')).toEqual([
        { id: device, session_id: session },
      ]);
      expect(await countSessions(database)).toEqual({ expired: 1, live: 5 });
    },
  );

  test.for<ForeignKeyKind>(['cascade', 'no action'])(
    'keeps its parent as a locked row as long as it is not (%s)',
    async (kind, { database }) => {
      await fillSessions(database, { expired: 20, live: 5 });
      await createChildren(database, kind);
      const { client } = await beginInsert(database);
      await using cleaner = openCleaner(database, { target });
      expect(await cleaner.clean()).toMatchObject({ deletedCount: 19, skippedLocked: 1 });
      await client.query('commit');
      expect(await countRowsOf(database, 'devices')).toBe(1);
      expect(await countSessions(database)).toEqual({ expired: 1, live: 5 });
    },
  );

  test.for<ForeignKeyKind>(['deferred', 'deferred cascade'])(
    'is refused by PostgreSQL at its commit, and not deleted (%s)',
    async (kind, { database }) => {
      await fillSessions(database, { expired: 20, live: 5 });
      await createChildren(database, kind);
      const { client } = await beginInsert(database);
      await using cleaner = openCleaner(database, { target });
      expect(await cleaner.clean()).toMatchObject({ deletedCount: 20, skippedLocked: 0 });
      await expect(client.query('commit')).rejects.toMatchObject({ code: '23503' });
      expect(await countRowsOf(database, 'devices')).toBe(0);
    },
  );
});

test('former locks of several sessions at once do not keep a row', async ({ database }) => {
  await fillSessions(database, { expired: 20, live: 5 });
  await createChildren(database);
  const clients = [await database.connect(), await database.connect()];
  for (const client of clients) {
    await client.query('begin');
    await client.query('select from sessions for key share');
  }
  await Promise.all(clients.map((client) => client.query('commit')));
  await using cleaner = openCleaner(database, { target });
  expect(await cleaner.clean()).toMatchObject({ deletedCount: 20, skippedLocked: 0 });
  expect(await countSessions(database)).toEqual({ expired: 0, live: 5 });
});

test('a chain of rows that refer to each other goes from its end, one each run', async ({
  database,
}) => {
  await fillSessions(database, { expired: 3, live: 1 });
  await database.sql('alter table sessions add parent uuid references sessions on delete cascade');
  await database.sql(`
    with chain as (
      select id, lag(id) over (order by expires_at) as parent from sessions where expires_at <= now()
    )
    update sessions set parent = chain.parent from chain where sessions.id = chain.id`);
  await using cleaner = openCleaner(database, { target });
  for (const expired of [2, 1, 0]) {
    expect(await cleaner.clean()).toMatchObject({ deletedCount: 1 });
    expect(await countSessions(database)).toEqual({ expired, live: 1 });
  }
});

test('a live row keeps the expired one that it refers to', async ({ database }) => {
  await fillSessions(database, { expired: 10, live: 1 });
  await database.sql('alter table sessions add parent uuid references sessions on delete cascade');
  await database.sql(
    `update sessions set parent = (select min(id::text)::uuid from sessions where expires_at <= now()) where expires_at > now()`,
  );
  await using cleaner = openCleaner(database, { target });
  expect(await cleaner.clean()).toMatchObject({ deletedCount: 9 });
  expect(await countSessions(database)).toEqual({ expired: 1, live: 1 });
});

test('a row that refers to itself does not keep itself', async ({ database }) => {
  await fillSessions(database, { expired: 10, live: 1 });
  await database.sql('alter table sessions add parent uuid references sessions');
  await database.sql('update sessions set parent = id');
  await using cleaner = openCleaner(database, { target });
  expect(await cleaner.clean()).toMatchObject({ deletedCount: 10 });
  expect(await countSessions(database)).toEqual({ expired: 0, live: 1 });
});

test('a foreign key of several columns counts where all of them are equal', async ({
  database,
}) => {
  await fillSessions(database, { expired: 10, live: 1 });
  await database.sql('alter table sessions add kind int not null default 1, add unique (id, kind)');
  await database.sql(
    `create table devices (session_id uuid, kind int, foreign key (session_id, kind) references sessions (id, kind));
     insert into devices select id, 1 from sessions where expires_at <= now() order by id limit 3;
     insert into devices select id, null from sessions where expires_at <= now() order by id desc limit 3`,
  );
  await using cleaner = openCleaner(database, { target });
  expect(await cleaner.clean()).toMatchObject({ deletedCount: 7 });
  expect(await countRowsOf(database, 'devices')).toBe(6);
});

test('a comparison of a type outside pg_catalog is that of its foreign key', async ({
  database,
}) => {
  await database.sql('create extension citext');
  await fillSessions(database, { expired: 10, live: 1 });
  await database.sql('alter table sessions add name citext unique');
  await database.sql(`update sessions set name = id::text`);
  await database.sql(
    `create table devices (session citext references sessions (name) on delete cascade);
     insert into devices select upper(id::text)::citext from sessions where expires_at <= now() order by id limit 3`,
  );
  await using cleaner = openCleaner(database, { target });
  expect(await cleaner.clean()).toMatchObject({ deletedCount: 7 });
  expect(await countRowsOf(database, 'devices')).toBe(3);
});

test('rows that a trigger keeps are counted apart from those that are referenced', async ({
  database,
}) => {
  await fillSessions(database, { expired: 10, live: 1 });
  await createChildren(database);
  await database.sql(
    `insert into devices (session_id) select id from sessions where expires_at <= now() order by id limit 3`,
  );
  await database.sql(
    `update sessions set user_id = 'kept' where id in (select id from sessions where expires_at <= now() order by id desc limit 2)`,
  );
  await database.sql(
    `create function guard() returns trigger language plpgsql as $$ begin
       if old.user_id = 'kept' then return null; end if; return old; end $$`,
  );
  await database.sql(
    'create trigger guarded before delete on sessions for each row execute function guard()',
  );
  await using cleaner = openCleaner(database, { target });
  expect(await cleaner.clean()).toMatchObject({
    deletedCount: 5,
    remaining: [
      { reason: 'referenced', rows: 3, by: 'devices_session_id_fkey' },
      { reason: 'kept-by-trigger', rows: 2, by: 'guarded' },
    ],
  });
});

test('a cascade into another target needs no permission', async ({ database }) => {
  await fillSessions(database, { expired: 10, live: 1 });
  await database.sql(
    `create table tokens (session_id uuid references sessions on delete cascade, expires_at timestamptz)`,
  );
  await database.sql(
    `insert into tokens select id, 'infinity' from sessions where expires_at <= now() order by id limit 4`,
  );
  await using cleaner = openCleaner(database, { target });
  expect(await cleaner.clean()).toMatchObject({ deletedCount: 6 });
  expect(await countRowsOf(database, 'tokens')).toBe(4);
});
