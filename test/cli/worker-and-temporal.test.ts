import { describe, expect, vi } from 'vitest';

import { repeatWhileDown, TemporalUnreachableError } from '../../src/temporal/connection.ts';
import { listPollers } from '../../src/checks/pollers.ts';
import { applySchedule } from '../../src/schedule/apply.ts';
import { describeSchedule } from '../../src/schedule/schedule.ts';
import { definitionFor, recordingLogger } from '../support/schedule-fixture.ts';
import { test } from '../support/fixtures.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import { environmentFor, runCommand, runJson, startCommand } from './command-process.ts';
import { createForwarder } from './forwarder.ts';

// Each test starts several processes, which takes its time on a machine that is busy.
vi.setConfig({ testTimeout: 90_000 });

const STARTED = 'session_cleanup_worker_started';

describe('a worker that starts while Temporal is down', () => {
  test('waits for it, and then applies the schedule and works', async ({ database, temporal }) => {
    await fillSessions(database, { expired: 100, live: 5 });
    const direct = environmentFor(database, temporal);
    await using forwarder = await createForwarder(`http://${temporal.address}`);
    const address = new URL(forwarder.url).host;
    await using worker = startCommand(['worker'], { ...direct, TEMPORAL_ADDRESS: address });
    await worker.untilWritten('session_cleanup_temporal_unavailable');
    expect(worker.stdout()).toContain(`Temporal cannot be reached at ${address}`);

    await forwarder.open();
    await worker.untilWritten(STARTED);

    expect(worker.stdout()).toContain('"msg":"session_cleanup_scheduled"');
    expect(await describeSchedule(temporal.client)).toMatchObject({ paused: false });
    expect(await runJson(['run', 'start'], direct)).toMatchObject({
      exitCode: 0,
      result: { kind: 'completed', result: { deletedCount: 100 } },
    });
    expect(await countSessions(database)).toEqual({ expired: 0, live: 5 });
  });

  test('ends at once on SIGTERM', async ({ database, temporal }) => {
    await using worker = startCommand(['worker'], {
      ...environmentFor(database, temporal),
      TEMPORAL_ADDRESS: '127.0.0.1:1',
    });
    await worker.untilWritten('session_cleanup_temporal_unavailable');
    worker.signal('SIGTERM');
    const signalledAt = performance.now();
    const { exitCode, stdout } = await worker.ended;
    expect(exitCode).toBe(0);
    expect(stdout).toContain('session_cleanup_worker_stopped');
    expect(performance.now() - signalledAt).toBeLessThan(5_000);
  });

  test('repeats what fails because Temporal is down, and nothing else', async () => {
    const down = new TemporalUnreachableError({ address: 'here:1', namespace: 'it' }, undefined);
    const attempt = vi.fn<() => Promise<string>>().mockRejectedValueOnce(down);
    const onDown = vi.fn<(error: unknown) => void>();
    const { signal } = new AbortController();
    expect(await repeatWhileDown(attempt.mockResolvedValueOnce('done'), onDown, signal)).toBe(
      'done',
    );
    expect(onDown.mock.calls).toEqual([[down]]);
    await expect(
      repeatWhileDown(attempt.mockRejectedValueOnce(new Error('no right')), onDown, signal),
    ).rejects.toThrow('no right');
    expect(attempt).toHaveBeenCalledTimes(3);
  });
});

test('a worker keeps another installation’s schedule, logs an error, and works', async ({
  database,
  temporal,
}) => {
  const { client } = temporal;
  await applySchedule(client, definitionFor({ taskQueue: 'other' }), recordingLogger().logger);
  const environment = environmentFor(database, temporal);
  await using worker = startCommand(['worker'], environment);
  await worker.untilWritten(STARTED);
  expect(worker.stdout()).toMatch(
    /"level":"error".*other.*SESSION_CLEANUP_SCHEDULE_ID.*"msg":"session_cleanup_schedule_not_applied"/,
  );
  expect(await describeSchedule(client)).toMatchObject({ taskQueue: 'other', updatedAt: null });
  expect(await runJson(['run', 'start'], environment)).toMatchObject({ exitCode: 0 });

  const check = await runCommand(['check'], environment);
  expect(check.exitCode).toBe(1);
  expect(check.stdout).toMatch(/^error +schedule: Schedule session_cleanup: belongs to another/m);
  const described = await runCommand(['schedule', 'describe'], environment);
  expect(described.stdout).toContain('It belongs to another installation');
  const refused = await runCommand(['schedule', 'apply'], environment);
  expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
  expect(refused.stderr).toContain('session-cleanup schedule apply --force');
  expect((await runCommand(['schedule', 'apply', '--force'], environment)).exitCode).toBe(0);
  expect(await describeSchedule(client)).toMatchObject({ taskQueue: temporal.taskQueue });
});

test('workers that poll are listed, and one that stopped is not, at once', async ({
  database,
  temporal: { client, taskQueue, ...temporal },
}) => {
  const environment = environmentFor(database, { ...temporal, taskQueue });
  const polling = async (): Promise<number> =>
    (await listPollers(client, taskQueue)).filter(({ isPolling }) => isPolling).length;
  expect(await polling()).toBe(0);
  await using first = startCommand(['worker'], environment);
  await first.untilWritten(STARTED);
  await using second = startCommand(['worker'], environment);
  await second.untilWritten(STARTED);
  await expect.poll(polling, { timeout: 10_000 }).toBe(2);

  first.signal('SIGTERM');
  await first.ended;
  await expect.poll(polling, { timeout: 5_000 }).toBe(1);
  expect((await runJson(['status'], environment)).result).toMatchObject({
    workers: {
      ok: true,
      content: [{ identity: expect.stringMatching(/@/) as unknown, isPolling: true }],
    },
  });
  second.signal('SIGTERM');
  await second.ended;
  await expect
    .poll(async () => (await runCommand(['check'], environment)).stdout, { timeout: 5_000 })
    .toMatch(/^warning +workers: none polls the task queue/m);
});
