import { describe, expect, vi } from 'vitest';

import { applySchedule } from '../../src/schedule/apply.ts';
import { describeSchedule, ScheduleMissingError } from '../../src/schedule/schedule.ts';
import { definitionFor, recordingLogger } from '../support/schedule-fixture.ts';
import { test } from '../support/fixtures.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import { slowDownDeletions } from '../support/slow-deletion.ts';
import { environmentFor, runCommand, startCommand } from './command-process.ts';
import { createForwarder } from './forwarder.ts';

// Each test starts several processes, which is slow on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const STARTED = 'session_cleanup_worker_started';

describe('the end of a worker', () => {
  test.for(['SIGTERM', 'SIGINT'] as const)(
    '%s stops it gracefully',
    async (signal, { database, temporal }) => {
      await using worker = startCommand(['worker'], environmentFor(database, temporal));
      await worker.untilWritten(STARTED);
      worker.signal(signal);
      const { exitCode, stdout, stderr } = await worker.ended;
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(stdout).toContain('session_cleanup_worker_stopping');
      expect(stdout).toContain('session_cleanup_worker_stopped');
    },
  );

  test('during a run keeps the count exact: another worker continues', async ({
    database,
    temporal,
  }) => {
    await fillSessions(database, { expired: 20_000, live: 5 });
    await slowDownDeletions(database, 10_000);
    const environment = environmentFor(database, temporal);
    await using first = startCommand(['worker'], environment);
    await first.untilWritten(STARTED);
    await using run = startCommand(['run', 'start', '--json'], environment);
    await vi.waitUntil(async () => (await countSessions(database)).expired < 19_000, 15_000);

    first.signal('SIGTERM');
    expect((await first.ended).exitCode).toBe(0);
    expect((await countSessions(database)).expired).toBeGreaterThan(0);
    await using second = startCommand(['worker'], environment);
    await second.untilWritten(STARTED);

    const { exitCode, stdout } = await run.ended;
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'completed',
      result: { deletedCount: 20_000 },
    });
    expect(await countSessions(database)).toEqual({ expired: 0, live: 5 });
  });

  test.for([
    // Eight seconds is how long one signal waits, unless the connection is given up before that.
    { signals: 1, exitCodes: [0, 1], leavesWithin: 16_000 },
    { signals: 2, exitCodes: [1], leavesWithin: 4_000 },
  ])(
    'waits for a database that hangs, for a limited time: %o',
    async (expected, { database, temporal }) => {
      await fillSessions(database, { expired: 100_000, live: 5 });
      await slowDownDeletions(database, 2_000);
      await using forwarder = await createForwarder(database.url);
      await forwarder.open();
      const environment = environmentFor({ url: forwarder.url }, temporal);
      await using worker = startCommand(['worker'], environment);
      await worker.untilWritten(STARTED);
      await runCommand(['run', 'start', '--no-wait'], environment);
      await vi.waitUntil(async () => (await countSessions(database)).expired < 100_000, 15_000);
      forwarder.freeze();

      worker.signal('SIGTERM');
      await worker.untilWritten('session_cleanup_worker_stopping');
      const signalledAt = performance.now();
      if (expected.signals === 2) worker.signal('SIGTERM');

      const { exitCode } = await worker.ended;
      expect(expected.exitCodes).toContain(exitCode);
      expect(performance.now() - signalledAt).toBeLessThan(expected.leavesWithin);
    },
  );
});

test('an idle worker does not wait for a database that hangs', async ({ database, temporal }) => {
  await using forwarder = await createForwarder(database.url);
  await forwarder.open();
  await using worker = startCommand(['worker'], environmentFor({ url: forwarder.url }, temporal));
  await worker.untilWritten(STARTED);
  forwarder.freeze();
  worker.signal('SIGTERM');
  const signalledAt = performance.now();
  expect((await worker.ended).exitCode).toBe(0);
  expect(performance.now() - signalledAt).toBeLessThan(7_000);
});

describe('the start of a worker', () => {
  test('waits for a database that is down, and works once it is back', async ({
    database,
    temporal,
  }) => {
    await fillSessions(database, { expired: 100, live: 5 });
    await using forwarder = await createForwarder(database.url);
    const environment = environmentFor({ url: forwarder.url }, temporal);
    await using worker = startCommand(['worker'], environment);
    await worker.untilWritten(STARTED);
    expect(worker.stdout()).toContain('session_cleanup_database_unavailable');

    await using run = startCommand(['run', 'start', '--json'], environment);
    await run.untilWritten('Started session_cleanup-');
    await forwarder.open();

    const { exitCode, stdout } = await run.ended;
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'completed', result: { deletedCount: 100 } });
    expect(await countSessions(database)).toEqual({ expired: 0, live: 5 });
  });

  test('fails at once, with the remedy, when the ledger is missing', async ({
    emptyDatabase,
    temporal,
  }) => {
    const ended = await runCommand(['worker'], environmentFor(emptyDatabase, temporal));
    expect(ended.exitCode).toBe(1);
    expect(ended.stderr).toContain('session-cleanup migrate');
  });

  test('fails at once when the database does not exist, and shows no password', async ({
    database,
    temporal,
  }) => {
    const url = new URL(database.url);
    url.pathname = '/nowhere';
    url.password = 'hunter2';
    const ended = await runCommand(['worker'], environmentFor({ url: url.href }, temporal));
    expect(ended.exitCode).toBe(1);
    expect(ended.stderr).toMatch(/nowhere|database/);
    expect(ended.stdout + ended.stderr).not.toContain('hunter2');
  });
});

describe('the schedule at the start of a worker', () => {
  test('is applied by default, and a pause survives', async ({ database, temporal }) => {
    const { client } = temporal;
    const environment = environmentFor(database, temporal);
    await startAndStopWorker(environment);
    await client.schedule.getHandle('session_cleanup').pause('quiet');
    const stdout = await startAndStopWorker({ ...environment, SESSION_CLEANUP_INTERVAL: '900' });
    expect(stdout).toMatch(/"interval_seconds":900.*"msg":"session_cleanup_scheduled"/);
    expect(await describeSchedule(client)).toMatchObject({
      intervals: [{ everySeconds: 900 }],
      paused: true,
      note: 'quiet',
    });
  });

  test('with "check" is only checked', async ({ database, temporal }) => {
    const { client } = temporal;
    await applySchedule(client, definitionFor(temporal, 3_600), recordingLogger().logger);
    const stdout = await startAndStopWorker({
      ...environmentFor(database, temporal),
      SESSION_CLEANUP_SCHEDULE: 'check',
    });
    expect(stdout).toContain('session_cleanup_schedule_differs');
    expect((await describeSchedule(client)).updatedAt).toBeNull();
  });

  test('with "off" is not touched', async ({ database, temporal }) => {
    await startAndStopWorker({
      ...environmentFor(database, temporal),
      SESSION_CLEANUP_SCHEDULE: 'off',
    });
    await expect(describeSchedule(temporal.client)).rejects.toThrow(ScheduleMissingError);
  });
});

async function startAndStopWorker(environment: NodeJS.ProcessEnv): Promise<string> {
  await using worker = startCommand(['worker'], environment);
  await worker.untilWritten(STARTED);
  worker.signal('SIGTERM');
  const { exitCode, stdout } = await worker.ended;
  expect(exitCode).toBe(0);
  return stdout;
}
