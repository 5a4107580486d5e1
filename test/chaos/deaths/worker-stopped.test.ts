import { expect } from 'vitest';

import { countsOf, exactly } from '../../support/run-counts.ts';
import { slowDownDeletions } from '../../support/slow-deletion.ts';
import { fillAndSnapshot } from '../../support/snapshot.ts';
import { startRun } from '../../support/watched-run.ts';
import { workerCrew } from '../../support/worker-process.ts';
import { test } from '../support/chaos-test.ts';
import { EXPIRED, LIVE, PATIENCE, sized, SLOW } from '../support/form.ts';

const STOPS = sized({ short: 4, full: 20 });

/** After this time a worker leaves whatever its activities do. Milliseconds. */
const GRACE = 8_000;

test(
  `a worker stopped ${STOPS} times ends in time and hands over, and nothing is redone`,
  { timeout: PATIENCE },
  async ({ database, temporal, random }) => {
    await fillAndSnapshot(database, { expired: EXPIRED, live: LIVE });
    await slowDownDeletions(database, SLOW);
    await using workers = workerCrew({ databaseUrl: database.url, temporal });
    let current = await workers.start();
    const run = await startRun(database, temporal);

    for (const moment of random.moments(STOPS)) {
      // A slice that has deleted nothing yet has nothing to hand over.
      await run.untilDeleted(Math.max((await run.inLedger()) + 1, moment * EXPIRED));
      const began = performance.now();
      current.signal('SIGTERM');
      expect(await current.ended).toEqual({ code: 0, signal: null });
      expect(performance.now() - began).toBeLessThan(GRACE);
      current = await workers.start();
    }

    expect(await countsOf(database, run)).toEqual(exactly(EXPIRED));
    const slices = await run.slices();
    // No attempt was lost, so no heartbeat timeout passed and nothing was done twice.
    expect(slices.map(({ attempt }) => attempt)).toEqual(
      Array.from({ length: STOPS + 1 }, () => 1),
    );
    expect(slices.slice(0, -1).map(({ result }) => result['stopped'])).toEqual(
      Array.from({ length: STOPS }, () => 'handed-over'),
    );
    // Each slice begins where the one before ended.
    for (const [index, { result }] of slices.slice(0, -1).entries()) {
      expect(slices[index + 1]?.request['resumeFrom']).toEqual(result['resumeFrom']);
    }
    for (const { deletedCount } of slices) expect(deletedCount).toBeGreaterThan(0);
  },
);
