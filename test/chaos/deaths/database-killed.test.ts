import { expect } from 'vitest';

import { countsOf, exactly } from '../../support/run-counts.ts';
import { slowDownDeletions } from '../../support/slow-deletion.ts';
import { fillAndSnapshot } from '../../support/snapshot.ts';
import { startRun } from '../../support/watched-run.ts';
import { startWorker } from '../../support/worker-process.ts';
import { test } from '../support/chaos-test.ts';
import { EXPIRED, LIVE, PATIENCE, sized, SLOW } from '../support/form.ts';

const STOPS = sized({ short: 2, full: 5 });
const CRASHES_AFTER_THE_END = sized({ short: 2, full: 10 });

test(
  `PostgreSQL stopped at once ${STOPS} times: commits are lost then, the count is not`,
  { timeout: PATIENCE },
  async ({ postgres, restartableDatabase: database, temporal, random }) => {
    await fillAndSnapshot(database, { expired: EXPIRED, live: LIVE });
    await slowDownDeletions(database, SLOW);
    // All of the above is on disk, so that only the run's own commits can be lost.
    await database.sql('checkpoint');
    await using _worker = await startWorker({ databaseUrl: database.url, temporal });
    const run = await startRun(database, temporal);

    let lost = 0;
    for (const moment of random.moments(STOPS)) {
      await run.untilDeleted(Math.max(1, moment * EXPIRED));
      // Somebody else's commit, which waits for the disk: what the run did until now is kept, and what it
      // does from here on is lost.
      await database.sql(`select pg_logical_emit_message(true, 'flush', '')`);
      const before = await run.untilDeleted(Math.max(1, (moment + 0.05) * EXPIRED));
      expect(before).toBeLessThan(EXPIRED);
      await postgres.stop('immediate');
      await postgres.start();
      const kept = await run.inLedger();
      expect(kept).toBeGreaterThan(0);
      lost += Math.max(0, before - kept);
    }

    expect(await countsOf(database, run)).toEqual(exactly(EXPIRED));
    // The test is worth something only if there was something to lose.
    expect(lost).toBeGreaterThan(0);
  },
);

test(
  `PostgreSQL stopped at once right after the end of a run, ${CRASHES_AFTER_THE_END} times: what the history reports is on disk`,
  { timeout: PATIENCE },
  async ({ postgres, restartableDatabase: database, temporal }) => {
    await using _worker = await startWorker({ databaseUrl: database.url, temporal });
    for (let crash = 0; crash < CRASHES_AFTER_THE_END; crash += 1) {
      await database.sql('truncate sessions');
      await fillAndSnapshot(database, { expired: 5_000, live: 500 });
      await database.sql('checkpoint');
      const run = await startRun(database, temporal);
      const { deletedCount } = await run.result();
      await postgres.stop('immediate');
      await postgres.start();

      expect(deletedCount).toBe(5_000);
      expect(await countsOf(database, run)).toEqual(exactly(5_000));
    }
  },
);
