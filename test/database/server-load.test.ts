import { randomBytes } from 'node:crypto';

import type { EntityManager } from '@mikro-orm/postgresql';
import { expect, inject } from 'vitest';

import { createOrm } from '../../src/database/orm.ts';
import { ServerLoadReader } from '../../src/deletion/server-load.ts';
import { test } from '../support/fixtures.ts';
import { startOwnPostgres } from '../support/own-postgres.ts';
import { fillSessions } from '../support/sessions.ts';
import { TEST_DATABASE_SETTINGS, TEST_TARGET } from '../support/settings.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { test as testInFolder } from '../support/temporary-folder.ts';

const LIMITS = { maxReplicaLagSeconds: 10, maxTransactionAgeSeconds: 0.2 };

function openOrm(url: string) {
  const orm = createOrm({ ...TEST_DATABASE_SETTINGS, url }, [TEST_TARGET]);
  return { orm, em: orm.em.fork(), [Symbol.asyncDispose]: () => orm.close(true) };
}

test('a long VACUUM is not an old transaction', async ({ database }) => {
  await fillSessions(database, { expired: 100_000, live: 0 });
  await database.sql('delete from sessions');
  const vacuum = await database.connect();
  await vacuum.query('set vacuum_cost_delay = 100');
  await vacuum.query('set vacuum_cost_limit = 20');
  const { rows } = await vacuum.query<{ pid: number }>('select pg_backend_pid() as pid');
  const vacuuming = vacuum.query('vacuum sessions').catch(() => undefined);
  await using open = openOrm(database.url);
  await expect
    .poll(() =>
      database.sql(
        `select from pg_stat_activity where pid = $1 and backend_xmin is not null
           and clock_timestamp() - xact_start > interval '0.4 seconds'`,
        [rows[0]?.pid],
      ),
    )
    .toHaveLength(1);

  const { load } = await new ServerLoadReader().read(open.em, await oidOfSessions(open.em), LIMITS);

  await database.sql('select pg_cancel_backend($1)', [rows[0]?.pid]);
  await vacuuming;
  expect(load).toBeUndefined();
});

testInFolder('a prepared transaction is an old transaction, and is named', async ({ folder }) => {
  await using own = await startOwnPostgres(folder, { max_prepared_transactions: '2' });
  const client = await own.database.connect();
  await client.query('begin');
  await client.query('create table prepared_rows ()');
  await client.query(`prepare transaction 'forgotten'`);
  await client.query('select pg_sleep(0.3)');
  await using open = openOrm(own.database.url);
  const { load } = await new ServerLoadReader().read(open.em, await oidOfSessions(open.em), LIMITS);
  expect(load).toEqual({
    reason: 'old-transaction',
    detail: expect.stringMatching(/^\d\.\d s, a prepared transaction$/),
  });
  await client.query(`rollback prepared 'forgotten'`);
});

test('without the right to a function, other measures are still read', async ({ database }) => {
  const role = `test_${randomBytes(6).toString('hex')}`;
  await database.sql(`create role ${role} login`);
  await database.sql('revoke execute on function pg_control_checkpoint() from public');
  await database.sql('revoke execute on function pg_current_wal_insert_lsn() from public');
  try {
    const url = new URL(database.url);
    url.username = role;
    await using open = openOrm(url.href);
    const old = await database.connect();
    await database.sql(`grant pg_read_all_stats to ${role}`);
    await database.sql('grant select on sessions to public');
    await old.query('begin isolation level repeatable read');
    await old.query('select pg_sleep(0.3)');
    const question = new ServerLoadReader();
    for (const _ of ['first', 'again']) {
      const { load } = await question.read(open.em, await oidOfSessions(open.em), LIMITS);
      expect(load).toMatchObject({ reason: 'old-transaction' });
    }
    await old.query('rollback');
  } finally {
    await database.sql(`drop owned by ${role}`);
    await database.sql(`drop role ${role}`);
  }
});

test('a wait for the same OID in another database is ignored', async ({ database }) => {
  const clone = await createTestDatabase(inject('postgresUrl'), database.name);
  try {
    const [holder, waiter] = [await clone.connect(), await clone.connect()];
    await holder.query('begin');
    await holder.query('select from sessions limit 1');
    const altering = waiter.query('alter table sessions add column note text');
    await expect
      .poll(() =>
        clone.sql('select from pg_locks where not granted and locktype = $1', ['relation']),
      )
      .toHaveLength(1);
    await using open = openOrm(database.url);
    const { load } = await new ServerLoadReader().read(
      open.em,
      await oidOfSessions(open.em),
      LIMITS,
    );
    await holder.query('rollback');
    await altering;
    expect(load?.reason).not.toBe('table-wanted');
  } finally {
    await clone.drop();
  }
});

test('application_name is ours despite the address and environment', async ({ database }) => {
  const url = new URL(database.url);
  url.searchParams.set('application_name', 'something else');
  for (const address of [url.href, database.url]) {
    process.env['PGAPPNAME'] = 'of the environment';
    try {
      await using open = openOrm(address);
      expect(await open.em.execute(`select current_setting('application_name') as name`)).toEqual([
        { name: 'session-cleanup' },
      ]);
    } finally {
      delete process.env['PGAPPNAME'];
    }
  }
});

async function oidOfSessions(em: EntityManager): Promise<string> {
  const [row] = await em.execute<{ oid: string }[]>(
    `select 'public.sessions'::regclass::oid::text as oid`,
  );
  return row?.oid ?? '';
}
