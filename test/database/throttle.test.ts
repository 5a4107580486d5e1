import { expect, vi } from 'vitest';

import { Throttle } from '../../src/deletion/throttle.ts';
import { openCleaner } from '../support/cleaner.ts';
import { test } from '../support/fixtures.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import { TEST_DELETION } from '../support/settings.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { onWait, recordWaits } from '../support/waits.ts';

async function lockTable(
  database: TestDatabase,
): Promise<Awaited<ReturnType<TestDatabase['connect']>>> {
  const holder = await database.connect();
  await holder.query('begin');
  await holder.query('lock table sessions in access exclusive mode');
  return holder;
}

test('waits while the whole table is locked, reports it, then continues', async ({ database }) => {
  await fillSessions(database, { expired: 3_000, live: 100 });
  await using cleaner = openCleaner(database);
  const holder = await lockTable(database);
  const { waits, hooks } = recordWaits(() => holder.query('rollback'));

  const outcome = await cleaner.clean({ hooks });

  expect(waits).toEqual(['table-locked: "public"."sessions"']);
  expect(outcome).toMatchObject({
    deletedCount: 3_000,
    skippedLocked: 0,
    waits: [{ reason: 'table-locked', seconds: expect.any(Number) }],
  });
  expect(await countSessions(database)).toEqual({ expired: 0, live: 100 });
});

test('waits for a table that is locked during the run', async ({ database }) => {
  await fillSessions(database, { expired: 30_000, live: 100 });
  // The pace keeps the run active until the lock is granted.
  await using cleaner = openCleaner(database, { settings: { rowsPerSecond: 30_000 } });
  const holder = await database.connect();
  let locking: Promise<unknown> | undefined;
  const lock = async (): Promise<void> => {
    await holder.query('begin');
    await holder.query('lock table sessions in access exclusive mode');
  };
  const waits: string[] = [];
  const listen = onWait((waitingFor) => {
    if (!waitingFor.startsWith('table-locked')) return;
    waits.push(waitingFor);
    void holder.query('rollback');
  });

  const outcome = await cleaner.clean({
    hooks: {
      onProgress(progress) {
        locking ??= lock();
        listen(progress);
      },
    },
  });

  await locking;
  await holder.query('rollback');
  expect(waits).toEqual(['table-locked: "public"."sessions"']);
  expect(outcome).toMatchObject({ deletedCount: 30_000, skippedLocked: 0, stopped: 'drained' });
  expect(await countSessions(database)).toEqual({ expired: 0, live: 100 });
});

test('a resumed slice waits for a locked table, too', async ({ database }) => {
  await fillSessions(database, { expired: 3_000, live: 100 });
  await using cleaner = openCleaner(database);
  const holder = await lockTable(database);
  const { waits, hooks } = recordWaits(() => holder.query('rollback'));

  const outcome = await cleaner.clean({
    slice: 1,
    resumeFrom: { way: 'sweep', position: '0', deadline: new Date().toISOString() },
    hooks,
  });

  expect(waits).toEqual(['table-locked: "public"."sessions"']);
  expect(outcome).toMatchObject({ deletedCount: 3_000, stopped: 'drained' });
  expect(await countSessions(database)).toEqual({ expired: 0, live: 100 });
});

test('does not wait for a table that is locked after the last chunk', async ({ database }) => {
  await fillSessions(database, { expired: 3_000, live: 100 });
  await using cleaner = openCleaner(database);
  const holder = await database.connect();
  await holder.query('begin');
  // A chunk is reported after its commit, so this lock is granted at once.
  let locking: Promise<unknown> | undefined;
  const lock = async (): Promise<void> => {
    await holder.query('lock table sessions in access exclusive mode');
  };

  const outcome = await cleaner.clean({
    hooks: {
      onProgress() {
        locking ??= lock();
      },
    },
  });

  await locking;
  await holder.query('rollback');
  expect(outcome).toMatchObject({ deletedCount: 3_000, stopped: 'drained' });
  expect(outcome).not.toHaveProperty('waits');
  expect(await countSessions(database)).toEqual({ expired: 0, live: 100 });
});

