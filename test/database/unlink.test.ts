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
import { openCleaner } from '../support/cleaner.ts';
import { test } from '../support/fixtures.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import type { TestDatabase } from '../support/test-database.ts';

const target = { unlink: [child('devices')] } as const;

async function countUnlinked(database: TestDatabase): Promise<number> {
  return await countRowsOf(database, 'devices where session_id is null');
}

describe.for(['sweep', 'drain'] as const)('%s', (way) => {
  test.for<ForeignKeyKind>(['cascade', 'no action', 'deferred', 'deferred cascade'])(
    'references to expired rows become NULL, and all others stay (%s)',
    async (kind, { database }) => {
      await fillSessions(database, { expired: 2_000, live: 100 });
      await createChildren(database, kind);
      await addChildren(database, 2, { where: 'true' });
      await chooseWay(database, way);
      await using cleaner = openCleaner(database, { target });

      const outcome = await cleaner.clean();

      expect(outcome).toMatchObject({
        way,
        deletedCount: 2_000,
        skippedLocked: 0,
        stopped: 'drained',
      });
      expect(outcome).not.toHaveProperty('dependentsDeleted');
      expect(await countSessions(database)).toEqual({ expired: 0, live: 100 });
      expect(await countRowsOf(database, 'devices')).toBe(4_200);
      expect(await countUnlinked(database)).toBe(4_000);
    },
  );
});

test.for<ForeignKeyKind>(['cascade', 'no action'])(
  'a child that is inserted while its parent is being deleted stays, unlinked (%s)',
  async (kind, { database }) => {
    await fillSessions(database, { expired: 20, live: 5 });
    await createChildren(database, kind);
    const { client, device } = await beginInsert(database);
    await using cleaner = openWaitingCleaner(database, { target });
    const cleaning = cleaner.clean();
    await untilBlocked(database);
    await client.query('commit');
    expect(await cleaning).toMatchObject({ deletedCount: 20, skippedLocked: 0 });
    expect(await database.sql('select id, session_id from devices')).toEqual([
      { id: device, session_id: null },
    ]);
  },
);

test.for<ForeignKeyKind>(['deferred', 'deferred cascade'])(
  'a child that is inserted meanwhile is refused by PostgreSQL at its commit (%s)',
  async (kind, { database }) => {
    await fillSessions(database, { expired: 20, live: 5 });
    await createChildren(database, kind);
    const { client } = await beginInsert(database);
    await using cleaner = openCleaner(database, { target });
    expect(await cleaner.clean()).toMatchObject({ deletedCount: 20, skippedLocked: 0 });
    await expect(client.query('commit')).rejects.toMatchObject({ code: '23503' });
  },
);

test('a locked child keeps its parent and stays linked', async ({ database }) => {
  await fillSessions(database, { expired: 20, live: 5 });
  await createChildren(database);
  await addChildren(database, 1);
  const client = await database.connect();
  await client.query('begin');
  await client.query('select from devices order by session_id limit 1 for update');
  await using cleaner = openCleaner(database, { target });
  expect(await cleaner.clean()).toMatchObject({ deletedCount: 19, skippedLocked: 1 });
  await client.query('rollback');
  expect(await countSessions(database)).toEqual({ expired: 1, live: 5 });
  expect(await countUnlinked(database)).toBe(19);
});

test('rows of the table itself are unlinked from those that go', async ({ database }) => {
  await fillSessions(database, { expired: 200, live: 50 });
  await database.sql('alter table sessions add parent uuid references sessions');
  await database.sql(
    `update sessions set parent = (select id from sessions where expires_at <= now() order by id limit 1)`,
  );
  await using cleaner = openCleaner(database, {
    target: { unlink: [child('sessions', 'parent')] },
  });
  for (let run = 0; run < 3; run += 1) await cleaner.clean();
  expect(await countSessions(database)).toEqual({ expired: 0, live: 50 });
  expect(await countRowsOf(database, 'sessions where parent is null')).toBe(50);
});

test('what unlink and dependents leave still keeps rows', async ({ database }) => {
  await fillSessions(database, { expired: 30, live: 5 });
  for (const table of ['devices', 'logins', 'notes']) {
    await createChildren(database, 'cascade', table);
    await database.sql(
      `insert into ${table} (session_id) select id from sessions where expires_at <= now() order by md5(id::text || $1) limit 10`,
      [table],
    );
  }
  const [row] = await database.sql<{ logins: number; devices: number }>(
    `with kept as (select session_id as id from notes)
     select (select count(*)::int from logins where session_id in (table kept)) as logins,
       (select count(*)::int from devices where session_id in (table kept)) as devices`,
  );
  const rule = {
    dependents: [child('logins')],
    unlink: [child('devices')],
    unlessReferenced: true,
  };
  await using cleaner = openCleaner(database, { target: rule });

  expect(await cleaner.clean()).toMatchObject({
    deletedCount: 20,
    remaining: [{ reason: 'referenced', rows: 10, by: 'notes_session_id_fkey' }],
  });

  expect(await countRowsOf(database, 'notes')).toBe(10);
  // Kept rows keep what refers to them.
  expect(await countRowsOf(database, 'logins')).toBe(row?.logins);
  expect(await countUnlinked(database)).toBe(10 - (row?.devices ?? 0));
});

test('a column that is NOT NULL is refused by name', async ({ database }) => {
  await fillSessions(database, { expired: 10, live: 5 });
  await createChildren(database);
  await database.sql('alter table devices alter session_id set not null');
  await using cleaner = openCleaner(database, { target });
  await expect(cleaner.clean()).rejects.toMatchObject({
    failure: FAILURE.unsupportedTable,
    message: expect.stringContaining('column "session_id" of "public"."devices" is NOT NULL'),
  });
});
