import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { describe, expect } from 'vitest';

import { joinStatements, WITH_COMMIT } from '../../src/database/joined-statements.ts';
import { createOrm } from '../../src/database/orm.ts';
import { withSettings } from '../../src/database/transaction.ts';
import { test } from '../support/fixtures.ts';
import { TEST_DATABASE_SETTINGS, TEST_TARGET } from '../support/settings.ts';
import type { TestDatabase } from '../support/test-database.ts';

const BEGIN = 'start transaction isolation level read committed';
const SETTING = "select pg_catalog.set_config('lock_timeout', '77ms', true)";
const ASK = "select current_setting('lock_timeout') as value";

describe('what is marked to go with the commit', () => {
  const ADD = `${WITH_COMMIT}insert into added values (1)`;
  const FAIL = `${WITH_COMMIT}select (case when count(*) = 0 then 'none' else '1' end)::int from added where false`;

  test('travels with it, and is done', async ({ database }) => {
    await database.sql('create table added (value int)');
    await using opened = await openClient(database);
    const { client, sent } = opened;
    await client.query(BEGIN, []);
    await client.query(ASK, []);
    await client.query(ADD, []);
    expect(sent).toEqual([`${BEGIN}; ${ASK}`]);
    await client.query('commit', []);
    expect(sent).toEqual([`${BEGIN}; ${ASK}`, `${ADD}; commit`]);
    expect(await database.sql('select value from added')).toEqual([{ value: 1 }]);
  });

  test('makes the commit fail where it fails, and nothing is committed', async ({ database }) => {
    await database.sql('create table added (value int)');
    await using opened = await openClient(database);
    const { client } = opened;
    await client.query(BEGIN, []);
    await client.query('insert into added values (2)', []);
    await client.query(FAIL, []);
    await expect(client.query('commit', [])).rejects.toThrow('"none"');
    await client.query('rollback', []);
    expect(await database.sql('select value from added')).toEqual([]);
  });

  test('is not done when the transaction is rolled back', async ({ database }) => {
    await database.sql('create table added (value int)');
    await using opened = await openClient(database);
    const { client, sent } = opened;
    await client.query(BEGIN, []);
    await client.query(ASK, []);
    await client.query(ADD, []);
    await client.query('rollback', []);
    expect(sent.at(-1)).toBe('rollback');
    expect(await database.sql('select value from added')).toEqual([]);
  });

  test('is done before another statement that comes before the commit', async ({ database }) => {
    await database.sql('create table added (value int)');
    await using opened = await openClient(database);
    const { client } = opened;
    await client.query(BEGIN, []);
    await client.query(ADD, []);
    expect((await client.query('select value from added', [])).rows).toEqual([{ value: 1 }]);
    await client.query('commit', []);
    expect(await database.sql('select value from added')).toEqual([{ value: 1 }]);
  });
});

describe('what opens a transaction', () => {
  test('goes along with its first statement, whose result is returned', async ({ database }) => {
    await using opened = await openClient(database);
    const { client, sent } = opened;
    await client.query(BEGIN, []);
    await client.query(SETTING, []);
    expect(sent).toEqual([]);
    expect((await client.query(ASK, [])).rows).toEqual([{ value: '77ms' }]);
    expect((await client.query('select 2 as two', [])).rows).toEqual([{ two: 2 }]);
    await client.query('commit', []);
    expect(sent).toEqual([`${BEGIN}; ${SETTING}; ${ASK}`, 'select 2 as two', 'commit']);
    // Settings have ended with the transaction.
    expect((await client.query(ASK, [])).rows).toEqual([{ value: '0' }]);
  });

  test('travels ahead of a first statement that has parameters', async ({ database }) => {
    await using opened = await openClient(database);
    const { client } = opened;
    await client.query(BEGIN, []);
    await client.query(SETTING, []);
    const { rows } = await client.query(`${ASK}, $1::int as given`, [5]);
    expect(rows).toEqual([{ value: '77ms', given: 5 }]);
    await client.query('rollback', []);
  });

  test.for(['commit', 'rollback'])(
    'does not travel at all when nothing is done before the %s',
    async (end, { database }) => {
      await using opened = await openClient(database);
      const { client, sent } = opened;
      await client.query(BEGIN, []);
      await client.query(SETTING, []);
      await client.query(end, []);
      expect(sent).toEqual([]);
      expect((await client.query(ASK, [])).rows).toEqual([{ value: '0' }]);
    },
  );

  test('of statements sent as one, the last one answers', async ({ database }) => {
    await using opened = await openClient(database);
    const { client } = opened;
    const { rows } = await client.query(
      `select pg_catalog.set_config('lock_timeout', '7s', true); ${ASK}`,
      [],
    );
    expect(rows).toEqual([{ value: '7s' }]);
    expect((await client.query(ASK, [])).rows).toEqual([{ value: '0' }]);
  });

  test('a setting outside of a transaction is made at once', async ({ database }) => {
    await using opened = await openClient(database);
    const { client } = opened;
    const { rows } = await client.query(
      "select pg_catalog.set_config('lock_timeout', '5s', false) as set",
      [],
    );
    expect(rows).toEqual([{ set: '5s' }]);
  });

  test('a first statement that fails rolls the transaction back', async ({ database }) => {
    await using opened = await openClient(database);
    const { client, sent } = opened;
    await client.query(BEGIN, []);
    await expect(client.query('select 1 / 0', [])).rejects.toMatchObject({ code: '22012' });
    await client.query('rollback', []);
    expect(sent.at(-1)).toBe('rollback');
    expect((await client.query('select 1 as one', [])).rows).toEqual([{ one: 1 }]);
  });

  test('limits the first statement, and each later one by the full time', async ({ database }) => {
    const orm = createOrm({ ...TEST_DATABASE_SETTINGS, url: database.url }, [TEST_TARGET]);
    await using stack = new AsyncDisposableStack();
    stack.defer(() => orm.close(true));
    const limited = { statement_timeout: '300ms' };
    await expect(
      withSettings(orm.em.fork(), limited, (tx) => tx.execute('select pg_sleep(60)')),
    ).rejects.toMatchObject({ code: '57014' });
    // Together longer than the limit.
    const answers = await withSettings(orm.em.fork(), limited, async (tx) => {
      await tx.execute('select pg_sleep(0.2)');
      await sleep(1);
      await tx.execute('select pg_sleep(0.2)');
      return await tx.execute('select 1 as one');
    });
    expect(answers).toEqual([{ one: 1 }]);
  });
});

interface OpenClient extends AsyncDisposable {
  readonly client: pg.PoolClient;
  readonly sent: readonly string[];
}

/** A pooled connection, and the messages that it really sends. */
async function openClient(database: TestDatabase): Promise<OpenClient> {
  const sent: string[] = [];
  const pool = new pg.Pool({ connectionString: database.url, max: 1 });
  pool.on('connect', (client) => {
    const query: (...args: unknown[]) => unknown = client.query.bind(client);
    Object.assign(client, {
      query: (...args: unknown[]) => {
        sent.push(String(args[0]));
        return query(...args);
      },
    });
  });
  joinStatements(pool);
  const client = await pool.connect();
  return {
    client,
    sent,
    async [Symbol.asyncDispose]() {
      client.release();
      await pool.end();
    },
  };
}
