import fc from 'fast-check';
import { describe, expect, vi } from 'vitest';

import { cleanInAttempts, forceWay, openCleaner } from '../support/cleaner.ts';
import { test } from '../support/fixtures.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import type { TestDatabase } from '../support/test-database.ts';

/** Lets an expression, in which `old` is the row, decide what a BEFORE DELETE trigger does. */
async function addTrigger(database: TestDatabase, body: string): Promise<void> {
  await database.sql(
    `create function guard() returns trigger language plpgsql as $$ begin ${body} end $$`,
  );
  await database.sql(
    'create trigger guarded before delete on sessions for each row execute function guard()',
  );
}

/** Makes a child table with a row for each of so many expired sessions. */
async function refer(database: TestDatabase, rows: number, deferred = ''): Promise<void> {
  await database.sql(
    `create table devices (session_id uuid not null constraint devices_of_session references sessions ${deferred})`,
  );
  await database.sql('create index on devices (session_id)');
  await database.sql(
    `insert into devices select id from sessions where expires_at <= now() order by md5(id::text) limit $1`,
    [rows],
  );
}

/** What becomes of an expired row. */
const FATES = ['deleted', 'referenced', 'locked', 'refused', 'ignored'] as const;

describe.for(['sweep', 'drain'] as const)('%s', (way) => {
  test.for(['', 'deferrable initially deferred'])(
    'rows that a foreign key keeps are counted, and all others are deleted (%s)',
    async (deferred, { database }) => {
      await fillSessions(database, { expired: 3_000, live: 100 });
      await refer(database, 50, deferred);
      await forceWay(database, way);
      await using cleaner = openCleaner(database);

      expect(await cleaner.clean()).toMatchObject({
        deletedCount: 2_950,
        skippedLocked: 0,
        remaining: [{ reason: 'referenced', rows: 50, by: 'devices_of_session' }],
        stopped: 'drained',
      });
      expect(await countSessions(database)).toEqual({ expired: 50, live: 100 });
    },
  );

  test.for([2, 3, 4])(
    'of %i rows, the one that a foreign key keeps stays alone',
    async (rows, { database }) => {
      for (const kept of Array.from({ length: rows }, (_, index) => index)) {
        await database.sql('drop table if exists devices');
        await database.sql('truncate sessions');
        await fillSessions(database, { expired: rows, live: 3 });
        await refer(database, 0);
        await database.sql(
          'insert into devices select id from sessions order by expires_at limit 1 offset $1',
          [kept],
        );
        await forceWay(database, way);
        await using cleaner = openCleaner(database);

        expect(await cleaner.clean()).toMatchObject({
          deletedCount: rows - 1,
          remaining: [{ reason: 'referenced', rows: 1 }],
        });
        expect(await countSessions(database)).toEqual({ expired: 1, live: 3 });
      }
    },
  );

  test('of rows that share one expiry, only the one that a foreign key keeps stays', async ({
    database,
  }) => {
    await fillSessions(database, { expired: 2, live: 3 });
    await refer(database, 1);
    await database.sql(
      `update sessions set expires_at = '2026-01-01 00:00:00.123456+00' where expires_at <= now()`,
    );
    await forceWay(database, way);
    await using cleaner = openCleaner(database);

    expect(await cleaner.clean()).toMatchObject({
      deletedCount: 1,
      remaining: [{ reason: 'referenced', rows: 1 }],
    });
    expect(await countSessions(database)).toEqual({ expired: 1, live: 3 });
  });

  test('exactly the rows that cannot be deleted stay, and are counted once, in any number of attempts', async ({
    database,
  }) => {
    await refer(database, 0);
    await addTrigger(
      database,
      `if old.user_id = 'refused' then raise exception 'kept'; end if;
       if old.user_id = 'ignored' then return null; end if; return old;`,
    );
    await forceWay(database, way);
    await using cleaner = openCleaner(database);
    const holder = await database.connect();
    const row = fc.record({ minute: fc.nat(20), fate: fc.constantFrom(...FATES) });
    const rows = fc.array(row, { minLength: 1, maxLength: 24 });
    const cleans = fc.asyncProperty(
      rows,
      fc.integer({ min: 1, max: 6 }),
      async (expired, every) => {
        await database.sql('truncate session_cleanup.session_cleanup_ledger');
        await holder.query('rollback');
        await database.sql('truncate sessions, devices');
        await fillSessions(database, { expired: expired.length, live: 2 });
        await database.sql(
          `with numbered as (select id, row_number() over (order by id) as place from sessions where expires_at <= now()),
           made as (select minute, fate, row_number() over () as place from jsonb_to_recordset($1) as row (minute int, fate text))
         update sessions set user_id = fate, expires_at = '2026-01-01'::timestamptz + make_interval(mins => minute)
         from numbered join made using (place) where sessions.id = numbered.id`,
          [JSON.stringify(expired)],
        );
        await database.sql(
          `insert into devices select id from sessions where user_id = 'referenced'`,
        );
        await holder.query('begin');
        await holder.query(`select from sessions where user_id = 'locked' for update`);
        const countOf = (fate: string): number =>
          expired.filter((each) => each.fate === fate).length;

        const diesAt = (chunks: number): boolean => chunks % every === 0 && chunks <= every * 6;
        const outcome = await cleanInAttempts(cleaner, 8, diesAt);

        const { deletedCount, skippedLocked, remaining = [] } = outcome ?? {};
        const byCause = new Map(remaining.map((entry) => [entry.by, entry.rows]));
        expect({ deletedCount, skippedLocked, byCause }).toEqual({
          deletedCount: countOf('deleted'),
          skippedLocked: countOf('locked'),
          byCause: new Map(
            [
              ['devices_of_session', countOf('referenced')] as const,
              ['guard', countOf('refused')] as const,
              ['guarded', countOf('ignored')] as const,
            ].filter(([, count]) => count > 0),
          ),
        });
        const left = expired.length - countOf('deleted');
        expect(await countSessions(database)).toEqual({ expired: left, live: 2 });
      },
    );
    await fc.assert(cleans, { numRuns: 8 });
  }, 90_000);

  test('rows that a trigger refuses or keeps are counted by its name', async ({ database }) => {
    await fillSessions(database, { expired: 2_000, live: 100 });
    await addTrigger(
      database,
      `if old.id::text < '08' then raise exception 'kept: %', old.token_hash; end if;
       if old.id::text >= 'f8' then return null; end if; return old;`,
    );
    const [kept] = await database.sql<{ refused: number; silent: number }>(
      `select count(*) filter (where id::text < '08')::int as refused, count(*) filter (where id::text >= 'f8')::int as silent
       from sessions where expires_at <= now()`,
    );
    await forceWay(database, way);
    await using cleaner = openCleaner(database);

    const { deletedCount, remaining } = await cleaner.clean();

    const { refused = 0, silent = 0 } = kept ?? {};
    expect(deletedCount).toBe(2_000 - refused - silent);
    expect(remaining).toHaveLength(2);
    expect(remaining).toContainEqual({ reason: 'kept-by-trigger', rows: refused, by: 'guard' });
    expect(remaining).toContainEqual({ reason: 'kept-by-trigger', rows: silent, by: 'guarded' });
    expect(await countSessions(database)).toEqual({ expired: refused + silent, live: 100 });
  });

  test('a row whose lock is released before it is counted is not taken for one that a trigger keeps', async ({
    database,
  }) => {
    await fillSessions(database, { expired: 20, live: 5 });
    await addTrigger(database, 'return old;');
    const holder = await database.connect();
    const [backend] = (await holder.query<{ pid: number }>('select pg_backend_pid() as pid')).rows;
    await holder.query('begin');
    await holder.query('select from sessions where expires_at <= now() limit 1 for update');
    // The end of the deletion ends the session that holds the lock.
    await database.sql(
      `create function release() returns trigger language plpgsql security definer as $$ begin
         perform pg_terminate_backend(${backend?.pid}, 1000); return null; end $$`,
    );
    await database.sql(
      'create trigger releasing after delete on sessions for each statement execute function release()',
    );
    await forceWay(database, way);
    await using cleaner = openCleaner(database, { settings: { lanes: 1 } });

    const outcome = await cleaner.clean();

    expect(outcome).toMatchObject({ deletedCount: 20, skippedLocked: 0 });
    expect(outcome).not.toHaveProperty('remaining');
    expect(await countSessions(database)).toEqual({ expired: 0, live: 5 });
  });

  test('a row that a trigger marks as deleted counts as kept by it', async ({ database }) => {
    await fillSessions(database, { expired: 20, live: 5 });
    await addTrigger(
      database,
      `if old.id::text < '8' then update sessions set user_agent = 'gone' where id = old.id; return null; end if; return old;`,
    );
    const [kept] = await database.sql<{ rows: number }>(
      `select count(*)::int as rows from sessions where expires_at <= now() and id::text < '8'`,
    );
    await forceWay(database, way);
    await using cleaner = openCleaner(database);
    expect(await cleaner.clean()).toMatchObject({
      skippedLocked: 0,
      remaining: [{ reason: 'kept-by-trigger', rows: kept?.rows, by: 'guarded' }],
    });
  });

  test('fails with the error of the database if every row is referenced', async ({ database }) => {
    await fillSessions(database, { expired: 300, live: 10 });
    await refer(database, 300);
    await forceWay(database, way);
    await using cleaner = openCleaner(database);
    await expect(cleaner.clean()).rejects.toMatchObject({ code: '23503' });
    expect(await countSessions(database)).toEqual({ expired: 300, live: 10 });
  });

  test('rows that take longer than a chunk are deleted one by one', async ({ database }) => {
    await fillSessions(database, { expired: 20, live: 10 });
    await addTrigger(database, 'perform pg_sleep(0.3); return old;');
    await forceWay(database, way);
    await using cleaner = openCleaner(database, { settings: { lanes: 1 } });

    const outcome = await cleaner.clean();

    expect(outcome).toMatchObject({ deletedCount: 20, skippedLocked: 0, stopped: 'drained' });
    expect(outcome).not.toHaveProperty('remaining');
    expect(await countSessions(database)).toEqual({ expired: 0, live: 10 });
  }, 30_000);

  test('rows that stay are counted once in any number of attempts', async ({ database }) => {
    await fillSessions(database, { expired: 3_000, live: 10 });
    await refer(database, 40);
    await forceWay(database, way);
    await using cleaner = openCleaner(database, { settings: { lanes: 2 } });
    const outcome = await cleanInAttempts(cleaner, 60, (chunks) => chunks % 30 === 0);
    expect(outcome).toMatchObject({
      deletedCount: 2_960,
      remaining: [{ reason: 'referenced', rows: 40, by: 'devices_of_session' }],
    });
    expect(await countSessions(database)).toEqual({ expired: 40, live: 10 });
  }, 90_000);
});

