import { expect } from 'vitest';

import { test } from '../support/fixtures.ts';
import { startRealRun, startRealWorker } from '../support/real-worker.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import { environmentFor, runCommand, runJson } from './command-process.ts';
import { TEST_TARGET } from '../support/settings.ts';

test('check finds what is missing, with the remedy, and passes when nothing is', async ({
  database,
  temporal,
}) => {
  const environment = environmentFor(database, temporal);
  const before = await runCommand(['check'], environment);
  expect(before.exitCode).toBe(1);
  expect(before.stdout).toMatch(/^error +schedule: there is none/m);
  expect(before.stdout).toContain('Run: session-cleanup schedule apply');
  expect(before.stdout).toMatch(/^warning +workers: none polls/m);

  await runCommand(['schedule', 'apply'], environment);
  const after = await runJson(['check'], environment);
  expect(after.exitCode).toBe(0);
  expect(after.result).toMatchObject({ level: 'warning' });

  const other = { ...environment, SESSION_CLEANUP_INTERVAL: '1h' };
  expect((await runCommand(['check'], other)).stdout).toMatch(
    /^warning +schedule: interval is every 6h, configured is every 1h$/m,
  );
  await runCommand(['schedule', 'pause', '--reason', 'moving'], environment);
  expect((await runCommand(['check'], environment)).stdout).toMatch(
    /^warning +schedule: paused: moving$/m,
  );
  await runCommand(['schedule', 'unpause'], environment);
  await using _ = await startRealWorker(temporal, database);
  await expect
    .poll(async () => (await runCommand(['check'], environment)).stdout, { timeout: 25_000 })
    .toMatch(/^ok +schedule: as configured, next run .*\nok +workers: 1 polling/m);
});

test('grants prints SQL for exactly the configured tables, and needs no database', async () => {
  const environment = {
    SESSION_CLEANUP_TABLE: 'auth.sessions',
    SESSION_CLEANUP_EXPIRES_COLUMN: 'expires',
  };
  const { exitCode, stdout } = await runCommand(['grants', '--role', 'o"dd'], environment);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('GRANT DELETE ON "auth"."sessions" TO "o""dd";');
  expect(stdout).toContain('GRANT UPDATE ("expires") ON "auth"."sessions" TO "o""dd";');
  expect((await runCommand(['grants', '--role', ''], environment)).exitCode).toBe(2);
});

test('grants uses the schema of an address, and opens no connection', async () => {
  const { stdout } = await runCommand(['grants', '--role', 'cleaner'], {
    DATABASE_URL: 'postgres://app@127.0.0.1:1/none?schema=shop',
  });
  expect(stdout).toContain('GRANT DELETE ON "shop"."sessions" TO "cleaner";');
});

test('a run that waits for approval is found, shown and answered without its id', async ({
  database,
  temporal,
}) => {
  await fillSessions(database, { expired: 1_200, live: 0 });
  await using _ = await startRealWorker(temporal, database, {
    targets: [{ ...TEST_TARGET, approvalShare: 1 }],
  });
  const environment = environmentFor(database, temporal);
  const run = await startRealRun(temporal);
  await expect
    .poll(async () => (await runCommand(['run', 'show'], environment)).stdout, { timeout: 25_000 })
    .toContain('1,200 of the 1,200 rows of sessions would be deleted');

  const asking = {
    workflowId: run.workflowId,
    state: 'running',
    awaiting: [{ target: 'sessions', expiredRows: 1_200, totalRows: 1_200 }],
  };
  await expect
    .poll(async () => (await runJson(['status'], environment)).result, { timeout: 25_000 })
    .toMatchObject({ runs: { content: [asking] } });
  const listed = await runJson(['run', 'list'], environment);
  expect(listed.result).toMatchObject({ runs: [asking] });
  for (const command of [['status'], ['run', 'list']]) {
    const { stdout } = await runCommand(command, environment);
    expect(stdout).toMatch(/ by hand +waits for approval /);
    expect(stdout).toContain('1,200 of the 1,200 rows of sessions would be deleted');
    expect(stdout).toContain(`session-cleanup run approve ${run.workflowId}`);
    expect(stdout).toContain(`session-cleanup run reject ${run.workflowId}`);
  }

  const wrong = await runCommand(['run', 'approve', '--target', 'others'], environment);
  expect(wrong).toMatchObject({ exitCode: 1 });
  expect(wrong.stderr).toContain('"others" does not wait for approval');
  const answer = await runJson(['run', 'approve', run.workflowId], environment);
  expect(answer).toMatchObject({ exitCode: 0, result: { update: 'approve' } });
  expect(await run.result()).toMatchObject({ deletedCount: 1_200 });
  expect(await countSessions(database)).toEqual({ expired: 0, live: 0 });

  const shown = await runJson(['run', 'show', run.workflowId], environment);
  expect(shown.result).toMatchObject({ kind: 'completed', result: { deletedCount: 1_200 } });
  await expect
    .poll(async () => (await runJson(['run', 'list'], environment)).result, { timeout: 25_000 })
    .toMatchObject({ runs: [{ workflowId: run.workflowId, deletedCount: 1_200 }] });
});

test('status reports that a run is paused, and works without a worker', async ({
  database,
  temporal,
}) => {
  await fillSessions(database, { expired: 20_000, live: 0 });
  const environment = environmentFor(database, temporal);
  const worker = await startRealWorker(temporal, database, {
    deletion: { chunkMilliseconds: 10, rowsPerSecond: 4_000 },
  });
  const run = await startRealRun(temporal);
  await runCommand(['run', 'pause', run.workflowId, '--reason', 'peak hour'], environment);
  await expect
    .poll(async () => (await runCommand(['status'], environment)).stdout, { timeout: 25_000 })
    .toContain(`Paused (peak hour). To resume: session-cleanup run resume ${run.workflowId}`);
  const pace = ['run', 'pace', '--rows-per-second', 'max', '--lanes', '2'];
  expect(await runJson(pace, environment)).toMatchObject({ exitCode: 0 });
  expect(await run.query('progress')).toMatchObject({ pace: { rowsPerSecond: null, lanes: 2 } });

  await worker.stop();
  const { result } = await runJson(['status'], environment);
  expect(result).toMatchObject({
    runs: { ok: true, content: [{ state: 'running', paused: null, awaiting: [] }] },
  });
  await run.terminate();
});

test('a control command without a run, or with invalid values, is refused', async ({
  database,
  temporal,
}) => {
  const environment = environmentFor(database, temporal);
  const idle = await runCommand(['run', 'pause'], environment);
  expect(idle).toMatchObject({ exitCode: 1 });
  expect(idle.stderr).toContain('No run is running');
  const unknown = await runCommand(['run', 'resume', 'no-such-run'], environment);
  expect(unknown).toMatchObject({ exitCode: 1 });
  expect(unknown.stderr).toContain('no-such-run is not a running workflow');
  for (const args of [[], ['--lanes', '17'], ['--rows-per-second', '0']]) {
    expect((await runCommand(['run', 'pace', ...args], environment)).exitCode).toBe(2);
  }
});
