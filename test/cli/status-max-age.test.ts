import { expect, vi } from 'vitest';

import { findLastSuccesses, type TargetSuccess } from '../../src/runs/last-success.ts';
import { test } from '../support/fixtures.ts';
import { startRealRun, startRealWorker } from '../support/real-worker.ts';
import type { TestTemporal } from '../support/test-namespace.ts';
import { sliceOf, startRun, startFakeWorker } from '../support/fake-worker.ts';
import { runCommand, runJson, temporalEnvironment } from './command-process.ts';

// Each test starts several processes, which is slow on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const configuredTargets = ['sessions', 'tokens'];

test('a run counts for the targets that it cleaned, by its cut-off', async ({ temporal }) => {
  await using _ = await startFakeWorker(temporal, {
    plan: { targets: configuredTargets },
    deleteExpiredSessions(request) {
      // The budget of a target is spent without, or with, something deleted.
      const stopped = request.cutoff.startsWith('2026-03') ? 'budget' : 'drained';
      const deletedCount = request.target === 'tokens' ? 0 : 7;
      return sliceOf(request, { stopped, deletedCount });
    },
  });
  const all = await run(temporal, { cutoff: '2026-02-01T00:00:00Z' });
  expect(await successes(temporal)).toMatchObject([
    { target: 'sessions', success: { workflowId: all, cutoff: '2026-02-01T00:00:00.000Z' } },
    { target: 'tokens', success: { workflowId: all, cutoff: '2026-02-01T00:00:00.000Z' } },
  ]);

  const dry = await run(temporal, { cutoff: '2026-05-01T00:00:00Z', dryRun: true });
  const old = await run(temporal, { cutoff: '2026-01-01T00:00:00Z' });
  const one = await run(temporal, { cutoff: '2026-04-01T00:00:00Z', targets: ['sessions'] });
  await ended(temporal, dry, old, one);
  expect(await successes(temporal)).toMatchObject([
    { target: 'sessions', success: { workflowId: one } },
    { target: 'tokens', success: { workflowId: all } },
  ]);

  const spent = await run(temporal, { cutoff: '2026-03-01T00:00:00Z' });
  const later = await run(temporal, { cutoff: '2026-03-02T00:00:00Z', targets: ['tokens'] });
  await ended(temporal, spent, later);
  expect(await successes(temporal)).toMatchObject([
    { target: 'sessions', success: { workflowId: one } },
    {
      target: 'tokens',
      success: { workflowId: all },
      passedOver: {
        workflowId: later,
        reason: 'its time budget was spent and nothing was deleted',
      },
    },
  ]);
});

test('status --max-age needs no database, names the target that is overdue, and says why', async ({
  database,
  temporal,
}) => {
  const environment = temporalEnvironment(temporal);
  const none = await runJson(['status', '--max-age', '13'], environment);
  expect(none).toMatchObject({
    exitCode: 1,
    result: { overdue: true, overdueTargets: ['sessions'], targets: null },
  });

  await using _worker = await startRealWorker(temporal, database);
  const run = await startRealRun(temporal);
  await run.result();
  await expect
    .poll(() => runJson(['status', '--max-age', '13h'], environment), { timeout: 25_000 })
    .toMatchObject({ exitCode: 0, result: { overdue: false, overdueTargets: [] } });
  // There is no schedule, and the exit code does not depend on it.
  expect(await runJson(['status', '--max-age', '3600'], environment)).toMatchObject({
    exitCode: 0,
    result: { schedule: { ok: false } },
  });
  const late = await runCommand(['status', '--max-age', '13h'], {
    ...environment,
    SESSION_CLEANUP_CONFIG: 'test/cli/fixtures/two-targets.yaml',
  });
  expect(late.exitCode).toBe(1);
  expect(late.stdout).toMatch(/^ {2}sessions: cleaned up to .* UTC, \d.* ago /m);
  expect(late.stdout).toMatch(
    /^ {2}codes: no success among .*\n {4}\S+ does not count: it did not clean this target$/m,
  );
  expect(await runJson(['status', '--max-age', '1ms'], environment)).toMatchObject({
    exitCode: 1,
    result: { overdueTargets: ['sessions'] },
  });
  for (const age of ['old', '0', '-5']) {
    expect((await runCommand(['status', '--max-age', age], environment)).exitCode).toBe(2);
  }
});

test('status --max-age finds in the ledger what Temporal has forgotten', async ({
  database,
  temporal,
}) => {
  await using _worker = await startRealWorker(temporal, database);
  await (await startRealRun(temporal)).result();
  // No run is known on this task queue.
  const forgotten = { ...temporalEnvironment(temporal), SESSION_CLEANUP_TASK_QUEUE: 'another' };
  expect(await runJson(['status', '--max-age', '13h'], forgotten)).toMatchObject({
    exitCode: 1,
    result: { overdueTargets: ['sessions'] },
  });
  const withLedger = { ...forgotten, DATABASE_URL: database.url };
  expect(await runJson(['status', '--max-age', '13h'], withLedger)).toMatchObject({
    exitCode: 0,
    result: {
      overdueTargets: [],
      targets: null,
      gauges: expect.arrayContaining([
        {
          name: 'last_success_timestamp_seconds',
          target: 'sessions',
          value: expect.closeTo(Date.now() / 1_000, -2),
        },
      ]),
    },
  });
  expect(await runJson(['status', '--max-age', '1ms'], withLedger)).toMatchObject({ exitCode: 1 });
});

test('status without DATABASE_URL shows what Temporal knows', async ({ temporal }) => {
  const environment = temporalEnvironment(temporal);
  await runCommand(['schedule', 'apply'], environment);
  const { exitCode, stdout } = await runCommand(['status'], environment);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^Schedule session_cleanup {2}every 6 h, active\n/);
  expect(stdout).toMatch(/^Expired rows\n {2}not read: DATABASE_URL is not set$/m);
});

/** Runs the workflow to its end, and gives its id. */
async function run(temporal: TestTemporal, input: object): Promise<string> {
  const started = await startRun(temporal, input);
  await started.result();
  await ended(temporal, started.workflowId);
  return started.workflowId;
}

/** Waits until the server lists these runs as ended, which it does with a delay. */
async function ended({ client }: TestTemporal, ...ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const query = `WorkflowId = '${id}' AND ExecutionStatus = 'Completed'`;
    await expect
      .poll(async () => (await client.workflow.count(query)).count, { timeout: 10_000 })
      .toBe(1);
  }
}

async function successes({ client, taskQueue }: TestTemporal): Promise<readonly TargetSuccess[]> {
  return await findLastSuccesses(client, { taskQueue, targets: configuredTargets });
}
