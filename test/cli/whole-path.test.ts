import { describe, expect, vi } from 'vitest';
import { z } from 'zod';

import { test } from '../support/fixtures.ts';
import { argumentsInReadme } from '../support/readme.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import { temporalCli } from '../support/temporal-cli.ts';
import { environmentFor, runCommand, runJson, startCommand } from './command-process.ts';
import type { RunningCommand } from './command-process.ts';

// Each test starts several processes, which is slow on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const RUN = z.object({ workflowId: z.string(), runId: z.string() });
const TRIGGERED = z.object({ run: RUN });
const STATUS = z.object({
  runs: z.object({
    content: z.array(z.object({ state: z.string(), deletedCount: z.number().nullable() })),
  }),
});

const STOCK = { expired: 3_000, live: 2_000 };

test('from an empty database to the count in the history, by commands alone', async ({
  emptyDatabase,
  temporal,
}) => {
  const environment = environmentFor(emptyDatabase, temporal);
  expect(await runJson(['migrate'], environment)).toEqual({
    exitCode: 0,
    result: {
      applied: [
        '0001-create-ledger',
        '0002-create-sessions',
        '0003-extend-ledger',
        '0004-count-dependents',
        '0005-add-partition-to-ledger',
        '0006-mark-clean-slices',
      ],
    },
  });
  await fillSessions(emptyDatabase, STOCK);
  expect(await runJson(['preview'], environment)).toMatchObject({
    exitCode: 0,
    result: { targets: [{ kind: 'previewed', target: 'sessions', eligibleRows: 3_000 }] },
  });
  await using _worker = await startWorker({ ...environment, SESSION_CLEANUP_SCHEDULE: 'off' });
  expect(await runJson(['schedule', 'apply'], environment)).toMatchObject({
    exitCode: 0,
    result: { outcome: { kind: 'created' } },
  });

  const triggered = await runJson(['schedule', 'trigger'], environment);

  expect(triggered).toMatchObject({ exitCode: 0, result: { kind: 'started' } });
  const { run } = TRIGGERED.parse(triggered.result);
  const result: unknown = await temporal.client.workflow
    .getHandle(run.workflowId, run.runId)
    .result();
  expect(result).toMatchObject({
    deletedCount: 3_000,
    skippedLocked: 0,
    targets: [{ target: 'sessions', deletedCount: 3_000, stopped: 'drained' }],
  });
  expect(await countSessions(emptyDatabase)).toEqual({ expired: 0, live: 2_000 });
  await vi.waitUntil(async () => {
    const { exitCode, result: status } = await runJson(['status'], environment);
    const [last] = STATUS.parse(status).runs.content;
    return exitCode === 0 && last?.state === 'completed' && last.deletedCount === 3_000;
  }, 10_000);
});

test('a schedule made by hand with the real CLI works just as well', async ({
  database,
  temporal: { address, namespace, client },
}) => {
  // The line of the README names the default task queue.
  const temporal = { address, namespace, taskQueue: 'session-cleanup' };
  await fillSessions(database, STOCK);
  await using _worker = await startWorker({
    ...environmentFor(database, temporal),
    SESSION_CLEANUP_SCHEDULE: 'off',
  });
  await temporalCli(temporal, ...argumentsInReadme('temporal schedule create'));
  await temporalCli(temporal, 'schedule', 'trigger', '--schedule-id', 'session_cleanup');

  const runs = await vi.waitUntil(async () => {
    const { info } = await client.schedule.getHandle('session_cleanup').describe();
    return info.recentActions.length > 0 && info.recentActions;
  }, 10_000);

  const workflowId = runs[0]?.action.workflow.workflowId ?? '';
  expect(await client.workflow.getHandle(workflowId).result()).toMatchObject({
    deletedCount: 3_000,
  });
  expect(await countSessions(database)).toEqual({ expired: 0, live: 2_000 });
});

test('the schedule itself starts runs, and each one counts what it removed', async ({
  database,
  temporal,
}) => {
  await fillSessions(database, STOCK);
  await using _worker = await startWorker({
    ...environmentFor(database, temporal),
    SESSION_CLEANUP_INTERVAL: '2s',
  });
  const counts = await vi.waitUntil(async () => {
    const { result } = await runJson(['status'], environmentFor(database, temporal));
    const { runs } = STATUS.parse(result);
    const ended = runs.content.filter(({ deletedCount }) => deletedCount !== null);
    return ended.length > 1 && ended.map(({ deletedCount }) => deletedCount ?? 0);
  }, 20_000);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(3_000);
  expect(await countSessions(database)).toEqual({ expired: 0, live: 2_000 });
});

