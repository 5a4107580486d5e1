import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import pg from 'pg';
import { describe, expect, vi } from 'vitest';

import { releaseLostConnections } from '../../src/database/connections.ts';
import { createOrm } from '../../src/database/orm.ts';
import { test } from '../support/fixtures.ts';
import { TEST_DATABASE_SETTINGS, TEST_TARGET } from '../support/settings.ts';
import type { TestDatabase } from '../support/test-database.ts';

const SOURCE = fileURLToPath(new URL('../../src/', import.meta.url));

test.runIf(process.platform === 'linux')(
  'a question ends on the server soon after its client',
  async ({ database }) => {
    const settings = JSON.stringify({ ...TEST_DATABASE_SETTINGS, url: database.url });
    const client = spawn(process.execPath, [
      ...['--input-type=module', '--eval'],
      `const { createOrm } = await import(${JSON.stringify(`${SOURCE}database/orm.ts`)});
       const { ask } = await import(${JSON.stringify(`${SOURCE}database/transaction.ts`)});
       const em = createOrm(${settings}, [${JSON.stringify(TEST_TARGET)}]).em.fork();
       await ask(em, { statement_timeout: '60s' }, { sql: 'select pg_sleep(50)', params: [] });`,
    ]);
    const asking = async (): Promise<number> =>
      (
        await database.sql(
          `select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`,
        )
      ).length;
    await vi.waitUntil(async () => (await asking()) === 1, { timeout: 20_000, interval: 20 });
    client.kill('SIGKILL');
    await once(client, 'exit');
    await vi.waitUntil(async () => (await asking()) === 0, { timeout: 10_000, interval: 20 });
  },
);

describe('a connection that is lost in mid-transaction', () => {
  test('never costs the ORM a place in its pool', async ({ database }) => {
    const settings = { ...TEST_DATABASE_SETTINGS, url: database.url };
    // A pool of three.
    const orm = createOrm(settings, [TEST_TARGET], { lanes: 1 });
    try {
      for (let outage = 0; outage < 5; outage += 1) {
        await expect(
          orm.em.fork().transactional(async (em) => {
            await em.execute('select pg_terminate_backend(pg_backend_pid())');
          }),
        ).rejects.toMatchObject({ code: '57P01' });
      }
      const em = orm.em.fork();
      await expect(em.execute('select 1 as one')).resolves.toEqual([{ one: 1 }]);
    } finally {
      await orm.close(true);
    }
  });

  test('gives its place to the next one without a release', async ({ database }) => {
    await using pool = openPool(database);
    const client = await pool.connect();
    await client.query('begin');
    await expect(
      client.query('select pg_terminate_backend(pg_backend_pid())'),
    ).rejects.toMatchObject({ code: '57P01' });
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    // Released late: the pool accepts it.
    client.release();
  });

  test('does so as well when it only falls silent', async ({ database }) => {
    await using pool = openPool(database);
    const client = await pool.connect();
    await client.query('begin');
    await expect(client.query('select pg_sleep(60)')).rejects.toThrow('Query read timeout');
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });
});

test('a connection that announced its end is not used again', async ({ database }) => {
  await using pool = openPool(database);
  const client = await pool.connect();
  await expect(client.query('select pg_terminate_backend(pg_backend_pid())')).rejects.toMatchObject(
    {
      code: '57P01',
    },
  );
  // As the ORM does after any error, before the socket has closed.
  client.release();
  expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
});

test('a connection with a failed statement is used again', async ({ database }) => {
  await using pool = openPool(database);
  const client = await pool.connect();
  const [before] = (await client.query<{ pid: number }>('select pg_backend_pid() as pid')).rows;
  await expect(client.query('select 1 / 0')).rejects.toMatchObject({ code: '22012' });
  client.release();
  expect((await pool.query('select pg_backend_pid() as pid')).rows).toEqual([before]);
});

test('a read-only connection retires all that were open with it', async ({ database }) => {
  const settings = { ...TEST_DATABASE_SETTINGS, url: database.url };
  await database.sql(`alter database ${database.name} set default_transaction_read_only = on`);
  const orm = createOrm(settings, [TEST_TARGET], { lanes: 4 });
  try {
    const six = async (): Promise<unknown> =>
      await Promise.all(
        Array.from({ length: 6 }, () => orm.em.fork().execute('select pg_sleep(0.1)')),
      );
    await six();
    const owner = await database.connect();
    await owner.query('set default_transaction_read_only = off');
    await owner.query(`alter database ${database.name} reset default_transaction_read_only`);
    const write = async (): Promise<unknown> =>
      await orm.em.fork().execute('delete from sessions where false');
    await expect(write()).rejects.toMatchObject({ code: '25006' });
    for (let time = 0; time < 6; time += 1) await write();
  } finally {
    await orm.close(true);
  }
});

/** A pool with one place, whose queries have 300 ms to be answered. */
function openPool(database: TestDatabase): pg.Pool & AsyncDisposable {
  const pool = new pg.Pool({ connectionString: database.url, max: 1, query_timeout: 300 });
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
  });
  pool.on('error', () => undefined);
  releaseLostConnections(pool);
  return Object.assign(pool, {
    async [Symbol.asyncDispose]() {
      await pool.end();
      // The server continues its last statement until it notices the closed connection.
      await database.sql(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and query like '%pg_sleep(60)%' and pid <> pg_backend_pid()`,
      );
    },
  });
}
