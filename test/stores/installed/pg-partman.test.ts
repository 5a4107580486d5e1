/** Tables as pg_partman makes and maintains them. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { beforeAll, expect } from 'vitest';

import { openCleaner } from '../../support/cleaner.ts';
import { test } from '../../support/fixtures.ts';
import { INSTALL_MILLISECONDS, installOnce, run, whyMissing } from '../../support/library-cache.ts';

/** As Debian 12 has it. Its functions are SQL and PL/pgSQL, so they need no extension of the server. */
const PACKAGE = 'postgresql-15-partman';
const SCRIPT = 'usr/share/postgresql/15/extension/pg_partman--4.7.2.sql';

const missing = whyMissing('apt-get') ?? whyMissing('dpkg-deb');
let script = '';

beforeAll(async () => {
  if (missing !== undefined) return;
  const folder = await installOnce('pg-partman', [PACKAGE], async (cwd) => {
    await run('apt-get', ['download', '--quiet', PACKAGE], { cwd });
    const [file] = (await run('ls', [], { cwd })).split('\n');
    await run('dpkg-deb', ['--extract', file ?? '', '.'], { cwd });
  });
  script = await readFile(path.join(folder, SCRIPT), 'utf8');
}, INSTALL_MILLISECONDS);

test('partitions of pg_partman lose their expired rows, before and after its maintenance', async ({
  database,
  skip,
}) => {
  if (missing !== undefined) return skip(missing);
  await database.sql('create schema partman');
  const statements = script
    .replaceAll('@extschema@', 'partman')
    .replaceAll(/^SELECT pg_catalog.pg_extension_config_dump.*$/gm, '');
  // As CREATE EXTENSION runs it.
  await database.sql(`set local search_path = partman; ${statements}`);
  await database.sql(`create table public.events (id bigint generated always as identity,
    created_at timestamptz not null, expires_at timestamptz) partition by range (created_at)`);
  await database.sql('create index on events (expires_at)');
  await database.sql(
    `select partman.create_parent('public.events', 'created_at', 'native', 'daily', p_start_partition := (now() - interval '20 days')::text)`,
  );
  // Rows of ten days: those of the first three are in the default partition.
  await database.sql(`insert into events (created_at, expires_at)
    select created, created + lifetime from generate_series(now() - interval '23 days', now(), interval '1 hour') created,
      unnest(array[interval '1 day', '1 year']) lifetime`);
  const target = { table: 'events', partitions: 'rows' } as const;
  await using cleaner = openCleaner(database, { target });
  const count = async (): Promise<{ readonly expired: number; readonly live: number }> => {
    const [row] = await database.sql<{ expired: number; live: number }>(
      `select count(*) filter (where expires_at <= now())::int as expired,
        count(*) filter (where expires_at > now())::int as live from events`,
    );
    return row ?? { expired: -1, live: -1 };
  };
  const before = await count();
  expect(before.expired).toBeGreaterThan(400);

  expect(await cleaner.clean()).toMatchObject({
    deletedCount: before.expired,
    stopped: 'drained',
  });

  expect(await count()).toEqual({ expired: 0, live: before.live });
  await database.sql(
    `update partman.part_config set retention = '10 days', retention_keep_table = false, infinite_time_partitions = true`,
  );
  await database.sql(`insert into events (created_at, expires_at)
    select now() - interval '1 day' * n, now() - interval '1 hour' from generate_series(1, 20) n`);
  let maintaining: Promise<unknown> | undefined;
  const outcome = await cleaner.clean({
    hooks: {
      onProgress: () =>
        void (maintaining ??= database.sql(`select partman.run_maintenance('public.events')`)),
    },
  });
  await maintaining;
  expect(outcome.stopped).toBe('drained');
  expect((await count()).expired).toBe(0);
  expect(await cleaner.clean()).toMatchObject({ deletedCount: 0, stopped: 'drained' });
});
