import { randomUUID } from 'node:crypto';

import { msToTs } from '@temporalio/common';
import { describe, expect, vi } from 'vitest';

import { describeSchedule } from '../../src/schedule/schedule.ts';
import { startGrpcProxy } from '../support/grpc-proxy.ts';
import { test } from '../support/fixtures.ts';
import { fillSessions } from '../support/sessions.ts';
import { DEPLOYMENT, deployment, deploymentNamed } from '../support/versions.ts';
import { environmentFor, runJson, startCommand } from './command-process.ts';

// Each test starts several processes, which takes its time on a machine that is busy.
vi.setConfig({ testTimeout: 90_000 });

const STARTED = 'session_cleanup_worker_started';
const DONE = { exitCode: 0, result: { kind: 'completed', result: { deletedCount: 100 } } };

test('a worker waits for its namespace, applies the schedule there, and works', async ({
  database,
  temporal,
}) => {
  await fillSessions(database, { expired: 100, live: 5 });
  const namespace = `late-${randomUUID()}`;
  const environment = environmentFor(database, { ...temporal, namespace });
  await using worker = startCommand(['worker'], environment);
  await worker.untilWritten('session_cleanup_temporal_unavailable');
  expect(worker.stdout()).toContain(`temporal operator namespace create --namespace ${namespace}`);

  await temporal.client.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: msToTs('1 day'),
  });
  await worker.untilWritten(STARTED);
  // The server may not know the namespace everywhere yet; then it is applied a little later.
  await worker.untilWritten('"msg":"session_cleanup_scheduled"');
  expect(await runJson(['run', 'start'], environment)).toMatchObject(DONE);
});

describe('a server that refuses requests which are not needed', () => {
  test.for([
    ['PERMISSION_DENIED', 7],
    ['UNIMPLEMENTED', 12],
  ] as const)(
    'with %s gets a worker that works without',
    async ([, status], { database, temporal }) => {
      await fillSessions(database, { expired: 100, live: 5 });
      await using proxy = await startGrpcProxy({
        target: temporal.address,
        refuse: ({ method }) => (OPTIONAL.test(method) ? status : undefined),
      });
      const direct = environmentFor(database, temporal);
      await using worker = startCommand(['worker'], {
        ...direct,
        TEMPORAL_ADDRESS: proxy.address,
        SESSION_CLEANUP_DEPLOYMENT: DEPLOYMENT,
        SESSION_CLEANUP_BUILD_ID: 'v1',
      });
      await worker.untilWritten(STARTED);
      expect(worker.stdout()).toContain('session_cleanup_schedule_not_applied');
      await expect
        .poll(() => [...proxy.refused], { timeout: 30_000 })
        .toEqual(expect.arrayContaining(['RecordWorkerHeartbeat', 'DescribeWorkerDeployment']));

      await deployment(temporal, 'set-current-version', '--build-id', 'v1');
      expect(await runJson(['run', 'start'], direct)).toMatchObject(DONE);
      worker.signal('SIGTERM');
      expect((await worker.ended).exitCode).toBe(0);
      expect(await describeSchedule(temporal.client).catch(() => 'none')).toBe('none');
    },
  );
});

/** What a login without rights on schedules and deployments, or an older server, may refuse. */
const OPTIONAL = /Schedule|WorkerDeployment|WorkerHeartbeat|ShutdownWorker|ListWorkers/;

test('a worker takes its version from what the Worker Controller sets', async ({
  database,
  temporal,
}) => {
  await fillSessions(database, { expired: 100, live: 5 });
  const environment = environmentFor(database, temporal);
  const name = 'team-a/session-cleanup';
  await using worker = startCommand(['worker'], {
    ...environment,
    TEMPORAL_DEPLOYMENT_NAME: name,
    TEMPORAL_WORKER_BUILD_ID: 'v1',
  });
  await worker.untilWritten(STARTED);
  expect(worker.stdout()).toContain(`"deployment":"${name}","build_id":"v1"`);
  await deploymentNamed(name, temporal, 'set-current-version', '--build-id', 'v1');
  expect(await runJson(['run', 'start'], environment)).toMatchObject(DONE);
});
