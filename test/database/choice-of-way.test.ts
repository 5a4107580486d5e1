import { describe, expect } from 'vitest';

import { openCleaner } from '../support/cleaner.ts';
import { test } from '../support/fixtures.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import type { TestDatabase } from '../support/test-database.ts';

/** Rows without statistics: never analysed. */
async function fillUnseen(database: TestDatabase, expired: number, live: number): Promise<void> {
  await database.sql('alter table sessions set (autovacuum_enabled = off)');
  await database.sql(
    `insert into sessions (user_id, token_hash, expires_at)
     select 'u' || i, md5(i::text) || md5('x' || i), now() + case when i <= $1::int then -1 else 1 end * i * interval '1 minute'
     from generate_series(1, $1::int + $2::int) as i order by md5(i::text)`,
    [expired, live],
  );
}

/** Gives the planner statistics that were true once. */
async function analyse(database: TestDatabase): Promise<void> {
  await database.sql('analyze sessions');
}

describe('a table', () => {
  test('that is empty is done at once', async ({ database }) => {
    await using cleaner = openCleaner(database);
    expect(await cleaner.clean()).toMatchObject({ deletedCount: 0, stopped: 'drained' });
  });

  test('of one page is cleaned to the row', async ({ database }) => {
    await fillSessions(database, { expired: 7, live: 5 });
    await using cleaner = openCleaner(database);
    expect(await cleaner.clean()).toMatchObject({ deletedCount: 7, stopped: 'drained' });
    expect(await countSessions(database)).toEqual({ expired: 0, live: 5 });
  });

  test('just restored, without any statistics, is cleaned to the row', async ({ database }) => {
    await fillUnseen(database, 9_000, 4_000);
    await using cleaner = openCleaner(database);
    expect(await cleaner.clean()).toMatchObject({ deletedCount: 9_000, stopped: 'drained' });
    expect(await countSessions(database)).toEqual({ expired: 0, live: 4_000 });
  });

  test('is drained when outdated statistics report no expired row', async ({ database }) => {
    await fillUnseen(database, 0, 20_000);
    await analyse(database);
    await database.sql(`update sessions set expires_at = expires_at - interval '1 year'
      where user_id <> 'u1' and user_id <> 'u2'`);
    await using cleaner = openCleaner(database);
    expect(await cleaner.clean()).toMatchObject({ way: 'drain', deletedCount: 19_998 });
    expect(await countSessions(database)).toEqual({ expired: 0, live: 2 });
  });

  test('is swept when outdated statistics report most rows expired', async ({ database }) => {
    await fillUnseen(database, 20_000, 100);
    await analyse(database);
    await database.sql(`update sessions set expires_at = now() + interval '1 day'
      where user_id <> 'u1' and user_id <> 'u2' and expires_at <= now()`);
    await using cleaner = openCleaner(database);
    expect(await cleaner.clean()).toMatchObject({ way: 'sweep', deletedCount: 2 });
    expect(await countSessions(database)).toEqual({ expired: 0, live: 20_098 });
  });

  test('with kilobytes of TOAST a row loses that as well', async ({ database }) => {
    await database.sql('alter table sessions add column data text');
    await database.sql('alter table sessions alter column data set storage external');
    await fillUnseen(database, 3_000, 1_000);
    await database.sql(`update sessions set data = repeat(md5(id::text), 96)`);
    const chunksOf = async (): Promise<number> => {
      const [toast] = await database.sql<{ name: string }>(
        `select reltoastrelid::regclass::text as name from pg_class where oid = 'sessions'::regclass`,
      );
      const [row] = await database.sql<{ count: number }>(
        `select count(distinct chunk_id)::int as count from ${toast?.name ?? ''}`,
      );
      return row?.count ?? 0;
    };
    expect(await chunksOf()).toBe(4_000);
    await using cleaner = openCleaner(database);

    expect(await cleaner.clean()).toMatchObject({ deletedCount: 3_000, stopped: 'drained' });

    expect(await countSessions(database)).toEqual({ expired: 0, live: 1_000 });
    expect(await chunksOf()).toBe(1_000);
  });
});

test('60,000 unordered rows: 0.1 % expired is drained, half is swept', async ({ database }) => {
  await fillSessions(database, { expired: 60, live: 59_940 });
  await using cleaner = openCleaner(database);
  expect(await cleaner.clean()).toMatchObject({ way: 'drain', deletedCount: 60 });

  await fillSessions(database, { expired: 60_000, live: 60 });
  expect(await cleaner.clean()).toMatchObject({ way: 'sweep', deletedCount: 60_000 });
  expect(await countSessions(database)).toEqual({ expired: 0, live: 60_000 });
});

test('rows in expiry order are drained up to a quarter of the table', async ({ database }) => {
  await using cleaner = openCleaner(database);
  for (const [expired, way] of [
    [12_000, 'drain'],
    [18_000, 'sweep'],
  ] as const) {
    await database.sql('truncate sessions');
    await fillSessions(database, { expired, live: 60_000 - expired, shuffled: false });
    expect(await cleaner.clean()).toMatchObject({ way, deletedCount: expired });
    expect(await countSessions(database)).toEqual({ expired: 0, live: 60_000 - expired });
  }
});
