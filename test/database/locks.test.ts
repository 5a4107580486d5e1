import { describe, expect, vi } from 'vitest';

import { SessionRepository } from '../../src/database/session-repository.ts';
import { cleanInAttempts, forceWay, openCleaner } from '../support/cleaner.ts';
import { test } from '../support/fixtures.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import type { TestDatabase } from '../support/test-database.ts';

/** Locks rows by a statement in a transaction that stays open, and returns how many. */
async function lockRows(
  database: TestDatabase,
  statement: string,
): Promise<{ readonly locked: number; release(): Promise<unknown> }> {
  const holder = await database.connect();
  await holder.query('begin');
  const { rowCount } = await holder.query(`${statement} for update`);
  if (rowCount === null || rowCount === 0) throw new Error('No row to lock.');
  return { locked: rowCount, release: () => holder.query('rollback') };
}

function die(): void {
  throw new Error('The worker died.');
}

describe.for(['sweep', 'drain'] as const)('%s', (way) => {
  test('counts rows locked all the time exactly; the next run takes them', async ({ database }) => {
    await fillSessions(database, { expired: 12_000, live: 100 });
    await forceWay(database, way);
    await using cleaner = openCleaner(database);
    const { locked, release } = await lockRows(
      database,
      `select id from sessions where expires_at <= now() and right(id::text, 2) = '00'`,
    );

    const first = await cleaner.clean();
    expect(first).toMatchObject({ deletedCount: 12_000 - locked, skippedLocked: locked });
    expect(await countSessions(database)).toEqual({ expired: locked, live: 100 });

    await release();
    const second = await cleaner.clean();
    expect(second).toMatchObject({ deletedCount: locked, skippedLocked: 0 });
    expect(await countSessions(database)).toEqual({ expired: 0, live: 100 });
  });

  test('rows locked during two attempts or slices are counted once', async ({ database }) => {
    await fillSessions(database, { expired: 12_000, live: 100 });
    await forceWay(database, way);
    await using cleaner = openCleaner(database, { settings: { lanes: 1 } });
    // The first one on either way.
    const { locked } = await lockRows(
      database,
      `select from sessions where expires_at = (select min(expires_at) from sessions)
         or ctid = (select min(ctid) from sessions where expires_at <= now())`,
    );
    await expect(cleaner.clean({ runId: 'run', hooks: { onProgress: die } })).rejects.toThrow(
      'The worker died.',
    );
    // As if another lane had ended within the first range, which its successor starts with.
    const reset = await database.sql(
      `update session_cleanup.session_cleanup_ledger set position = $1 where remaining <> '[]' returning lane`,
      [way === 'sweep' ? '0' : ''],
    );
    expect(reset).toHaveLength(1);

    const first = await cleaner.clean({
      runId: 'run',
      hooks: { shouldStop: () => 'handed-over' },
    });
    const { resumeFrom } = first;
    if (resumeFrom === undefined) throw new Error('The first slice has left nothing.');
    const second = await cleaner.clean({ runId: 'run', slice: 1, resumeFrom });

    expect(first.skippedLocked + second.skippedLocked).toBe(locked);
    expect(first.deletedCount + second.deletedCount).toBe(12_000 - locked);
    expect(await countSessions(database)).toEqual({ expired: locked, live: 100 });
  });

  test('counts locked rows once, in any number of ranges and attempts', async ({ database }) => {
    await fillSessions(database, { expired: 8_000, live: 100 });
    await forceWay(database, way);
    await using cleaner = openCleaner(database, { settings: { chunkMilliseconds: 3 } });
    const { locked } = await lockRows(
      database,
      `select from sessions where expires_at <= now() and right(id::text, 2) < '0c'`,
    );
    const outcome = await cleanInAttempts(cleaner, 6, (chunks) =>
      [20, 50, 90, 140].includes(chunks),
    );

    expect(outcome).toMatchObject({
      deletedCount: 8_000 - locked,
      skippedLocked: locked,
    });
    expect(await countSessions(database)).toEqual({ expired: locked, live: 100 });
  }, 60_000);

  test('deletes within the run a row that was locked for a moment', async ({ database }) => {
    await fillSessions(database, { expired: 500, live: 100 });
    await forceWay(database, way);
    await using cleaner = openCleaner(database);
    const { release } = await lockRows(
      database,
      `select from sessions where expires_at <= now() limit 1`,
    );
    let releasing: Promise<unknown> | undefined;
    const onProgress = (): void => {
      releasing ??= release();
    };

    expect(await cleaner.clean({ hooks: { onProgress } })).toMatchObject({
      deletedCount: 500,
      skippedLocked: 0,
    });
    expect(releasing).toBeDefined();
    await releasing;
    expect(await countSessions(database)).toEqual({ expired: 0, live: 100 });
  });

  test('a row that is renewed while the clean-up waits for it survives', async ({ database }) => {
    await fillSessions(database, { expired: 300, live: 0 });
    await forceWay(database, way);
    await using cleaner = openCleaner(database, {
      settings: { lockTimeoutMilliseconds: 100, lanes: 1 },
    });
    const renewal = await database.connect();
    await renewal.query('begin');
    const { rows } = await renewal.query<{ id: string }>(
      `update sessions set expires_at = now() + interval '1 day'
       where id = (select id from sessions order by expires_at limit 1) returning id`,
    );
    const cleaning = cleaner.clean();
    // As soon as the deletion waits for the renewal's lock, the renewal commits.
    await vi.waitFor(
      async () => {
        const waiting = await database.sql(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        );
        expect(waiting).not.toHaveLength(0);
      },
      { interval: 5, timeout: 10_000 },
    );
    await renewal.query('commit');

    expect(await cleaning).toMatchObject({ deletedCount: 299, skippedLocked: 0 });
    expect(await database.sql('select id from sessions')).toEqual(rows);
  });

  test('many renewals lose no session, and no row is counted twice', async ({ database }) => {
    await fillSessions(database, { expired: 15_000, live: 500 });
    await forceWay(database, way);
    await using cleaner = openCleaner(database);
    const ids = (
      await database.sql<{ id: string }>(
        `select id from sessions where expires_at <= now() order by id limit 3000`,
      )
    ).map((row) => row.id);
    const renewed = new Set<string>();
    const renewals = Array.from({ length: 4 }, async (_, connection) => {
      const client = await database.connect();
      for (let index = connection; index < ids.length; index += 4) {
        const { rowCount } = await client.query(
          `update sessions set expires_at = now() + interval '1 day' where id = $1`,
          [ids[index]],
        );
        const id = ids[index];
        if (rowCount === 1 && id !== undefined) renewed.add(id);
      }
    });

    const [outcome] = await Promise.all([cleaner.clean(), ...renewals]);

    expect(renewed.size).toBeGreaterThan(0);
    const left = new Set(
      (await database.sql<{ id: string }>('select id from sessions')).map((row) => row.id),
    );
    for (const id of renewed) expect(left.has(id)).toBe(true);
    expect(outcome.deletedCount).toBe(15_500 - left.size);
    const { live } = await countSessions(database);
    expect(live).toBe(500 + renewed.size);
  });
});