test('lets a statement that waits for the table go first', async ({ database }) => {
  await fillSessions(database, { expired: 3_000, live: 100 });
  await using cleaner = openCleaner(database);
  // A reader keeps the ALTER TABLE waiting; any later statement would queue behind it.
  const reader = await database.connect();
  await reader.query('begin');
  await reader.query('select from sessions limit 1');
  const altering = database.sql('alter table sessions add column note text');
  await expect
    .poll(() =>
      database.sql(`select from pg_locks where not granted and relation = 'sessions'::regclass`),
    )
    .toHaveLength(1);
  const { waits, hooks } = recordWaits(() => reader.query('rollback'));

  const outcome = await cleaner.clean({ hooks });
  await altering;

  expect(waits[0]).toMatch(/^table-(wanted|locked):/);
  expect(outcome).toMatchObject({ deletedCount: 3_000, skippedLocked: 0 });
});

test('waits for a transaction that keeps dead rows from being removed', async ({ database }) => {
  await fillSessions(database, { expired: 3_000, live: 100 });
  await using cleaner = openCleaner(database, { settings: { maxTransactionAgeSeconds: 0.2 } });
  const old = await database.connect();
  await old.query('begin isolation level repeatable read');
  await old.query('select 1');
  await expect
    .poll(() =>
      database.sql(
        `select from pg_stat_activity where datname = current_database() and state = 'idle in transaction'
           and now() - xact_start > interval '0.3 seconds'`,
      ),
    )
    .toHaveLength(1);
  const { waits, hooks } = recordWaits(() => old.query('rollback'));

  const outcome = await cleaner.clean({ hooks });

  expect(waits).toEqual([expect.stringMatching(/^old-transaction: \d\.\d s, session \d+$/)]);
  expect(outcome).toMatchObject({
    deletedCount: 3_000,
    waits: [{ reason: 'old-transaction', seconds: expect.any(Number) }],
  });
});

test('keeps the pace that it is given, on average', async ({ database }) => {
  await fillSessions(database, { expired: 4_000, live: 100 });
  await using cleaner = openCleaner(database, { settings: { rowsPerSecond: 2_000 } });
  const began = performance.now();
  const outcome = await cleaner.clean();
  const seconds = (performance.now() - began) / 1_000;
  expect(outcome.deletedCount).toBe(4_000);
  expect(outcome.waits).toEqual([{ reason: 'pace', seconds: expect.any(Number) }]);
  // The first chunk is free; it is a good part of so few rows.
  expect(4_000 / seconds).toBeLessThan(4_000);
});

test('a stop request ends the wait', async ({ database }) => {
  await fillSessions(database, { expired: 1_000, live: 10 });
  await using cleaner = openCleaner(database, { settings: { maxTransactionAgeSeconds: 0.1 } });
  const old = await database.connect();
  await old.query('begin isolation level repeatable read');
  await old.query('select pg_sleep(0.2)');
  let stop = false;
  const outcome = await cleaner.clean({
    hooks: {
      onProgress: onWait(() => (stop = true)),
      shouldStop: () => (stop ? 'cancelled' : undefined),
    },
  });
  expect(outcome).toMatchObject({ deletedCount: 0, stopped: 'cancelled' });
  expect(await countSessions(database)).toEqual({ expired: 1_000, live: 10 });
});

test('a server too busy to answer is busy, one that refuses is unknown', async ({ database }) => {
  await using cleaner = openCleaner(database);
  const settings = { ...TEST_DELETION, lanes: 4, lanesWhenBusy: 1 };
  for (const [code, lanes] of [
    ['57014', 1],
    ['55P03', 1],
    ['42501', 4],
  ] as const) {
    const em = cleaner.orm.em.fork();
    vi.spyOn(em, 'execute').mockRejectedValue(Object.assign(new Error('No answer.'), { code }));
    const throttle = new Throttle(em, { oid: '0', quotedTable: 'sessions' }, settings, {
      shouldStop: () => false,
      onWaiting: () => undefined,
    });
    await throttle.untilClear();
    expect(throttle.lanes).toBe(lanes);
  }
});
