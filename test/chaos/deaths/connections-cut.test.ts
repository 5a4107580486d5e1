import { expect } from 'vitest';

import { countsOf, exactly } from '../../support/run-counts.ts';
import { slowDownDeletions } from '../../support/slow-deletion.ts';
import { compareWithSnapshot, fillAndSnapshot } from '../../support/snapshot.ts';
import { startRun } from '../../support/watched-run.ts';
import { startWorker } from '../../support/worker-process.ts';
import { test } from '../support/chaos-test.ts';
import { EXPIRED, LIVE, PATIENCE, sized, SLOW } from '../support/form.ts';
import { startProxy, throughProxy } from '../support/tcp-proxy.ts';

const CUTS = sized({ short: 3, full: 10 });
const SILENCES = sized({ short: 1, full: 3 });

/** A retry waits longer each time; slices that end sooner keep the full form within minutes. */
const settings = { SLICE_TIME: sized({ short: 60, full: 4 }) + 's' };

test(
  `all connections to the database cut ${CUTS} times`,
  { timeout: PATIENCE },
  async ({ database, temporal, random }) => {
    await using proxy = await startProxy(Number(new URL(database.url).port));
    await fillAndSnapshot(database, { expired: EXPIRED, live: LIVE });
    await slowDownDeletions(database, SLOW);
    await using _worker = await startWorker({
      databaseUrl: throughProxy(database.url, proxy),
      temporal,
      settings,
    });
    const run = await startRun(database, temporal);

    for (const moment of random.moments(CUTS)) {
      await run.untilDeleted(Math.max(1, moment * EXPIRED));
      expect(proxy.cut()).toBeGreaterThan(0);
      expect((await compareWithSnapshot(database)).expiredLeft).toBeGreaterThan(0);
    }

    expect(await countsOf(database, run)).toEqual(exactly(EXPIRED));
    const slices = await run.slices();
    expect(slices.filter(({ attempt }) => attempt > 1)).not.toEqual([]);
  },
);

test(
  `all connections to the database fall silent ${SILENCES} times, without an end`,
  { timeout: PATIENCE },
  async ({ database, temporal, random }) => {
    await using proxy = await startProxy(Number(new URL(database.url).port));
    await fillAndSnapshot(database, { expired: EXPIRED, live: LIVE });
    await slowDownDeletions(database, SLOW);
    await using _worker = await startWorker({
      databaseUrl: throughProxy(database.url, proxy),
      temporal,
      settings,
    });
    const run = await startRun(database, temporal);

    for (const moment of random.moments(SILENCES)) {
      await run.untilDeleted(Math.max(1, moment * EXPIRED));
      expect(proxy.silence()).toBeGreaterThan(0);
      expect((await compareWithSnapshot(database)).expiredLeft).toBeGreaterThan(0);
    }

    expect(await countsOf(database, run)).toEqual(exactly(EXPIRED));
  },
);
