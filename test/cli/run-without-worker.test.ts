import { expect, vi } from 'vitest';

import { test } from '../support/fixtures.ts';
import { startRealRun, startRealWorker } from '../support/real-worker.ts';
import { fillSessions } from '../support/sessions.ts';
import { environmentFor, runCommand, runJson, startCommand } from './command-process.ts';

// Each test starts several processes, which is slow on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

test('run start reports that no worker polls and how long it has waited, and ends in time', async ({
  database,
  temporal,
}) => {
  const environment = environmentFor(database, temporal);
  await using waiting = startCommand(['run', 'start', '--timeout', '8'], environment);
  await waiting.untilWritten('no worker polls the task queue');
  const { exitCode, stdout, stderr } = await waiting.ended;
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(stderr).toMatch(
    /^Waiting for \d+(\.\d)? s: no worker polls .* Start one: session-cleanup worker$/m,
  );
  expect(stderr).toContain('Stopped waiting. The run continues');
  const { count } = await temporal.client.workflow.count("ExecutionStatus = 'Running'");
  expect(count).toBe(1);
  for (const timeout of ['0', 'soon', '25d']) {
    const refused = await runCommand(['run', 'start', '--timeout', timeout], environment);
    expect(refused.exitCode).toBe(2);
  }
});

test('run show prints what Temporal knows of a run without a worker', async ({
  database,
  temporal,
}) => {
  await fillSessions(database, { expired: 40_000, live: 0 });
  const environment = environmentFor(database, temporal);
  await using worker = await startRealWorker(temporal, database, {
    deletion: { chunkMilliseconds: 10, rowsPerSecond: 2_000 },
  });
  const run = await startRealRun(temporal, { targets: ['sessions'] });
  await expect
    .poll(async () => (await run.describe()).raw.pendingActivities?.[0]?.heartbeatDetails, {
      timeout: 20_000,
    })
    .toBeTruthy();
  const shown = await runCommand(['run', 'show'], environment);
  expect(shown.exitCode).toBe(0);
  expect(shown.stdout).toMatch(/^Removes sessions that had expired by /m);
  expect(shown.stdout).toMatch(/^target +state +deleted +locked /m);
  expect(shown.stdout).not.toMatch(/[*|`]/);

  await worker.stop();
  await expect
    .poll(async () => (await runCommand(['run', 'show'], environment)).stdout, { timeout: 40_000 })
    .toMatch(
      /is running, started .* ago\.\n\nNo worker answers[^]*\nWaiting for [^]*no worker polls the task queue/,
    );
  const { exitCode, result } = await runJson(['run', 'show'], environment);
  expect(exitCode).toBe(1);
  expect(result).toMatchObject({ workflowId: run.workflowId, state: 'running', progress: null });
  await run.terminate();
});
