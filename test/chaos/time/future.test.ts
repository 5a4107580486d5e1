import path from 'node:path';

import { WorkflowFailedError } from '@temporalio/client';
import { expect, vi } from 'vitest';

import { SCHEDULE_ID, WORKFLOW_ID } from '../../../src/contract/names.ts';
import { countsOf, exactly } from '../../support/run-counts.ts';
import { TEMPLATE_DATABASE } from '../../support/postgres-template.ts';
import { compareWithSnapshot, fillAndSnapshot } from '../../support/snapshot.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import { startRun } from '../../support/watched-run.ts';
import { startWorker } from '../../support/worker-process.ts';
import { test } from '../support/chaos-test.ts';
import { fakeTime, whyNoFakeTime } from '../../support/fake-time.ts';
import { startRestartablePostgres } from '../support/restartable-postgres.ts';
import { temporalCli } from '../../support/temporal-cli.ts';

const HOUR = 3_600_000;
const ROWS = { expired: 2_000, live: 2_000 };
const missing = whyNoFakeTime();

/** Half of the live sessions expire within the next hour: a clock an hour ahead would delete them. */
const SOON = `update sessions set expires_at = now() + interval '5 minutes' + random() * interval '50 minutes'
  where expires_at > now() and id < '80000000-0000-0000-0000-000000000000'`;

test('a cut-off in the future fails by type, deletes nothing', async ({ database, temporal }) => {
  await fillAndSnapshot(database, ROWS);
  await database.sql(SOON);
  await using _worker = await startWorker({ databaseUrl: database.url, temporal });
  const run = await startRun(database, temporal, {
    cutoff: new Date(Date.now() + HOUR).toISOString(),
  });

  const error: unknown = await run.result().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(WorkflowFailedError);
  expect(error).toMatchObject({ cause: { type: 'InvalidCutoff' } });
  expect(await compareWithSnapshot(database)).toEqual({
    expiredGone: 0,
    expiredLeft: ROWS.expired,
    liveGone: 0,
  });
});

test('a backfill of future slots removes no live session', async ({ database, temporal }) => {
  await fillAndSnapshot(database, ROWS);
  await database.sql(SOON);
  const settings = { SCHEDULE: 'apply', INTERVAL: '20m' };
  await using _worker = await startWorker({ databaseUrl: database.url, temporal, settings });
  await temporalCli(
    temporal,
    ...['schedule', 'backfill', '--schedule-id', SCHEDULE_ID, '--overlap-policy', 'BufferAll'],
    ...['--start-time', new Date(Date.now() + 60_000).toISOString()],
    ...['--end-time', new Date(Date.now() + HOUR + 60_000).toISOString()],
  );
  await vi.waitFor(
    async () => {
      const query = `WorkflowId STARTS_WITH '${WORKFLOW_ID}-' AND ExecutionStatus = 'Completed'`;
      expect((await temporal.client.workflow.count(query)).count).toBeGreaterThanOrEqual(3);
    },
    { timeout: 30_000, interval: 100 },
  );
  expect(await compareWithSnapshot(database)).toEqual({
    expiredGone: ROWS.expired,
    expiredLeft: 0,
    liveGone: 0,
  });
});

test('a worker clock an hour ahead deletes no live row', async ({ database, temporal, skip }) => {
  if (missing !== undefined) return skip(missing);
  await fillAndSnapshot(database, ROWS);
  await database.sql(SOON);
  await using worker = await startWorker({
    databaseUrl: database.url,
    temporal,
    env: fakeTime('+1h'),
  });
  const loggedAt = worker.log().find((line) => 'time' in line)?.['time'];
  expect(new Date(String(loggedAt)).getTime()).toBeGreaterThan(Date.now() + 0.9 * HOUR);
  const run = await startRun(database, temporal);

  expect(await countsOf(database, run)).toEqual(exactly(ROWS.expired));
});

test('a database clock an hour behind deletes no live row', async ({ folder, temporal, skip }) => {
  if (missing !== undefined) return skip(missing);
  await using server = await startRestartablePostgres(
    path.join(folder, 'late'),
    {},
    fakeTime('-1h'),
  );
  const database = await createTestDatabase(server.url, TEMPLATE_DATABASE);
  const [row] = await database.sql<{ now: Date }>('select now()');
  expect(row?.now.getTime()).toBeLessThan(Date.now() - 0.9 * HOUR);
  await fillAndSnapshot(database, ROWS);
  await database.sql(SOON);
  await using _worker = await startWorker({ databaseUrl: database.url, temporal });
  const byStart = await startRun(database, temporal);
  expect(await countsOf(database, byStart)).toEqual(exactly(ROWS.expired));

  // Nor by a given cut-off that is past by all clocks but the database's.
  const given = await startRun(database, temporal, {
    cutoff: new Date(Date.now() - 1_000).toISOString(),
  });
  expect(await given.result()).toMatchObject({ deletedCount: 0 });
  expect((await compareWithSnapshot(database)).liveGone).toBe(0);
});
