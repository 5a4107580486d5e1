import { describe, expect, vi } from 'vitest';

import type { SliceHooks } from '../../src/deletion/delete-slice.ts';
import { forceWay, openCleaner } from '../support/cleaner.ts';
import { test } from '../support/fixtures.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';

describe.for(['sweep', 'drain'] as const)('%s', (way) => {
  test('removes a backlog of many chunks exactly, and no live session', async ({ database }) => {
    await fillSessions(database, { expired: 20_001, live: 7_000 });
    await forceWay(database, way);
    await using cleaner = openCleaner(database);
    const onProgress = vi.fn<SliceHooks['onProgress']>();

    const outcome = await cleaner.clean({ hooks: { onProgress } });

    expect(outcome).toMatchObject({
      way,
      deletedCount: 20_001,
      skippedLocked: 0,
      stopped: 'drained',
    });
    expect(outcome).not.toHaveProperty('resumeFrom');
    expect(await countSessions(database)).toEqual({ expired: 0, live: 7_000 });
    expect(onProgress.mock.calls.length).toBeGreaterThan(2);
    expect(onProgress.mock.lastCall?.[0]).toMatchObject({ way, deletedCount: 20_001 });
  });

  test('stops after a chunk; a later slice keeps the deadline', async ({ database }) => {
    await fillSessions(database, { expired: 20_000, live: 100 });
    await forceWay(database, way);
    await using cleaner = openCleaner(database, { settings: { lanes: 1 } });
    let chunks = 0;
    const hooks = {
      onProgress: () => void (chunks += 1),
      shouldStop: () => (chunks >= 2 ? ('handed-over' as const) : undefined),
    };

    const first = await cleaner.clean({ runId: 'run', hooks });
    expect(first).toMatchObject({ stopped: 'handed-over', resumeFrom: { way } });
    expect(first.deletedCount).toBeGreaterThan(0);
    expect(await countSessions(database)).toEqual({
      expired: 20_000 - first.deletedCount,
      live: 100,
    });

    const { resumeFrom } = first;
    if (resumeFrom === undefined) throw new Error('There is more to do.');
    const second = await cleaner.clean({ runId: 'run', slice: 1, resumeFrom });
    expect(second).toMatchObject({ stopped: 'drained', way, deadline: first.deadline });
    expect(first.deletedCount + second.deletedCount).toBe(20_000);
    expect(await countSessions(database)).toEqual({ expired: 0, live: 100 });
  });

  test('ends a slice when its time is spent', async ({ database }) => {
    await fillSessions(database, { expired: 5_000, live: 10 });
    await forceWay(database, way);
    await using cleaner = openCleaner(database, { settings: { sliceSeconds: 0 } });
    expect(await cleaner.clean()).toMatchObject({
      deletedCount: 0,
      stopped: 'time-spent',
      resumeFrom: { way },
    });
    expect(await countSessions(database)).toEqual({ expired: 5_000, live: 10 });
  });

  test('cancels a chunk that takes too long, continues with smaller ones', async ({ database }) => {
    await fillSessions(database, { expired: 4_000, live: 10 });
    // 1 ms a row: the first chunks would hold their locks for seconds.
    await database.sql(`create function slow() returns trigger language plpgsql as
      $$ begin perform pg_sleep(0.001); return old; end $$`);
    await database.sql(
      'create trigger slow before delete on sessions for each row execute function slow()',
    );
    await forceWay(database, way);
    await using cleaner = openCleaner(database, { settings: { chunkMilliseconds: 100 } });
    let longest = 0;
    let before = 0;
    const onProgress = ({ deletedCount }: { readonly deletedCount: number }): void => {
      longest = Math.max(longest, deletedCount - before);
      before = deletedCount;
    };

    expect(await cleaner.clean({ hooks: { onProgress } })).toMatchObject({
      deletedCount: 4_000,
      way,
    });
    expect(await countSessions(database)).toEqual({ expired: 0, live: 10 });
    // A chunk is cancelled at 300 ms, so it can't have had more than 300 of these rows.
    expect(longest).toBeLessThanOrEqual(300);
  });
});

test('a small remainder is drained by the index, a backlog is swept', async ({ database }) => {
  await fillSessions(database, { expired: 100, live: 30_000 });
  await using cleaner = openCleaner(database);
  expect(await cleaner.preview()).toMatchObject({ way: 'drain', eligibleRows: 100 });
  expect(await cleaner.clean()).toMatchObject({ way: 'drain', deletedCount: 100 });

  await fillSessions(database, { expired: 60_000, live: 0 });
  expect(await cleaner.preview()).toMatchObject({ way: 'sweep', eligibleRows: 60_000 });
  expect(await cleaner.clean()).toMatchObject({ way: 'sweep', deletedCount: 60_000 });
  expect(await countSessions(database)).toEqual({ expired: 0, live: 30_000 });
});

test('without an index that begins with the expiry, the table is swept', async ({ database }) => {
  await fillSessions(database, { expired: 300, live: 3_000 });
  await forceWay(database, 'drain');
  for (const index of [null, '(user_id, expires_at)', '(expires_at) where user_id is null']) {
    await database.sql('drop index sessions_expires_at_index');
    await database.sql(
      `create index sessions_expires_at_index on sessions ${index ?? '(created_at)'}`,
    );
    await using cleaner = openCleaner(database);
    expect(await cleaner.preview()).toMatchObject({ way: 'sweep' });
  }
  await using cleaner = openCleaner(database);
  expect(await cleaner.clean()).toMatchObject({ way: 'sweep', deletedCount: 300 });
  expect(await countSessions(database)).toEqual({ expired: 0, live: 3_000 });
});

test('a table that was never analysed is cleaned like every other', async ({ database }) => {
  await database.sql('alter table sessions set (autovacuum_enabled = off)');
  await database.sql(`insert into sessions (user_id, token_hash, expires_at)
    select 'u', md5(i::text) || md5(i::text), now() + (i - 500.5) * interval '1 minute' from generate_series(1, 1000) i`);
  await using cleaner = openCleaner(database);
  expect(await cleaner.clean()).toMatchObject({ deletedCount: 500 });
  expect(await countSessions(database)).toEqual({ expired: 0, live: 500 });
});

test('a drain with too many rows of one expiry continues as a sweep', async ({ database }) => {
  await fillSessions(database, { expired: 1_000, live: 50 });
  await database.sql(`insert into sessions (user_id, token_hash, expires_at)
    select 'tie', md5('x' || i) || md5('y' || i), '2026-01-01Z' from generate_series(1, 3000) i`);
  await database.sql(`create function slow() returns trigger language plpgsql as
    $$ begin perform pg_sleep(0.0002); return old; end $$`);
  await database.sql(
    'create trigger slow before delete on sessions for each row execute function slow()',
  );
  await forceWay(database, 'drain');
  await using cleaner = openCleaner(database);

  expect(await cleaner.clean()).toMatchObject({
    way: 'sweep',
    deletedCount: 4_000,
    stopped: 'drained',
  });
  expect(await countSessions(database)).toEqual({ expired: 0, live: 50 });
});

test('preview writes nothing', async ({ database }) => {
  await fillSessions(database, { expired: 40, live: 60 });
  await using cleaner = openCleaner(database);
  await database.sql(`alter database ${database.name} set default_transaction_read_only = on`);
  expect(await cleaner.preview()).toMatchObject({ target: 'sessions', eligibleRows: 40 });
  expect(await countSessions(database)).toEqual({ expired: 40, live: 60 });
});
