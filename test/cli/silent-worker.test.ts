import { msNumberToTs, type Timestamp } from '@temporalio/common';
import { expect, vi } from 'vitest';

import { listPollers } from '../../src/checks/pollers.ts';
import { test } from '../support/fixtures.ts';

const SECONDS_AGO = {
  alive: 9,
  silent: 27,
  stopped: 5,
  'without heartbeat': 59,
  gone: 71,
} as const;

test('heartbeats, and without them the last poll, decide which workers poll', async ({
  temporal: { client, taskQueue },
}) => {
  const now = Math.floor(Date.now() / 1_000);
  const service = client.workflowService;
  const describeTaskQueue = service.describeTaskQueue.bind(service);
  vi.spyOn(service, 'describeTaskQueue').mockImplementation(async (request) =>
    Object.assign(await describeTaskQueue(request), {
      pollers: Object.entries(SECONDS_AGO).map(([identity, seconds]) => ({
        identity,
        // Those with heartbeats polled long ago, and wait for the answer.
        lastAccessTime: at(identity === 'without heartbeat' || identity === 'gone' ? seconds : 60),
      })),
    }),
  );
  const listWorkers = service.listWorkers.bind(service);
  vi.spyOn(service, 'listWorkers').mockImplementation(async (request) =>
    Object.assign(await listWorkers(request), {
      workersInfo: (['alive', 'silent', 'stopped'] as const).map((workerIdentity) => ({
        workerHeartbeat: {
          workerIdentity,
          taskQueue,
          status: workerIdentity === 'stopped' ? 2 : 1,
          startTime: at(300),
          heartbeatTime: at(SECONDS_AGO[workerIdentity]),
        },
      })),
    }),
  );

  expect(await listPollers(client, taskQueue)).toMatchObject([
    { identity: 'alive', isPolling: true },
    {
      identity: 'silent',
      isPolling: false,
      lastSeenAt: new Date((now - 27) * 1_000).toISOString(),
    },
    { identity: 'without heartbeat', isPolling: true },
    { identity: 'gone', isPolling: false },
  ]);

  function at(secondsAgo: number): Timestamp {
    return msNumberToTs((now - secondsAgo) * 1_000);
  }
});
