import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'vitest';

import { SCHEDULE_ID } from '../../../src/contract/names.ts';
import { test } from '../../chaos/support/chaos-test.ts';
import { countSessions, fillSessions } from '../../support/sessions.ts';
import { slowDownDeletions } from '../../support/slow-deletion.ts';
import { temporalCli } from '../../support/temporal-cli.ts';
import { startWorker } from '../../support/worker-process.ts';
import { sessionCleanup } from '../support/our-command.ts';
import { untilSchedule } from '../support/scheduled-runs.ts';

const STOCK = { expired: 3_000, live: 100 };

/** The schedule in the output of status. */
const COUNTERS =
  /^ {2}so far +[\d,]+ started, ([\d,]+) skipped because one was running, ([\d,]+) missed while the server was down$/m;

test('status reports slots skipped for a running run, and slots missed in an outage', async ({
  database,
  temporalServer,
  restartableNamespace: temporal,
}) => {
  const stage = { database, temporal };
  await fillSessions(database, STOCK);
  await slowDownDeletions(database, 500);
  const settings = { SCHEDULE: 'apply', INTERVAL: '1s' };
  await using _worker = await startWorker({ databaseUrl: database.url, temporal, settings });
  const { skippedRuns, startedRuns } = await untilSchedule(stage, (state) => {
    expect(state.skippedRuns).toBeGreaterThan(0);
    expect(state.missedRuns).toBe(0);
  });
  expect(startedRuns).toBeGreaterThan(0);
  // The shortest window that the server knows.
  await temporalCli(
    temporal,
    ...['schedule', 'update', '--schedule-id', SCHEDULE_ID, '--interval', '1s'],
    ...['--type', 'sessionCleanup', '--workflow-id', 'session_cleanup', '--catchup-window', '10s'],
    ...['--task-queue', temporal.taskQueue],
  );
  await untilSchedule(stage, ({ catchupWindowSeconds }) => {
    expect(catchupWindowSeconds).toBe(10);
  });

  await temporalServer.kill();
  // Some slots are older than the window by the end of it.
  await sleep(14_000);
  await temporalServer.start();

  const { missedRuns } = await untilSchedule(stage, (state) => {
    expect(state.missedRuns).toBeGreaterThan(0);
  });
  const { stdout } = await sessionCleanup(stage, ['status']);
  const [skipped, missed] = COUNTERS.exec(stdout)?.slice(1).map(Number) ?? [];
  expect(skipped).toBeGreaterThanOrEqual(skippedRuns);
  expect(missed).toBeGreaterThanOrEqual(missedRuns);
  // Nothing is lost by either: the runs that did start have taken all of it.
  await expect
    .poll(async () => await countSessions(database), { timeout: 30_000 })
    .toEqual({ expired: 0, live: STOCK.live });
});
