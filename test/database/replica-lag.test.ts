import { expect } from 'vitest';

import { openCleaner } from '../support/cleaner.ts';
import { startWithReplica } from '../support/own-postgres.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import { test } from '../support/temporary-folder.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { recordWaits } from '../support/waits.ts';

/** Lag by which the replica replays what it receives. Seconds. */
const DELAY = 1.5;

/** Commits again and again, so that the replica is always more than a page behind, also on a busy machine. */
async function keepWriting(database: TestDatabase, signal: AbortSignal): Promise<void> {
  await database.sql('create table beside (number int)');
  while (!signal.aborted) {
    await database.sql('insert into beside select generate_series(1, 1000)');
  }
}

async function replayLag(database: TestDatabase): Promise<number> {
  const [row] = await database.sql<{ lag: number }>(
    `select coalesce(max(extract(epoch from replay_lag)), 0)::float8 as lag from pg_stat_replication`,
  );
  return row?.lag ?? 0;
}

test(
  'waits for a replica that falls behind, reports its lag, and continues once it has caught up',
  { timeout: 90_000 },
  async ({ folder }) => {
    await using own = await startWithReplica(folder, {
      recovery_min_apply_delay: `${String(DELAY)}s`,
    });
    const { database } = own;
    await fillSessions(database, { expired: 3_000, live: 100 });
    const writing = new AbortController();
    const writer = keepWriting(database, writing.signal);
    await expect.poll(() => replayLag(database), { timeout: 30_000 }).toBeGreaterThan(1);
    await using cleaner = openCleaner(database, { settings: { maxReplicaLagSeconds: 1 } });
    const { waits, hooks } = recordWaits(() => writing.abort());

    const outcome = await cleaner.clean({ hooks });
    writing.abort();
    await writer;

    expect(waits).toEqual([expect.stringMatching(/^replica-lag: \d\.\d s$/)]);
    expect(outcome).toMatchObject({
      deletedCount: 3_000,
      skippedLocked: 0,
      stopped: 'drained',
      waits: [{ reason: 'replica-lag', seconds: expect.any(Number) }],
    });
    expect(await countSessions(database)).toEqual({ expired: 0, live: 100 });
  },
);

test(
  'does not wait for a replica if the setting is 0, nor for one within the limit',
  { timeout: 90_000 },
  async ({ folder }) => {
    await using own = await startWithReplica(folder, {
      recovery_min_apply_delay: `${String(DELAY)}s`,
    });
    const { database } = own;
    await fillSessions(database, { expired: 2_000, live: 100 });
    const writing = new AbortController();
    const writer = keepWriting(database, writing.signal);
    await expect.poll(() => replayLag(database), { timeout: 30_000 }).toBeGreaterThan(1);

    {
      await using heedless = openCleaner(database, { settings: { maxReplicaLagSeconds: 0 } });
      const outcome = await heedless.clean();
      expect(outcome).toMatchObject({ deletedCount: 2_000, stopped: 'drained' });
      expect(outcome).not.toHaveProperty('waits');
    }
    {
      await fillSessions(database, { expired: 500, live: 0 });
      await using isSingle = openCleaner(database, { settings: { maxReplicaLagSeconds: 60 } });
      const outcome = await isSingle.clean();
      expect(outcome).toMatchObject({ deletedCount: 500, stopped: 'drained' });
      expect(outcome).not.toHaveProperty('waits');
    }
    writing.abort();
    await writer;
  },
);
