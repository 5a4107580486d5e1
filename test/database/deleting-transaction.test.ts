import { describe, expect, vi } from 'vitest';

import { forceWay, openCleaner } from '../support/cleaner.ts';
import { test } from '../support/fixtures.ts';
import { fillSessions } from '../support/sessions.ts';
import type { TestDatabase } from '../support/test-database.ts';

const OBSERVED = [
  'search_path',
  'TimeZone',
  'DateStyle',
  'enable_indexscan',
  'enable_seqscan',
  'jit',
];

/** Notes what a trigger finds at each deletion. */
async function observe(database: TestDatabase): Promise<void> {
  await database.sql('create table observed (settings jsonb, local timestamp)');
  await database.sql(`create function observe() returns trigger language plpgsql as $$ begin
    insert into public.observed values (jsonb_build_object(${OBSERVED.map((name) => `'${name}', current_setting('${name}')`).join(', ')}), localtimestamp);
    return old; end $$`);
  await database.sql(
    'create trigger observed before delete on sessions for each row execute function observe()',
  );
}

/** Functions and operators that win over PostgreSQL's own where a search_path begins with public. */
async function plantHostileObjects(database: TestDatabase): Promise<void> {
  const never = `returns boolean language plpgsql as $$ begin raise exception 'A hostile function was called.'; end $$`;
  for (const [name, type] of [
    ['hostile_time', 'timestamptz'],
    ['hostile_tid', 'tid'],
    ['hostile_text', 'text'],
    ['hostile_int8', 'bigint'],
    ['hostile_int4', 'integer'],
  ]) {
    await database.sql(`create function public.${name}(${type}, ${type}) ${never}`);
    for (const operator of ['<', '<=', '>', '>=', '=']) {
      await database.sql(
        `create operator public.${operator} (leftarg = ${type}, rightarg = ${type}, function = public.${name})`,
      );
    }
  }
  await database.sql(
    `create function public.set_config(text, text, boolean) returns text language plpgsql as $$ begin raise exception 'hostile'; end $$`,
  );
  await database.sql(
    `create function public.clock_timestamp() returns timestamptz language plpgsql as $$ begin raise exception 'hostile'; end $$`,
  );
  await database.sql(
    `create function public.pg_advisory_xact_lock_shared(bigint) returns void language plpgsql as $$ begin raise exception 'hostile'; end $$`,
  );
  await database.sql(`alter database ${database.name} set search_path = public, pg_catalog`);
}

describe.for(['sweep', 'drain'] as const)('%s', (way) => {
  test('a trigger finds all settings as in any other session', async ({ database }) => {
    await fillSessions(database, { expired: 200, live: 10 });
    await observe(database);
    await forceWay(database, way);
    await database.sql(`alter database ${database.name} set timezone = 'Asia/Tokyo'`);
    await database.sql(`alter database ${database.name} set datestyle = 'German'`);
    await using cleaner = openCleaner(database);
    expect(await cleaner.clean()).toMatchObject({ way, deletedCount: 200 });

    const session = await database.connect();
    const [own] = (
      await session.query(
        `select jsonb_build_object(${OBSERVED.map((name) => `'${name}', current_setting('${name}')`).join(', ')}) as settings`,
      )
    ).rows;
    const { rows } = await session.query(
      `select distinct settings from observed where abs(extract(epoch from localtimestamp - local)) < 600`,
    );
    expect(rows).toEqual([own]);
  });
});

test('a chunk takes two messages: settings with the deletion, the ledger with the commit', async ({
  database,
}) => {
  await fillSessions(database, { expired: 3_000, live: 10 });
  await using cleaner = openCleaner(database);
  const execute = vi.spyOn(cleaner.orm.em.getConnection(), 'execute');
  await cleaner.clean();
  const sent = execute.mock.calls.flatMap(([text]) => (typeof text === 'string' ? [text] : []));
  const deletions = sent.filter((text) => /^start transaction.*; delete from/s.test(text));
  expect(deletions).not.toHaveLength(0);
  expect(sent.filter((text) => /^with entered as.*; commit$/s.test(text))).toHaveLength(
    deletions.length,
  );
  expect(sent.filter((text) => /^(start transaction[^;]*|commit)$/.test(text))).toEqual([]);
});

test('no function or operator of another schema takes part in a deletion', async ({ database }) => {
  await fillSessions(database, { expired: 3_000, live: 100 });
  const holder = await database.connect();
  await holder.query('begin');
  const { rowCount } = await holder.query(
    'select from sessions where expires_at <= now() limit 3 for update',
  );
  await plantHostileObjects(database);
  await using cleaner = openCleaner(database);
  const outcome = await cleaner
    .clean({ cutoff: "'infinity'::timestamptz" })
    .catch((error: unknown) => error);
  expect(outcome).toMatchObject({ deletedCount: 3_000 - (rowCount ?? 0), skippedLocked: rowCount });
  await database.sql(`alter database ${database.name} reset search_path`);
  await holder.query('rollback');
  const counter = await database.connect();
  await counter.query('set search_path = pg_catalog, public');
  expect((await counter.query('select count(*)::int as count from sessions')).rows).toEqual([
    { count: 103 },
  ]);
});

describe.for([1_000, 60_000])('with %i rows', (rows) => {
  test.for(['with fresh statistics', 'with stale statistics', 'without the index'] as const)(
    'a chunk of a sweep reads its blocks only, %s',
    async (kind, { database }) => {
      if (kind === 'with stale statistics') await fillSessions(database, { expired: 10, live: 10 });
      await database.sql('alter table sessions set (autovacuum_enabled = off)');
      if (kind === 'with stale statistics') {
        await database.sql(
          `insert into sessions (user_id, token_hash, expires_at)
           select 'user', md5(n::text), now() - interval '1 hour' from generate_series(1, ${rows}) n`,
        );
      } else await fillSessions(database, { expired: rows / 2, live: rows / 2 });
      if (kind === 'without the index') await database.sql('drop index sessions_expires_at_index');
      const plan = await database.sql(
        `explain delete from sessions where ctid operator(pg_catalog.>=) '(0,0)'::tid
           and ctid operator(pg_catalog.<) '(8,0)'::tid and (expires_at <= now()) is true`,
      );
      expect(JSON.stringify(plan)).toContain('Tid Range Scan');
    },
  );
});