test('a row that exceeds the statement timeout stays, the others go', async ({ database }) => {
  await fillSessions(database, { expired: 30, live: 10 });
  await database.sql(
    `update sessions set user_id = 'slow' where id = (select id from sessions where expires_at <= now() limit 1)`,
  );
  await addTrigger(
    database,
    `if old.user_id = 'slow' then perform pg_sleep(45); end if; return old;`,
  );
  await using cleaner = openCleaner(database);
  expect(await cleaner.clean()).toMatchObject({
    deletedCount: 29,
    skippedLocked: 0,
    remaining: [{ reason: 'too-slow', rows: 1 }],
    stopped: 'drained',
  });
  expect(await countSessions(database)).toEqual({ expired: 1, live: 10 });
}, 90_000);

test('a new attempt cancels the statement of the last one', async ({ database }) => {
  await fillSessions(database, { expired: 1, live: 10 });
  await addTrigger(
    database,
    `if current_setting('test.slow', true) is null then perform pg_sleep(0.5); end if;
    if exists (select from pg_class where relname = 'slow') then perform pg_sleep(20); end if; return old;`,
  );
  await database.sql('create table slow ()');
  await using before = openCleaner(database);
  await using after = openCleaner(database);
  const superseded = before.clean({ runId: 'run' }).catch((error: unknown) => error);
  await vi.waitFor(
    async () => {
      const sleeping = await database.sql(
        `select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'
           and clock_timestamp() - query_start > interval '0.7 seconds'`,
      );
      expect(sleeping).toHaveLength(1);
    },
    { timeout: 10_000, interval: 20 },
  );
  await database.sql('drop table slow');
  const began = performance.now();

  expect(await after.clean({ runId: 'run' })).toMatchObject({ deletedCount: 1, skippedLocked: 0 });

  expect(performance.now() - began).toBeLessThan(30_000);
  expect(await superseded).toMatchObject({
    message: expect.stringContaining('taken this slice over'),
  });
  expect(await countSessions(database)).toEqual({ expired: 0, live: 10 });
}, 40_000);

test('a position that counts blocks, of an older version, skips no row', async ({ database }) => {
  await fillSessions(database, { expired: 3_000, live: 100 });
  await using cleaner = openCleaner(database);
  const [table] = await database.sql<{ end: string }>(
    `select pg_relation_size('sessions') / 8192 || '@' || pg_relation_filenode('sessions') as end`,
  );
  const deadline = new Date().toISOString();
  for (const end of [{}, { end: table?.end ?? '' }]) {
    const resumeFrom = { way: 'sweep' as const, position: '30', deadline, ...end };
    await cleaner.clean({ slice: 1, resumeFrom });
    expect(await countSessions(database)).toEqual({ expired: 0, live: 100 });
    await database.sql('truncate sessions');
    await fillSessions(database, { expired: 3_000, live: 100 });
  }
});
