import { expect, vi } from 'vitest';

import { test } from '../support/fixtures.ts';
import { runCommand, runJson, temporalEnvironment } from './command-process.ts';

// Each test starts several processes, which is slow on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

test('apply, describe, pause, unpause, check and delete do what they say', async ({ temporal }) => {
  const environment = temporalEnvironment(temporal);
  const missing = await runCommand(['schedule', 'describe'], environment);
  expect(missing).toMatchObject({ exitCode: 1, stdout: '' });
  expect(missing.stderr).toContain('session-cleanup schedule apply');

  const applied = await runCommand(['schedule', 'apply'], environment);
  expect(applied.exitCode).toBe(0);
  expect(applied.stdout).toMatch(
    /^Created the schedule session_cleanup\.\n\nSchedule session_cleanup {2}every 6 h, active\n/,
  );
  expect(applied.stdout).not.toContain('\u001B');
  expect(JSON.parse(applied.stderr)).toMatchObject({
    msg: 'session_cleanup_scheduled',
    interval_seconds: 21_600,
  });

  const pause = ['schedule', 'pause', '--reason', 'moving the database'];
  expect(await runJson(pause, environment)).toMatchObject({
    exitCode: 0,
    result: { paused: true, note: 'moving the database' },
  });
  const hourly = { ...environment, SESSION_CLEANUP_INTERVAL: '1h' };
  expect(await runJson(['schedule', 'apply', '--check'], hourly)).toMatchObject({
    exitCode: 1,
    result: { outcome: { kind: 'different', differences: [{ field: 'interval' }] } },
  });
  expect(await runJson(['schedule', 'apply'], hourly)).toMatchObject({
    exitCode: 0,
    result: { outcome: { kind: 'updated' }, schedule: { paused: true } },
  });
  const described = await runCommand(['schedule', 'describe'], environment);
  expect(described.stdout).toMatch(/^Schedule session_cleanup {2}every 1 h, paused\n/);
  expect(described.stdout).toMatch(/^ {2}note +moving the database$/m);

  expect(await runJson(['schedule', 'unpause'], environment)).toMatchObject({
    exitCode: 0,
    result: { paused: false },
  });
  expect(await runJson(['schedule', 'delete'], environment)).toEqual({
    exitCode: 0,
    result: { deleted: 'session_cleanup' },
  });
  expect((await runCommand(['schedule', 'delete'], environment)).exitCode).toBe(1);
});

test('trigger exits with 1 when it starts nothing, and names the running run', async ({
  temporal,
}) => {
  const environment = temporalEnvironment(temporal);
  await runCommand(['schedule', 'apply'], environment);
  const first = await runCommand(['schedule', 'trigger'], environment);
  expect(first.exitCode).toBe(0);
  const workflowId = /^Started (session_cleanup-\S+) \(run [0-9a-f-]{36}\)\.\n$/.exec(
    first.stdout,
  )?.[1];
  expect(workflowId).toBeDefined();
  const second = await runCommand(['schedule', 'trigger'], environment);
  expect(second.exitCode).toBe(1);
  expect(second.stdout).toContain(`a run of the schedule is running (${workflowId})`);
});

test('backfill reports the slots, the runs that started and those that wait', async ({
  temporal,
}) => {
  const environment = temporalEnvironment(temporal);
  await runCommand(['schedule', 'apply'], environment);
  const day = ['--from', '2026-11-20T00:00:00Z', '--to', '2026-11-20T23:59:59Z'];
  const { exitCode, stdout } = await runCommand(['schedule', 'backfill', ...day], environment);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(
    /^4 slots in this range; 1 run started:\n {2}session_cleanup-2026-11-20T00:00:00Z {2}run [0-9a-f-]{36}\nRuns that wait for the one before them: 3\./,
  );
  const nothing = ['--from', '2026-11-20T00:00:01Z', '--to', '2026-11-20T05:59:59Z'];
  expect(await runJson(['schedule', 'backfill', ...nothing], environment)).toMatchObject({
    exitCode: 1,
    result: { slots: [], started: [] },
  });
});
