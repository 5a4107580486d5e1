import { DefaultLogger, Runtime } from '@temporalio/worker';
import { expect, vi } from 'vitest';

import { choosePort, LOOPBACK } from '../../../scripts/services/ports.ts';
import { createOrm } from '../../../src/database/orm.ts';
import { exportMetrics, metricsExporter } from '../../../src/worker/metrics.ts';
import { test } from '../../support/fixtures.ts';
import { plantedIn, plantOne, plantSessions, withPlantedPassword } from '../../support/planted.ts';
import { prepareRefusals, refuseBy } from '../../support/quoting-errors.ts';
import { startRealRun, startRealWorker } from '../../support/real-worker.ts';
import { TEST_DATABASE_SETTINGS, TEST_TARGET } from '../../support/settings.ts';

test('no metric of a worker has a value of a session', async ({ database, temporal }) => {
  const port = await choosePort();
  const metrics = await metricsExporter({ host: LOOPBACK, port }, undefined);
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => undefined),
    telemetryOptions: metrics === undefined ? {} : { metrics },
  });
  await plantSessions(database, { expired: 2_000, live: 50 });
  await prepareRefusals(database);
  const planted = withPlantedPassword(database);
  const { client, namespace, taskQueue } = temporal;
  const orm = createOrm({ ...TEST_DATABASE_SETTINGS, url: planted.url }, [TEST_TARGET]);
  await using _closed = { [Symbol.asyncDispose]: () => orm.close(true) };
  const stop = new AbortController();
  const schedule = {
    scheduleId: 'none',
    intervalSeconds: 21_600,
    offsetSeconds: 0,
    atWorkerStart: 'off',
  } as const;
  const config = { targets: [TEST_TARGET], taskQueue, schedule, database: TEST_DATABASE_SETTINGS };
  const exporting = exportMetrics({ config, orm, client, namespace }, stop.signal, () => undefined);
  await using _worker = await startRealWorker(temporal, planted);
  await (await startRealRun(temporal)).result();
  await plantOne(database);
  await refuseBy(database, 'unreadable');
  await expect((await startRealRun(temporal)).result()).rejects.toThrow(
    'Workflow execution failed',
  );

  const scraped = await vi.waitFor(
    async () => {
      const response = await fetch(`http://${LOOPBACK}:${port}/metrics`);
      const text = await response.text();
      // It covers both: the run that worked, and the one that failed.
      expect(text).toMatch(/activity_succeed_endtoend.*deleteExpiredSessions/);
      expect(text).toMatch(/activity_execution_failed.*deleteExpiredSessions/);
      expect(text).toMatch(/session_cleanup_expired_rows_estimate\{/);
      return text;
    },
    { timeout: 20_000, interval: 100 },
  );
  stop.abort();
  await exporting;
  expect(plantedIn(scraped)).toEqual([]);
  const labels = [...scraped.matchAll(/^session_cleanup_.*\{(.*)\}/gm)].flatMap(
    ([, all = '']) => all.match(/\w+="[^"]*"/g) ?? [],
  );
  expect(new Set(labels.map((pair) => pair.split('=')[0]))).toEqual(
    new Set([
      ...['activityType', 'le', 'namespace', 'outcome', 'target', 'taskQueue', 'type'],
      'workflowType',
    ]),
  );
  const targets = labels.filter((pair) => pair.startsWith('target='));
  expect(new Set(targets)).toEqual(new Set(['target="sessions"']));
});
