import { describe, expect, vi } from 'vitest';

import { SessionRepository } from '../../src/database/session-repository.ts';
import { forceWay, openCleaner } from '../support/cleaner.ts';
import { test } from '../support/fixtures.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';

function die(): void {
  throw new Error('The worker died.');
}

describe.for(['sweep', 'drain'] as const)('%s', (way) => {
  test('leaves rows that somebody holds for the whole run, tells their exact number, and the next run takes them', async ({
    database,
  }) => {
    await fillSessions(database, { expired: 12_000, live: 100 });
    await forceWay(database, way);
    await using cleaner = openCleaner(database);
    const holder = await database.connect();
    await holder.query('begin');
    const { rowCount } = await holder.query(
      `select id from sessions where expires_at <= now() and right(id::text, 2) = '00' for update`,
    );
    if (rowCount === null || rowCount === 0) throw new Error('No row to hold.');

    const first = await cleaner.clean();
    expect(first).toMatchObject({ deletedCount: 12_000 - rowCount, skippedLocked: rowCount });
    expect(await countSessions(database)).toEqual({ expired: rowCount, live: 100 });

    await holder.query('rollback');
    const second = await cleaner.clean();
    expect(second).toMatchObject({ deletedCount: rowCount, skippedLocked: 0 });
    expect(await countSessions(database)).toEqual({ expired: 0, live: 100 });
  });

  test('rows held while two attempts or two slices come by are told once', async ({ database }) => {
    await fillSessions(database, { expired: 12_000, live: 100 });
    await forceWay(database, way);
    await using cleaner = openCleaner(database, { settings: { lanes: 1 } });
    const holder = await database.connect();
    await holder.query('begin');
    // The first one on either way.
    const { rowCount } = await holder.query(
      `select from sessions where expires_at = (select min(expires_at) from sessions)
         or ctid = (select min(ctid) from sessions where expires_at <= now()) for update`,
    );
    const left = rowCount ?? 0;
    await expect(cleaner.clean({ runId: 'run', hooks: { onProgress: die } })).rejects.toThrow(
      'The worker died.',
    );
    // As if another lane had died with the first stretch in hand, with which its successor begins.
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

    expect(first.skippedLocked + second.skippedLocked).toBe(left);
    expect(first.deletedCount + second.deletedCount).toBe(12_000 - left);
    expect(await countSessions(database)).toEqual({ expired: left, live: 100 });
  });

  test('locked rows in more ranges than are visited again are counted once, also over several attempts', async ({
    database,
  }) => {
    await fillSessions(database, { expired: 8_000, live: 100 });
    await forceWay(database, way);
    await using cleaner = openCleaner(database, { settings: { chunkMilliseconds: 3 } });
    const holder = await database.connect();
    await holder.query('begin');
    const { rowCount } = await holder.query(
      `select from sessions where expires_at <= now() and right(id::text, 2) < '0c' for update`,
    );
    let chunks = 0;
    const onProgress = (): void => {
      chunks += 1;
      if ([20, 50, 90, 140].includes(chunks)) die();
    };
    let outcome;
    for (let attempt = 0; outcome === undefined && attempt < 6; attempt += 1) {
      outcome = await cleaner
        .clean({ runId: 'run', hooks: { onProgress } })
        .catch((error: unknown) => {
          expect(error).toMatchObject({ message: 'The worker died.' });
          return undefined;
        });
    }

    expect(outcome).toMatchObject({
      deletedCount: 8_000 - (rowCount ?? 0),
      skippedLocked: rowCount,
    });
    expect(await countSessions(database)).toEqual({ expired: rowCount, live: 100 });
  }, 60_000);

  test('comes back within the run for a row that was held only for a moment', async ({
    database,
  }) => {
    await fillSessions(database, { expired: 500, live: 100 });
    await forceWay(database, way);
    await using cleaner = openCleaner(database);
    const holder = await database.connect();
    await holder.query('begin');
    await holder.query(`select from sessions where expires_at <= now() limit 1 for update`);
    let releasing: Promise<unknown> | undefined;
    const onProgress = (): void => {
      releasing ??= holder.query('rollback');
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

  test('a activity of renewals loses no session, and no row is counted twice', async ({
    database,
  }) => {
    await fillSessions(database, { expired: 15_000, live: 500 });
    await forceWay(database, way);
    await using cleaner = openCleaner(database);
    const ids = (
      await database.sql<{ id: string }>(
        `select id from sessions where expires_at <= now() order by id limit 3000`,
      )
    ).map((row) => row.id);
    const renewed = new Set<string>();
    const activity = Array.from({ length: 4 }, async (_, connection) => {
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

    const [outcome] = await Promise.all([cleaner.clean(), ...activity]);

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

test('a foreground transaction that wants our rows gets them within a chunk, never a deadlock', async ({
  database,
}) => {
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
  const holder = await database.connect();
  await holder.query('begin');
  await holder.query(
    `select from devices where session_id = (select id from sessions where expires_at <= now() limit 1) for update`,
  );

  const first = await cleaner.clean();
  // The block in which it lies is left alone: it can't be divided any further.
  expect(first.skippedLocked).toBeGreaterThan(0);
  expect(first.deletedCount + first.skippedLocked).toBe(200);
  expect(await countSessions(database)).toEqual({ expired: first.skippedLocked, live: 10 });

  await holder.query('rollback');
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
