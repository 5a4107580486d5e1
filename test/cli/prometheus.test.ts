/** The alert rules and the dashboard's queries, in a real Prometheus that scrapes a real worker. */
import { readFileSync } from 'node:fs';

import { beforeEach, expect, vi } from 'vitest';
import { z } from 'zod';

import { choosePort, LOOPBACK } from '../../scripts/services/ports.ts';
import { test } from '../support/fixtures.ts';
import { promtool, RULES, startPrometheus, whyNoPrometheus } from '../support/prometheus.ts';
import { startRealRun } from '../support/real-worker.ts';
import { fillSessions } from '../support/sessions.ts';
import { startWorker } from '../support/worker-process.ts';
import { runCommand, temporalEnvironment } from './command-process.ts';

vi.setConfig({ testTimeout: 90_000 });

const ALERTS = z.object({
  alerts: z.array(z.object({ state: z.string(), labels: z.record(z.string(), z.string()) })),
});
const HEALTH = z.object({
  groups: z.array(z.object({ rules: z.array(z.object({ name: z.string(), health: z.string() })) })),
});
const RESULT = z.object({ result: z.array(z.unknown()) });

beforeEach(({ skip }) => {
  const missing = whyNoPrometheus();
  if (missing !== undefined) skip(missing);
});

test('the alert rules alert when they should, and only then', async () => {
  expect(await promtool('check', 'rules', RULES)).toContain('SUCCESS');
  expect(await promtool('test', 'rules', RULES.replace('.yaml', '.test.yaml'))).toContain(
    'SUCCESS',
  );
});

test('Prometheus scrapes a worker, evaluates the rules and answers every query of the dashboard', async ({
  database,
  temporal,
}) => {
  await fillSessions(database, { expired: 2_000, live: 50 });
  const environment = temporalEnvironment(temporal);
  await runCommand(['schedule', 'apply'], environment);
  await runCommand(['schedule', 'pause', '--reason', 'test'], environment);
  const address = `${LOOPBACK}:${await choosePort()}`;
  const settings = { METRICS_ADDRESS: address, APPROVAL: 'off', TIME_ZONE: 'UTC' };
  await using _worker = await startWorker({ databaseUrl: database.url, temporal, settings });
  await using prometheus = await startPrometheus(address);
  const alerts = async (): Promise<readonly string[]> =>
    ALERTS.parse(await prometheus.ask('alerts')).alerts.map(
      ({ state, labels: { alertname = '', type } }) =>
        [alertname, state, ...(type === undefined ? [] : [type])].join(' '),
    );
  await expect
    .poll(alerts, { timeout: 20_000 })
    .toEqual(
      expect.arrayContaining([
        'SessionCleanupPaused pending',
        'SessionCleanupNeverSucceeded pending',
      ]),
    );

  await (await startRealRun(temporal)).result();
  await expect((await startRealRun(temporal, { targets: ['none'] })).result()).rejects.toThrow(
    'Workflow execution failed',
  );
  await expect
    .poll(alerts, { timeout: 20_000 })
    .toContain('SessionCleanupFailed firing UnknownTarget');
  const { groups } = HEALTH.parse(await prometheus.ask('rules'));
  const rules = groups.flatMap((group) => group.rules);
  expect(rules.length).toBeGreaterThan(7);
  expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);

  // Prometheus does not see the first increment of a histogram's buckets.
  await fillSessions(database, { expired: 2_000, live: 0 });
  await (await startRealRun(temporal)).result();
  const emptyQueries = async (): Promise<readonly string[]> => {
    const empty: string[] = [];
    for (const query of queriesOfDashboard()) {
      const { result } = RESULT.parse(await prometheus.ask('query', { query }));
      if (result.length === 0) empty.push(query);
    }
    // No run had ended when the worker read its gauges, and nothing was throttled.
    return empty.filter((query) => !/last_success_timestamp|wait_milliseconds/.test(query));
  };
  expect(queriesOfDashboard().length).toBeGreaterThan(15);
  await expect.poll(emptyQueries, { timeout: 20_000 }).toEqual([]);
});

/** The queries as Grafana sends them, with all values selected. */
function queriesOfDashboard(): readonly string[] {
  const text = readFileSync('deploy/grafana/dashboard.json', 'utf8');
  const expressions: string[] = [];
  JSON.parse(text, (key, value: unknown) => {
    if (key === 'expr') expressions.push(String(value));
    return value;
  });
  return expressions.map((expression) =>
    expression
      .replaceAll(/\$(?:namespace|taskQueue|target)\b/g, '.*')
      .replaceAll('$__rate_interval', '1m'),
  );
}
