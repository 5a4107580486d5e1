import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'vitest';

import { countsOf, exactly } from '../../support/run-counts.ts';
import { slowDownDeletions } from '../../support/slow-deletion.ts';
import { fillAndSnapshot } from '../../support/snapshot.ts';
import { startRun } from '../../support/watched-run.ts';
import { startWorker } from '../../support/worker-process.ts';
import { test } from '../support/chaos-test.ts';
import { EXPIRED, LIVE, PATIENCE, sized, SLOW } from '../support/form.ts';

const KILLS = sized({ short: 1, full: 3 });

/** Longer than the heartbeat timeout: the attempt counts as dead when the server is back. */
const LONG_OUTAGE = 12_000;

test(
  `Temporal killed ${KILLS} times and started again on its file`,
  { timeout: PATIENCE },
  async ({ temporalServer, restartableNamespace: temporal, database, random }) => {
    await fillAndSnapshot(database, { expired: EXPIRED, live: LIVE });
    await slowDownDeletions(database, SLOW);
    await using _worker = await startWorker({ databaseUrl: database.url, temporal });
    const run = await startRun(database, temporal);

    for (const [index, moment] of random.moments(KILLS).entries()) {
      expect(await run.untilDeleted(Math.max(1, moment * EXPIRED))).toBeLessThan(EXPIRED);
      await temporalServer.kill();
      const outage = index === 0 ? LONG_OUTAGE : random.between(0, 3_000);
      // Not for luck: this is how long the outage lasts.
      await sleep(outage);
      await temporalServer.start();
    }

    expect(await countsOf(database, run)).toEqual(exactly(EXPIRED));
  },
);
