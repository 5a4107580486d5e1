import { WorkflowUpdateFailedError } from '@temporalio/client';
import { tsToMs } from '@temporalio/common';
import { describe, expect } from 'vitest';

import { FAILURE } from '../../src/contract/failures.ts';
import { PROGRESS_QUERY, UPDATE } from '../../src/contract/names.ts';
import type { RunProgress } from '../../src/contract/run.ts';
import { test } from '../support/fixtures.ts';
import { startRealRun, startRealWorker, type RealRun } from '../support/real-worker.ts';
import { hurryDeletions, slowDownDeletions } from '../support/slow-deletion.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import { temporalCli } from '../support/temporal-cli.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { detailsOf, until } from '../support/fake-worker.ts';
import { TEST_TARGET } from '../support/settings.ts';

/** Slow enough to be observed while it deletes, and soon done. */
const UNHURRIED = { chunkMilliseconds: 10, rowsPerSecond: 8_000 };

const progressOf = async (run: RealRun): Promise<RunProgress> =>
  await run.query<RunProgress>(PROGRESS_QUERY);

/** Waits until rows have gone. */
async function untilFewer(count: () => Promise<number>): Promise<void> {
  const before = await count();
  await until(async () => (await count()) < before);
}

/** From the acceptance of the pause to the end of the running slice, by the server's clock. */
async function millisecondsToStop(run: RealRun): Promise<number> {
  const { events } = await run.fetchHistory();
  const timeOf = (wanted: (event: NonNullable<typeof events>[number]) => unknown): number =>
    tsToMs(events?.find(wanted)?.eventTime);
  return (
    timeOf((event) => event.activityTaskCompletedEventAttributes) -
    timeOf((event) => event.workflowExecutionUpdateAcceptedEventAttributes)
  );
}

async function connectionsOf(database: TestDatabase): Promise<readonly { state: string }[]> {
  return await database.sql<{ state: string }>(
    `select state from pg_stat_activity where datname = current_database()
       and application_name = 'session-cleanup'`,
  );
}

async function isWorking(run: RealRun): Promise<boolean> {
  const { raw } = await run.describe();
  return (raw.pendingActivities ?? []).length > 0;
}

describe('a paused run', { timeout: 60_000 }, () => {
  test('stops within 2 s, keeps no connection, and resumes', async ({ temporal, database }) => {
    await fillSessions(database, { expired: 40_000, live: 100 });
    await using _ = await startRealWorker(temporal, database, { deletion: UNHURRIED });
    const run = await startRealRun(temporal);
    const expired = async (): Promise<number> => (await countSessions(database)).expired;
    await untilFewer(expired);

    const answer = await run.executeUpdate(UPDATE.pause, { args: [{ reason: 'peak hour' }] });
    await until(async () => !(await isWorking(run)));
    expect(await millisecondsToStop(run)).toBeLessThan(2_000);
    expect(answer).toContain('peak hour');

    const left = await expired();
    expect(left).toBeGreaterThan(0);
    expect(await progressOf(run)).toMatchObject({
      paused: { reason: 'peak hour' },
      deletedCount: 40_000 - left,
    });
    expect(await detailsOf(run)).toContain('**Paused**: peak hour');
    // None is in a transaction; the pool closes them after ten seconds without use.
    expect((await connectionsOf(database)).filter(({ state }) => state !== 'idle')).toEqual([]);
    await expect.poll(() => connectionsOf(database), { timeout: 20_000 }).toEqual([]);
    expect(await progressOf(run)).toMatchObject({ paused: {} });

    await run.executeUpdate(UPDATE.resume);
    expect(await run.result()).toMatchObject({ deletedCount: 40_000, skippedLocked: 0 });
    expect(await countSessions(database)).toEqual({ expired: 0, live: 100 });
  });

  test('stays paused over a worker restart; can be cancelled', async ({ temporal, database }) => {
    await fillSessions(database, { expired: 20_000, live: 0 });
    const first = await startRealWorker(temporal, database, { deletion: UNHURRIED });
    const run = await startRealRun(temporal);
    await untilFewer(async () => (await countSessions(database)).expired);
    await run.executeUpdate(UPDATE.pause);
    await until(async () => !(await isWorking(run)));
    await first.stop();

    await using _ = await startRealWorker(temporal, database, { deletion: UNHURRIED });
    expect(await progressOf(run)).toMatchObject({ paused: {} });
    const { expired } = await countSessions(database);
    await run.cancel();
    await expect(run.result()).rejects.toThrow('cancelled');
    expect((await run.describe()).status.name).toBe('CANCELLED');
    expect(await countSessions(database)).toEqual({ expired, live: 0 });
  });
});

test('a new pace applies within the slice and loses no count', async ({ temporal, database }) => {
  await fillSessions(database, { expired: 30_000, live: 100 });
  await using _ = await startRealWorker(temporal, database, {
    deletion: { chunkMilliseconds: 10, rowsPerSecond: 2_000 },
  });
  const run = await startRealRun(temporal);
  await untilFewer(async () => (await countSessions(database)).expired);

  const answer = await run.executeUpdate(UPDATE.setPace, {
    args: [{ rowsPerSecond: null, lanes: 3 }],
  });

  expect(answer).toBe('Pace: unlimited rows/s, lanes: 3, from the next slice on.');
  const result = await run.result();
  expect(result).toMatchObject({ deletedCount: 30_000 });
  expect(result.targets[0]?.slices.length).toBeGreaterThan(1);
  expect(await countSessions(database)).toEqual({ expired: 0, live: 100 });
});

