import { expect } from 'vitest';

import { countsOf, exactly } from '../../support/run-counts.ts';
import { slowDownDeletions } from '../../support/slow-deletion.ts';
import { compareWithSnapshot, fillAndSnapshot } from '../../support/snapshot.ts';
import { startRun } from '../../support/watched-run.ts';
import { workerCrew } from '../../support/worker-process.ts';
import { test } from '../support/chaos-test.ts';
import { EXPIRED, LIVE, PATIENCE, sized, SLOW } from '../support/form.ts';

const KILLS = sized({ short: 2, full: 20 });

/** A retry waits longer each time; in slices that end sooner, a full run is killed 20 times in minutes. */
const settings = { SLICE_TIME: sized({ short: 60, full: 4 }) + 's' };

test(
  `a worker killed ${KILLS} times, another started each time`,
  { timeout: PATIENCE },
  async ({ database, temporal, random }) => {
    await fillAndSnapshot(database, { expired: EXPIRED, live: LIVE });
    await slowDownDeletions(database, SLOW);
    await using workers = workerCrew({ databaseUrl: database.url, temporal, settings });
    let current = await workers.start();
    const run = await startRun(database, temporal);

    for (const moment of random.moments(KILLS)) {
      await run.untilDeleted(Math.max(1, moment * EXPIRED));
      await current.kill();
      expect((await compareWithSnapshot(database)).expiredLeft).toBeGreaterThan(0);
      current = await workers.start();
    }

    expect(await countsOf(database, run)).toEqual(exactly(EXPIRED));
    const slices = await run.slices();
    expect(slices.filter(({ attempt }) => attempt > 1)).not.toEqual([]);
  },
);

test(
  `two workers at once, killed in turn ${KILLS} times`,
  { timeout: PATIENCE },
  async ({ database, temporal, random }) => {
    await fillAndSnapshot(database, { expired: EXPIRED, live: LIVE });
    await slowDownDeletions(database, SLOW);
    await using workers = workerCrew({ databaseUrl: database.url, temporal, settings });
    const pair = [await workers.start(), await workers.start()];
    const run = await startRun(database, temporal);

    for (const moment of random.moments(KILLS)) {
      await run.untilDeleted(Math.max(1, moment * EXPIRED));
      await pair.shift()?.kill();
      expect((await compareWithSnapshot(database)).expiredLeft).toBeGreaterThan(0);
      pair.push(await workers.start());
    }

    expect(await countsOf(database, run)).toEqual(exactly(EXPIRED));
  },
);