test('a foreground transaction waits a chunk at most, without deadlock', async ({ database }) => {
  await fillSessions(database, { expired: 10_000, live: 100 });
  // Short chunks: on a machine that runs other tests as well, each may take a multiple of its time.
  await using cleaner = openCleaner(database, { settings: { chunkMilliseconds: 20 } });
  const client = await database.connect();
  await client.query(`set lock_timeout = '200ms'`);
  const ids = (
    await database.sql<{ id: string }>('select id from sessions order by random() limit 400')
  ).map((row) => row.id);
  const cleaning = cleaner.clean();
  // Two rows in opposite orders, over and over, each under a lock timeout of 200 ms.
  for (let index = 0; index + 1 < ids.length; index += 2) {
    const pair = index % 4 === 0 ? [ids[index], ids[index + 1]] : [ids[index + 1], ids[index]];
    await client.query('begin');
    for (const id of pair) {
      await client.query('update sessions set last_seen_at = now() where id = $1', [id]);
    }
    await client.query('commit');
  }
  const outcome = await cleaning;
  expect(outcome.deletedCount + outcome.skippedLocked).toBeGreaterThan(9_000);
  expect((await countSessions(database)).live).toBe(100);
});

test('a lock on a row that the deletion cascades to is passed by as well', async ({ database }) => {
  await fillSessions(database, { expired: 200, live: 10 });
  await database.sql(
    `create table devices (session_id uuid not null references sessions on delete cascade)`,
  );
  await database.sql('create index on devices (session_id)');
  await database.sql('insert into devices select id from sessions');
  await using cleaner = openCleaner(database);
  const { release } = await lockRows(
    database,
    `select from devices where session_id = (select id from sessions where expires_at <= now() limit 1)`,
  );

  const first = await cleaner.clean();
  // Its block is left out: it can't be divided any further.
  expect(first.skippedLocked).toBeGreaterThan(0);
  expect(first.deletedCount + first.skippedLocked).toBe(200);
  expect(await countSessions(database)).toEqual({ expired: first.skippedLocked, live: 10 });

  await release();
  expect(await cleaner.clean()).toMatchObject({
    deletedCount: first.skippedLocked,
    skippedLocked: 0,
  });
  expect(await database.sql('select count(*)::int from devices')).toEqual([{ count: 10 }]);
});

test('on-demand removal and the run never count the same row', async ({ database }) => {
  await fillSessions(database, { expired: 6_000, live: 0 });
  await database.sql(`insert into sessions (user_id, token_hash, expires_at)
    select 'u', encode(sha256(('token' || i)::bytea), 'hex'), now() - interval '1 hour' from generate_series(1, 300) i`);
  await using cleaner = openCleaner(database);
  const sessions = new SessionRepository(cleaner.orm.em);
  const cleaning = cleaner.clean();
  for (let index = 1; index <= 300; index += 1) {
    expect(await sessions.findLive(`token${index}`)).toBeNull();
  }
  const outcome = await cleaning;
  expect(await countSessions(database)).toEqual({ expired: 0, live: 0 });
  expect(outcome.deletedCount).toBeGreaterThanOrEqual(6_000);
  expect(outcome.deletedCount).toBeLessThanOrEqual(6_300);
});
