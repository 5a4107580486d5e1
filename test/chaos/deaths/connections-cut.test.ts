import { expect } from 'vitest';

import { countsOf, exactly } from '../../support/run-counts.ts';
import { slowDownDeletions } from '../../support/slow-deletion.ts';
import { compareWithSnapshot, fillAndSnapshot } from '../../support/snapshot.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import type { TestTemporal } from '../../support/test-namespace.ts';
import { startRun, type WatchedRun } from '../../support/watched-run.ts';
import { startWorker } from '../../support/worker-process.ts';
import { test } from '../support/chaos-test.ts';
import { EXPIRED, LIVE, PATIENCE, sized, SLOW } from '../support/form.ts';
import { startProxy, throughProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const CUTS = sized({ short: 3, full: 10 });
const SILENCES = sized({ short: 1, full: 3 });

/** A retry waits longer each time; slices that end sooner keep the full form within minutes. */
const settings = { SLICE_TIME: sized({ short: 60, full: 4 }) + 's' };

/** Applies a fault to all connections at these moments of a run, which must count exactly. */
async function expectExactCount(
  database: TestDatabase,
  temporal: TestTemporal,
  moments: readonly number[],
  fault: (proxy: TcpProxy) => number,
): Promise<WatchedRun> {
  await using proxy = await startProxy(Number(new URL(database.url).port));
  await fillAndSnapshot(database, { expired: EXPIRED, live: LIVE });
  await slowDownDeletions(database, SLOW);
  await using _worker = await startWorker({
    databaseUrl: throughProxy(database.url, proxy),
    temporal,
    settings,
  });
  const run = await startRun(database, temporal);
  for (const moment of moments) {
    await run.untilDeleted(Math.max(1, moment * EXPIRED));
    expect(fault(proxy)).toBeGreaterThan(0);
    expect((await compareWithSnapshot(database)).expiredLeft).toBeGreaterThan(0);
  }
  expect(await countsOf(database, run)).toEqual(exactly(EXPIRED));
  return run;
}

test(
  `all connections to the database cut ${CUTS} times`,
  { timeout: PATIENCE },
  async ({ database, temporal, random }) => {
    const run = await expectExactCount(database, temporal, random.moments(CUTS), (proxy) =>
      proxy.cut(),
    );
    const slices = await run.slices();
    expect(slices.filter(({ attempt }) => attempt > 1)).not.toEqual([]);
  },
);

test(
  `all connections to the database fall silent ${SILENCES} times, without an end`,
  { timeout: PATIENCE },
  async ({ database, temporal, random }) => {
    await expectExactCount(database, temporal, random.moments(SILENCES), (proxy) =>
      proxy.silence(),
    );
  },
);