test('invalid updates are refused by type and change nothing', async ({ temporal, database }) => {
  await fillSessions(database, { expired: 20_000, live: 0 });
  await using _ = await startRealWorker(temporal, database, { deletion: UNHURRIED });
  const run = await startRealRun(temporal);
  await untilFewer(async () => (await countSessions(database)).expired);
  const refusal = async (update: string, arg?: unknown): Promise<string> => {
    const asked = run.executeUpdate<string, [unknown]>(update, { args: [arg] });
    const error: unknown = await asked.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(WorkflowUpdateFailedError);
    const { cause } = error instanceof WorkflowUpdateFailedError ? error : {};
    expect(cause).toMatchObject({ type: FAILURE.invalidInput });
    return cause?.message ?? '';
  };

  expect(await refusal(UPDATE.resume)).toContain('not paused');
  expect(await refusal(UPDATE.approve)).toContain('No target waits');
  expect(await refusal(UPDATE.setPace)).toContain('give rowsPerSecond');
  expect(await refusal(UPDATE.setPace, { rowsPerSecond: 0 })).toContain('from 1 to 10000000');
  expect(await refusal(UPDATE.setPace, { lanes: 17 })).toContain('from 1 to 16');
  expect(await refusal(UPDATE.setPace, { rows: 5 })).toContain('"rows" is unknown');
  expect(await refusal(UPDATE.pause, 'now')).toContain('one JSON object');
  expect(await run.result()).toMatchObject({ deletedCount: 20_000 });
});

describe('the approval check', () => {
  test('keeps all rows until approval, over a worker restart', async ({ temporal, database }) => {
    await fillSessions(database, { expired: 1_500, live: 0 });
    const first = await startRealWorker(temporal, database, {
      targets: [{ ...TEST_TARGET, approvalShare: 1 }],
    });
    const run = await startRealRun(temporal);
    await until(async () => (await progressOf(run)).targets[0]?.state === 'awaiting-approval');
    expect(await progressOf(run)).toMatchObject({
      targets: [{ target: 'sessions', awaiting: { expiredRows: 1_500, totalRows: 1_500 } }],
    });
    expect(await detailsOf(run)).toContain('1,500 of the 1,500 rows of sessions would be deleted');
    expect(await countSessions(database)).toEqual({ expired: 1_500, live: 0 });

    await first.stop();
    await using _ = await startRealWorker(temporal, database, {
      targets: [{ ...TEST_TARGET, approvalShare: 1 }],
    });
    expect(await progressOf(run)).toMatchObject({ targets: [{ state: 'awaiting-approval' }] });
    expect(await countSessions(database)).toEqual({ expired: 1_500, live: 0 });

    const update = ['workflow', 'update', 'execute', '--workflow-id', run.workflowId];
    const answer = await temporalCli(
      temporal,
      ...update,
      ...['--name', UPDATE.approve, '--input', '{"target": "sessions"}'],
    );
    expect(answer).toContain('Approved');
    expect(await run.result()).toMatchObject({ deletedCount: 1_500 });
    expect(await countSessions(database)).toEqual({ expired: 0, live: 0 });
  });

  test('a rejected target keeps its rows and is reported', async ({ temporal, database }) => {
    await fillSessions(database, { expired: 1_500, live: 0 });
    await using _ = await startRealWorker(temporal, database, {
      targets: [{ ...TEST_TARGET, approvalShare: 1 }],
    });
    const run = await startRealRun(temporal);
    await until(async () => (await progressOf(run)).targets[0]?.state === 'awaiting-approval');
    await run.executeUpdate(UPDATE.reject);
    expect(await run.result()).toMatchObject({
      deletedCount: 0,
      targets: [{ target: 'sessions', stopped: 'rejected', slices: [] }],
    });
    expect(await countSessions(database)).toEqual({ expired: 1_500, live: 0 });
  });

  test('a wrong unit fails the run at once, with the remedy', async ({ temporal, database }) => {
    await database.sql('create table odd (expiry bigint)');
    await database.sql(
      `insert into odd select extract(epoch from now())::bigint + 3600 from generate_series(1, 50)`,
    );
    const target = {
      name: 'sessions',
      schema: undefined,
      table: 'odd',
      expiresColumns: ['expiry'],
      expiresType: 'epoch-milliseconds',
      timeZone: 'UTC',
      cascade: 'refuse',
    } as const;
    await using _ = await startRealWorker(temporal, database, {
      targets: [{ ...TEST_TARGET, ...target }],
    });
    const run = await startRealRun(temporal);
    await expect(run.result()).rejects.toMatchObject({
      cause: {
        type: FAILURE.implausibleExpiry,
        message: expect.stringContaining('SESSION_CLEANUP_EXPIRES_TYPE=epoch-seconds'),
      },
    });
    expect(await database.sql('select from odd')).toHaveLength(50);
  });
});

test('a spent budget ends a run; the next deletes the rest', async ({ temporal, database }) => {
  await fillSessions(database, { expired: 20_000, live: 1_000 });
  await slowDownDeletions(database, 4_000);
  const budget = { chunkMilliseconds: 10, runBudgetSeconds: 1 };
  const worker = await startRealWorker(temporal, database, { deletion: budget });
  const result = await (await startRealRun(temporal)).result();
  await worker.stop();
  const { expired } = await countSessions(database);

  expect(expired).toBeGreaterThan(0);
  expect(result).toMatchObject({
    deletedCount: 20_000 - expired,
    targets: [{ stopped: 'budget', estimatedLeft: expect.any(Number) }],
  });
  await hurryDeletions(database);
  await using _ = await startRealWorker(temporal, database);
  expect(await (await startRealRun(temporal)).result()).toMatchObject({ deletedCount: expired });
});