describe('run start', () => {
  test('waits, and prints what was deleted', async ({ database, temporal }) => {
    await fillSessions(database, STOCK);
    const environment = environmentFor(database, temporal);
    await using _worker = await startWorker(environment);
    const { exitCode, stdout, stderr } = await runCommand(['run', 'start'], environment);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Deleted 3,000 rows that had expired by \d{4}-.* UTC\.\n/);
    expect(stdout).toMatch(/^ {2}sessions {4}3,000 +0 +1 .*drained$/m);
    expect(stderr).toMatch(/^Started session_cleanup-\d{4}-\d\d-\d\dT[\d:.]+Z-[0-9a-f]{6} \(run /);
  });

  test('with --dry-run reports the same number, and deletes nothing', async ({
    database,
    temporal,
  }) => {
    await fillSessions(database, STOCK);
    const environment = environmentFor(database, temporal);
    await using _worker = await startWorker(environment);
    expect(await runJson(['run', 'start', '--dry-run'], environment)).toMatchObject({
      exitCode: 0,
      result: { kind: 'completed', result: { deletedCount: 3_000 } },
    });
    expect(await countSessions(database)).toEqual(STOCK);
  });

  test('with --cutoff removes only what had expired by then, to the microsecond', async ({
    database,
    temporal,
  }) => {
    await database.sql(
      `insert into sessions (id, user_id, token_hash, created_at, last_seen_at, expires_at)
       select gen_random_uuid(), 'user', n::text, now(), now(),
              '2026-01-01T00:00:00.000002Z'::timestamptz + n * interval '1 microsecond'
       from generate_series(-1, 1) as n`,
    );
    const environment = environmentFor(database, temporal);
    await using _worker = await startWorker(environment);
    const cutoff = '2026-01-01T00:00:00.000002Z';
    expect(await runJson(['run', 'start', '--cutoff', cutoff], environment)).toMatchObject({
      exitCode: 0,
      result: { kind: 'completed', result: { cutoff, deletedCount: 2 } },
    });
    expect(await countSessions(database)).toEqual({ expired: 1, live: 0 });
  });

  test('fails with the reason and what to do when the table is missing', async ({
    database,
    temporal,
  }) => {
    const environment = {
      ...environmentFor(database, temporal),
      SESSION_CLEANUP_TABLE: 'nowhere.sessions',
    };
    await using _worker = await startWorker(environment);
    const { exitCode, stdout } = await runCommand(['run', 'start'], environment);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^The run failed \(NoTable\): .*SESSION_CLEANUP_TABLE/);
  });

  test('with --no-wait ends at once', async ({ database, temporal }) => {
    const started = await runJson(
      ['run', 'start', '--no-wait'],
      environmentFor(database, temporal),
    );
    expect(started).toMatchObject({ exitCode: 0, result: { kind: 'started' } });
    const { workflowId } = RUN.parse(started.result);
    const { status } = await temporal.client.workflow.getHandle(workflowId).describe();
    expect(status.name).toBe('RUNNING');
  });

  test('interrupted, says that the run continues and how to cancel it', async ({
    database,
    temporal,
  }) => {
    await using run = startCommand(['run', 'start'], environmentFor(database, temporal));
    await run.untilWritten('Started session_cleanup-');
    run.signal('SIGINT');
    const { exitCode, stdout, stderr } = await run.ended;
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    const workflowId = /Started (\S+)/.exec(stderr)?.[1] ?? '';
    expect(stderr).toContain(`temporal workflow cancel --workflow-id '${workflowId}'`);
    const { status } = await temporal.client.workflow.getHandle(workflowId).describe();
    expect(status.name).toBe('RUNNING');
  });

  test('reports how much a cancelled run had deleted', async ({ database, temporal }) => {
    const environment = environmentFor(database, temporal);
    await using run = startCommand(['run', 'start', '--json'], environment);
    await run.untilWritten('Started session_cleanup-');
    const workflowId = /Started (\S+)/.exec(run.stderr())?.[1] ?? '';
    await temporal.client.workflow.getHandle(workflowId).cancel();
    await using _worker = await startWorker(environment);
    const { exitCode, stdout } = await run.ended;
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'cancelled', result: { deletedCount: 0 } });
  });
});

describe('status', () => {
  test('still shows the schedule when the database is down', async ({ database, temporal }) => {
    const environment = environmentFor(database, temporal);
    await runCommand(['schedule', 'apply'], environment);
    const down = { ...environment, DATABASE_URL: 'postgres://app:hunter2@127.0.0.1:1/shop' };
    const { exitCode, stdout } = await runCommand(['status'], down);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^Schedule session_cleanup {2}every 6 h, active\n/);
    expect(stdout).toMatch(/^Last runs\n {2}none yet\n/m);
    expect(stdout).toMatch(/^Expired rows\n {2}sessions: /m);
    expect(stdout).not.toContain('hunter2');
  });

  test('still shows expired rows when Temporal is down', async ({ database, temporal }) => {
    await fillSessions(database, STOCK);
    const { exitCode, stdout } = await runCommand(['status'], {
      ...environmentFor(database, temporal),
      TEMPORAL_ADDRESS: '127.0.0.1:1',
    });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^Temporal\n {2}Temporal cannot be reached at 127\.0\.0\.1:1 /);
    expect(stdout).toMatch(/^ {2}sessions +3,000 /m);
  });
});

async function startWorker(environment: NodeJS.ProcessEnv): Promise<RunningCommand> {
  const worker = startCommand(['worker'], environment);
  await worker.untilWritten('session_cleanup_worker_started');
  return worker;
}
