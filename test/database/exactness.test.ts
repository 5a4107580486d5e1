import { setTimeout as sleep } from 'node:timers/promises';

import { describe, expect } from 'vitest';

import type { SliceKey } from '../../src/deletion/checkpoint.ts';
import { SliceLedger } from '../../src/deletion/ledger.ts';
import { ClosedSliceError, SupersededError } from '../../src/failures/errors.ts';
import { forceWay, openCleaner, type Cleaner } from '../support/cleaner.ts';
import { test } from '../support/fixtures.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import { TEST_DATABASE_SETTINGS } from '../support/settings.ts';
import type { TestDatabase } from '../support/test-database.ts';

const { ledgerSchema } = TEST_DATABASE_SETTINGS;
const LEDGER = `${ledgerSchema}.session_cleanup_ledger`;

async function ledgerSum(database: TestDatabase, runId: string): Promise<number> {
  const [row] = await database.sql<{ sum: string }>(
    `select coalesce(sum(deleted_count), 0) as sum from ${LEDGER} where run_id = $1`,
    [runId],
  );
  return Number(row?.sum);
}

/** Slows each deleted row, so that a test can act in the middle of a run. */
async function slowDown(database: TestDatabase, secondsPerRow: number): Promise<void> {
  await database.sql(`create function slow() returns trigger language plpgsql as
    $$ begin perform pg_sleep(${secondsPerRow}); return old; end $$`);
  await database.sql(
    'create trigger slow before delete on sessions for each row execute function slow()',
  );
}

function ledgerOf({ orm }: Cleaner, key: SliceKey): SliceLedger {
  return new SliceLedger(orm.em.fork(), ledgerSchema, key);
}

function die(): void {
  throw new Error('The worker died.');
}

describe.for(['sweep', 'drain'] as const)('%s', (way) => {
  test('a new attempt continues where the last one ended and counts both', async ({ database }) => {
    await fillSessions(database, { expired: 20_000, live: 500 });
    await forceWay(database, way);
    await using dying = openCleaner(database, { settings: { lanes: 1 } });
    await expect(dying.clean({ runId: 'run', hooks: { onProgress: die } })).rejects.toThrow('died');
    const gone = 20_000 - (await countSessions(database)).expired;
    expect(gone).toBeGreaterThan(0);
    expect(gone).toBeLessThan(20_000);
    expect(await ledgerSum(database, 'run')).toBe(gone);

    await using next = openCleaner(database, { settings: { lanes: 3 } });
    const outcome = await next.clean({ runId: 'run' });

    expect(outcome).toMatchObject({ deletedCount: 20_000, stopped: 'drained', way });
    expect(await ledgerSum(database, 'run')).toBe(20_000);
    expect(await countSessions(database)).toEqual({ expired: 0, live: 500 });
  });

  test('a newer attempt fences off an older one that still runs', async ({ database }) => {
    await fillSessions(database, { expired: 1_500, live: 500 });
    await slowDown(database, 0.0003);
    await forceWay(database, way);
    await using old = openCleaner(database);
    await using newer = openCleaner(database);
    let takeOver: ReturnType<typeof newer.clean> | undefined;
    const onProgress = (): void => {
      takeOver ??= newer.clean({ runId: 'run' });
    };

    await expect(old.clean({ runId: 'run', hooks: { onProgress } })).rejects.toThrow(
      SupersededError,
    );

    expect(await takeOver).toMatchObject({ deletedCount: 1_500, stopped: 'drained' });
    expect(await ledgerSum(database, 'run')).toBe(1_500);
    expect(await countSessions(database)).toEqual({ expired: 0, live: 500 });
  });

  test('four runs at once count each row once', async ({ database }) => {
    await fillSessions(database, { expired: 20_000, live: 500 });
    await forceWay(database, way);
    await using one = openCleaner(database);
    await using two = openCleaner(database);

    const outcomes = await Promise.all([one.clean(), two.clean(), one.clean(), two.clean()]);

    const sum = outcomes.reduce((total, { deletedCount }) => total + deletedCount, 0);
    expect(sum).toBe(20_000);
    expect(await countSessions(database)).toEqual({ expired: 0, live: 500 });
  });

  for (const [what, change] of [
    ['taken over', 'fence = fence + 1'],
    ['that lost commits', 'deleted_count = deleted_count - 1'],
  ] as const) {
    test(`a chunk of a slice ${what} is rolled back, the attempt ends`, async ({ database }) => {
      await fillSessions(database, { expired: 1_500, live: 500 });
      await slowDown(database, 0.0003);
      await forceWay(database, way);
      await using cleaner = openCleaner(database, { settings: { lanes: 1 } });
      let changing: Promise<unknown> | undefined;
      const onProgress = (): void => {
        changing ??= database.sql(`update ${LEDGER} set ${change} where run_id = 'run'`);
      };

      await expect(cleaner.clean({ runId: 'run', hooks: { onProgress } })).rejects.toThrow(
        SupersededError,
      );

      await changing;
      const { expired, live } = await countSessions(database);
      expect(expired).toBeGreaterThan(0);
      expect(expired).toBeLessThan(1_500);
      const lost = change.startsWith('deleted_count') ? 1 : 0;
      expect(await ledgerSum(database, 'run')).toBe(1_500 - expired - lost);
      expect(live).toBe(500);
    });
  }
});

