import { describe, expect } from 'vitest';

import { forceWay } from '../../support/cleaner.ts';
import { compareWithSnapshot, fillAndSnapshot } from '../../support/snapshot.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { startRun } from '../../support/watched-run.ts';
import { startWorker } from '../../support/worker-process.ts';
import { test } from '../support/chaos-test.ts';
import { EXPIRED, LIVE, PATIENCE, sized } from '../support/form.ts';

const LOCKED = sized({ short: 150, full: 2_000 });

/** The lock timeout is 20 ms; the rest is what a busy machine may add before it is noticed. */
const LONGEST_WAIT = 150;

/** Polls how long the clean-up has waited for a lock, until stopped. */
function watchWaits(database: TestDatabase): { stop(): Promise<number> } {
  const stopping = new AbortController();
  let longest = 0;
  const watching = (async () => {
    while (!stopping.signal.aborted) {
      const [row] = await database.sql<{ waited: number }>(
        `select coalesce(max(extract(epoch from clock_timestamp() - waitstart) * 1000), 0)::float8 as waited
         from pg_locks join pg_stat_activity using (pid)
         where not granted and application_name = 'session-cleanup'`,
      );
      longest = Math.max(longest, row?.waited ?? 0);
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      await watching;
      return longest;
    },
  };
}

describe.for(['sweep', 'drain'] as const)('%s', (way) => {
  test(
    `${LOCKED} rows locked during the whole run are counted exactly and not waited for; the next run deletes them`,
    { timeout: PATIENCE },
    async ({ database, temporal }) => {
      await fillAndSnapshot(database, { expired: EXPIRED, live: LIVE });
      await forceWay(database, way);
      const holder = await database.connect();
      await holder.query('begin');
      const { rowCount } = await holder.query(
        `select from sessions where id in (select id from session_snapshot where has_expired order by md5(id::text) limit $1)
       for update`,
        [LOCKED],
      );
      expect(rowCount).toBe(LOCKED);
      await using _worker = await startWorker({ databaseUrl: database.url, temporal });
      const waits = watchWaits(database);

      const first = await startRun(database, temporal);
      const result = await first.result();

      expect(await waits.stop()).toBeLessThan(LONGEST_WAIT);
      expect(result).toMatchObject({ deletedCount: EXPIRED - LOCKED, skippedLocked: LOCKED });
      expect(result.targets[0]?.slices.map((slice) => slice.way)).toEqual([way]);
      expect(await first.inLedger()).toBe(EXPIRED - LOCKED);
      expect((await compareWithSnapshot(database)).expiredLeft).toBe(LOCKED);

      await holder.query('rollback');
      const next = await startRun(database, temporal, { cutoff: result.cutoff });
      expect(await next.result()).toMatchObject({ deletedCount: LOCKED, skippedLocked: 0 });
      expect(await compareWithSnapshot(database)).toEqual({
        expiredGone: EXPIRED,
        expiredLeft: 0,
        liveGone: 0,
      });
    },
  );
});
