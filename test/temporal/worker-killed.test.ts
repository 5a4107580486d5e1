import { expect } from 'vitest';

import { countsOf, exactly } from '../support/run-counts.ts';
import { test } from '../support/fixtures.ts';
import { slowDownDeletions } from '../support/slow-deletion.ts';
import { compareWithSnapshot, fillAndSnapshot } from '../support/snapshot.ts';
import { startRun } from '../support/watched-run.ts';
import { workerCrew } from '../support/worker-process.ts';

const EXPIRED = 20_000;

test(
  'a worker killed three times during a run: the history has the exact count',
  { timeout: 180_000 },
  async ({ database, temporal }) => {
    await fillAndSnapshot(database, { expired: EXPIRED, live: 1_000 });
    await slowDownDeletions(database, 5_000);
    await using workers = workerCrew({ databaseUrl: database.url, temporal });
    let worker = await workers.start();
    const run = await startRun(database, temporal);

    for (const share of [0.1, 0.4, 0.7]) {
      await run.untilDeleted(share * EXPIRED);
      await worker.kill();
      expect((await compareWithSnapshot(database)).expiredLeft).toBeGreaterThan(0);
      worker = await workers.start();
    }

    expect(await countsOf(database, run)).toEqual(exactly(EXPIRED));
    expect((await run.slices()).map(({ attempt }) => attempt)).toEqual([4]);
  },
);