test('a repeated attempt at a finished slice returns the same count', async ({ database }) => {
  await fillSessions(database, { expired: 3_000, live: 10 });
  await using cleaner = openCleaner(database);
  const first = await cleaner.clean({ runId: 'run', cutoff: 'now()' });
  // More has expired since, by the second attempt's clock but not by the run's deadline.
  await fillSessions(database, { expired: 0, live: 5 });
  await database.sql(
    `insert into sessions (user_id, token_hash, expires_at) values ('late', 'late', now())`,
  );

  const again = await cleaner.clean({ runId: 'run', cutoff: `now() + interval '1 year'` });

  expect(again).toMatchObject({ deletedCount: 3_000, deadline: first.deadline });
  expect(await countSessions(database)).toEqual({ expired: 1, live: 15 });
});

test('a closed slice returns its count, and its attempt commits no more', async ({ database }) => {
  await fillSessions(database, { expired: 1_500, live: 10 });
  await slowDown(database, 0.0003);
  await using cleaner = openCleaner(database);
  const key = { runId: 'run', target: 'sessions', slice: 0 };
  let closing: ReturnType<SliceLedger['close']> | undefined;
  const onProgress = (): void => {
    closing ??= ledgerOf(cleaner, key).close();
  };

  await expect(cleaner.clean({ runId: 'run', hooks: { onProgress } })).rejects.toThrow(
    SupersededError,
  );

  const { expired } = await countSessions(database);
  expect(await closing).toMatchObject({ deletedCount: 1_500 - expired });
  expect(await ledgerOf(cleaner, key).deletedCount()).toBe(1_500 - expired);
});

test('a closed slice does not count rows that stay where the next slice comes by', async ({
  database,
}) => {
  await fillSessions(database, { expired: 20_000, live: 10 });
  await using cleaner = openCleaner(database, { settings: { lanes: 1 } });
  await expect(cleaner.clean({ runId: 'run', hooks: { onProgress: die } })).rejects.toThrow('died');
  await database.sql(`update ${LEDGER} set remaining = jsonb_build_array(
    '{"reason": "locked", "rows": 3, "from": "0"}'::jsonb,
    jsonb_build_object('reason', 'locked', 'rows', 5, 'from', position))`);
  const key = { runId: 'run', target: 'sessions', slice: 0 };
  expect(await ledgerOf(cleaner, key).close()).toMatchObject({ skippedLocked: 3 });
});

test('a slice that never began closes with nothing deleted', async ({ database }) => {
  await using cleaner = openCleaner(database);
  const key = { runId: 'never', target: 'sessions', slice: 0 };
  expect(await ledgerOf(cleaner, key).close()).toEqual({
    deletedCount: 0,
    skippedLocked: 0,
    seconds: 0,
  });
});

test('an attempt that claims a closed slice deletes nothing', async ({ database }) => {
  await fillSessions(database, { expired: 300, live: 10 });
  await using cleaner = openCleaner(database);
  const key = { runId: 'run', target: 'sessions', slice: 0 };
  await ledgerOf(cleaner, key).close();
  await expect(cleaner.clean({ runId: 'run' })).rejects.toThrow(ClosedSliceError);
  expect(await countSessions(database)).toEqual({ expired: 300, live: 10 });
});

test('a slice closed while attempts claim it has an exact count', async ({ database }) => {
  await using cleaner = openCleaner(database);
  for (let round = 0; round < 30; round += 1) {
    await fillSessions(database, { expired: 50, live: 0 });
    const before = (await countSessions(database)).expired;
    const runId = `run ${round}`;
    const key = { runId, target: 'sessions', slice: 0 };
    const cleaning = cleaner.clean({ runId }).catch((error: unknown) => error);
    await sleep(round % 10);
    const { deletedCount } = await ledgerOf(cleaner, key).close();
    await cleaning;
    expect((await countSessions(database)).expired).toBe(before - deletedCount);
  }
});

test('the ledger drops runs older than its retention, and no other', async ({ database }) => {
  await using cleaner = openCleaner(database);
  await cleaner.clean({ runId: 'old' });
  await cleaner.clean({ runId: 'young' });
  await database.sql(
    `update ${LEDGER} set updated_at = now() - interval '30 days' - interval '1 second' where run_id = 'old'`,
  );
  await database.sql(
    `update ${LEDGER} set updated_at = now() - interval '29 days 23 hours' where run_id = 'young'`,
  );
  await cleaner.clean({ runId: 'new' });
  const rows = await database.sql(`select distinct run_id from ${LEDGER} order by run_id`);
  expect(rows).toEqual([{ run_id: 'new' }, { run_id: 'young' }]);
});
