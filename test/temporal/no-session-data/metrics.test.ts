import { DefaultLogger, Runtime } from '@temporalio/worker';
import { expect, vi } from 'vitest';

import { choosePort, LOOPBACK } from '../../../scripts/services/ports.ts';
import { test } from '../../support/fixtures.ts';
import { plantedIn, plantOne, plantSessions, withPlantedPassword } from '../../support/planted.ts';
import { prepareRefusals, refuseBy } from '../../support/quoting-errors.ts';
import { startRealRun, startRealWorker } from '../../support/real-worker.ts';

test('no metric of a worker has a value of a session', async ({ database, temporal }) => {
  const bindAddress = `${LOOPBACK}:${await choosePort()}`;
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => undefined),
    telemetryOptions: { metrics: { prometheus: { bindAddress } } },
  });
  await plantSessions(database, { expired: 2_000, live: 50 });
  await prepareRefusals(database);
  await using _ = await startRealWorker(temporal, withPlantedPassword(database));
  await (await startRealRun(temporal)).result();
  await plantOne(database);
  await refuseBy(database, 'unreadable');
  await expect((await startRealRun(temporal)).result()).rejects.toThrow(
    'Workflow execution failed',
  );

  const scraped = await vi.waitFor(
    async () => {
      const response = await fetch(`http://${bindAddress}/metrics`);
      const text = await response.text();
      // It covers both: the run that worked, and the one that failed.
      expect(text).toMatch(/activity_succeed_endtoend.*deleteExpiredSessions/);
      expect(text).toMatch(/activity_execution_failed.*deleteExpiredSessions/);
      return text;
    },
    { timeout: 20_000, interval: 100 },
  );
  expect(plantedIn(scraped)).toEqual([]);
});
