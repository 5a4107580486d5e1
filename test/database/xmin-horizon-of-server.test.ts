import pg from 'pg';
import { expect, vi } from 'vitest';

import { createOrm } from '../../src/database/orm.ts';
import type { Found } from '../../src/checks/finding.ts';
import { checkXminHorizon } from '../../src/checks/xmin-horizon.ts';
import { startOwnPostgres, startWithReplica } from '../support/own-postgres.ts';
import { TEST_DATABASE_SETTINGS, TEST_TARGET } from '../support/settings.ts';
import { test } from '../support/temporary-folder.ts';

async function check(url: string, limit: number, farBack?: number): Promise<Found> {
  const orm = createOrm({ ...TEST_DATABASE_SETTINGS, url }, [TEST_TARGET]);
  try {
    return await checkXminHorizon(orm.em.fork(), limit, farBack);
  } finally {
    await orm.close(true);
  }
}

test(
  'a prepared transaction is named by its identifier',
  { timeout: 60_000 },
  async ({ folder }) => {
    await using own = await startOwnPostgres(folder, { max_prepared_transactions: '5' });
    const client = await own.database.connect();
    await client.query(`begin; create table prepared (); prepare transaction 'order 42'`);
    await expect
      .poll(() => check(own.database.url, 0.01))
      .toMatchObject({
        level: 'warning',
        message: expect.stringMatching(
          /^prepared transaction "order 42" \(role "postgres"\) keeps/,
        ),
        remedy: expect.stringContaining('ROLLBACK PREPARED'),
      });
    await client.query(`rollback prepared 'order 42'`);
    expect(await check(own.database.url, 0.01)).toMatchObject({ level: 'ok' });
  },
);

test(
  'a standby with feedback is named, and so is the replication slot that it uses',
  { timeout: 120_000 },
  async ({ folder }) => {
    await using own = await startWithReplica(folder, {
      hot_standby_feedback: 'on',
      wal_receiver_status_interval: '1s',
      cluster_name: 'reports',
    });
    const { database, replica } = own;
    const url = replica.urlOf(new URL(database.url).pathname.slice(1));
    const write = async (): Promise<Found> => {
      await database.sql('select pg_current_xact_id()');
      return await check(database.url, 3_600, 3);
    };
    const connect = async (): Promise<pg.Client> => {
      const client = new pg.Client({ connectionString: url });
      client.on('error', () => undefined);
      await client.connect();
      return client;
    };
    // The replica first has to receive the database.
    const reader = await vi.waitFor(connect, { timeout: 30_000, interval: 100 });
    try {
      await reader.query('begin isolation level repeatable read; select count(*) from sessions');
      await expect.poll(write, { timeout: 30_000 }).toMatchObject({
        level: 'warning',
        message: expect.stringMatching(/^standby "reports"/),
      });

      await database.sql(`select pg_create_physical_replication_slot('reporting')`);
      const admin = await connect();
      await admin.query(`alter system set primary_slot_name = 'reporting'`);
      await admin.query('select pg_reload_conf()');
      await admin.end();
      await expect.poll(write, { timeout: 30_000 }).toMatchObject({
        message: expect.stringMatching(/^replication slot "reporting"/),
      });
    } finally {
      await reader.end();
    }
  },
);
