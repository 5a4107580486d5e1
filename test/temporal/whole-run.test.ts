import { WorkflowFailedError } from '@temporalio/client';
import { describe, expect } from 'vitest';

import { FAILURE } from '../../src/contract/failures.ts';
import { RESULT_MEMO } from '../../src/contract/names.ts';
import { readRunResult } from '../../src/runs/result.ts';
import { test } from '../support/fixtures.ts';
import { pendingActivity, untilDeleting } from '../support/pending-activity.ts';
import { refuseConnections } from '../support/refused-connections.ts';
import { startRealRun, startRealWorker } from '../support/real-worker.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import { TEST_TARGET } from '../support/settings.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { until } from '../support/fake-worker.ts';

/** Slow enough to be observed while it deletes, and soon done. */
const UNHURRIED = { chunkMilliseconds: 10, rowsPerSecond: 20_000 };

/** These wait for retries and servers, which takes longer on a busy machine. */
const PATIENT = { timeout: 60_000 };

describe('a whole run', PATIENT, () => {
  test('removes expired rows, and its history has the count', async ({ temporal, database }) => {
    await fillSessions(database, { expired: 5_000, live: 3_000 });
    await using _ = await startRealWorker(temporal, database);
    const run = await startRealRun(temporal);
    expect(await run.result()).toMatchObject({ deletedCount: 5_000, skippedLocked: 0 });
    expect(await countSessions(database)).toEqual({ expired: 0, live: 3_000 });
    expect((await run.fetchHistory()).events).toHaveLength(12);
  });

  test('waits for a database that is down, then deletes all', async ({ temporal, database }) => {
    await fillSessions(database, { expired: 2_000, live: 0 });
    await refuseConnections(database, true);
    await using _ = await startRealWorker(temporal, database);
    const run = await startRealRun(temporal);
    await until(async () => (await pendingActivity(run)).attempt >= 3);
    expect((await pendingActivity(run)).lastFailure).toContain('(55000)');

    await refuseConnections(database, false);
    expect(await run.result()).toMatchObject({ deletedCount: 2_000 });
    expect((await run.fetchHistory()).events).toHaveLength(12);
  });

  test('continues after the database closed its connections', async ({ temporal, database }) => {
    await fillSessions(database, { expired: 30_000, live: 100 });
    await using _ = await startRealWorker(temporal, database, { deletion: UNHURRIED });
    const run = await startRealRun(temporal);
    await untilDeleting(run);
    await cutConnections(database);
    expect(await run.result()).toMatchObject({ deletedCount: 30_000 });
    expect(await countSessions(database)).toEqual({ expired: 0, live: 100 });
  });

  test('fails at once when a table is missing', async ({ temporal, database }) => {
    const targets = [{ ...TEST_TARGET, table: 'gone' }];
    await using _ = await startRealWorker(temporal, database, { targets });
    const run = await startRealRun(temporal);
    const error: unknown = await run.result().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WorkflowFailedError);
    expect(error).toHaveProperty('cause.type', FAILURE.noTable);
    expect(error).toHaveProperty('cause.message', expect.stringContaining('SESSION_CLEANUP_TABLE'));
    expect(error).toHaveProperty('cause.details', [expect.objectContaining({ deletedCount: 0 })]);
    const { events = [] } = await run.fetchHistory();
    const started = events?.flatMap((event) => event.activityTaskStartedEventAttributes ?? []);
    expect(started).toMatchObject([{ attempt: 1 }]);
  });

  test('cleans the other targets when one fails', async ({ temporal, database }) => {
    await fillSessions(database, { expired: 1_000, live: 10 });
    const targets = [{ ...TEST_TARGET, name: 'tokens', table: 'gone' }, TEST_TARGET];
    await using _ = await startRealWorker(temporal, database, { targets });
    const run = await startRealRun(temporal);
    const error: unknown = await run.result().catch((thrown: unknown) => thrown);
    expect(error).toHaveProperty('cause.details', [
      expect.objectContaining({
        deletedCount: 1_000,
        targets: [
          expect.objectContaining({ target: 'tokens', stopped: 'failed' }),
          expect.objectContaining({ target: 'sessions', deletedCount: 1_000, stopped: 'drained' }),
        ],
      }),
    ]);
    expect(await countSessions(database)).toEqual({ expired: 0, live: 10 });
  });

  test('deletes nothing when one of its targets is misspelt', async ({ temporal, database }) => {
    await fillSessions(database, { expired: 1_000, live: 0 });
    await using _ = await startRealWorker(temporal, database);
    const run = await startRealRun(temporal, { targets: ['sessions', 'sesions'] });
    const error: unknown = await run.result().catch((thrown: unknown) => thrown);
    expect(error).toHaveProperty('cause.type', FAILURE.unknownTarget);
    expect(await countSessions(database)).toEqual({ expired: 1_000, live: 0 });
  });

  test('deletes nothing when it is dry', async ({ temporal, database }) => {
    await fillSessions(database, { expired: 1_000, live: 500 });
    await using _ = await startRealWorker(temporal, database);
    const run = await startRealRun(temporal, { dryRun: true });
    expect(await run.result()).toMatchObject({ deletedCount: 1_000 });
    expect(await countSessions(database)).toEqual({ expired: 1_000, live: 500 });
  });

  test('does a backlog in slices', async ({ temporal, database }) => {
    await fillSessions(database, { expired: 40_000, live: 1_000 });
    const deletion = { ...UNHURRIED, sliceSeconds: 1 };
    await using _ = await startRealWorker(temporal, database, { deletion });
    const { deletedCount, targets } = await (await startRealRun(temporal)).result();
    expect(deletedCount).toBe(40_000);
    expect(targets[0]?.slices.length).toBeGreaterThan(1);
    expect(await countSessions(database)).toEqual({ expired: 0, live: 1_000 });
  });
});

describe('a run that is interfered with', PATIENT, () => {
  test('keeps its count when it is cancelled', async ({ temporal, database }) => {
    await fillSessions(database, { expired: 60_000, live: 0 });
    await using _ = await startRealWorker(temporal, database, { deletion: UNHURRIED });
    const run = await startRealRun(temporal);
    await untilDeleting(run);
    await run.cancel();
    await expect(run.result()).rejects.toBeInstanceOf(WorkflowFailedError);
    const description = await run.describe();
    expect(description.status.name).toBe('CANCELLED');
    const { expired } = await countSessions(database);
    expect(expired).toBeGreaterThan(0);
    expect(readRunResult(description.memo?.[RESULT_MEMO])).toMatchObject({
      deletedCount: 60_000 - expired,
    });
  });

  test('hands over to another worker when its own shuts down', async ({ temporal, database }) => {
    await fillSessions(database, { expired: 40_000, live: 0 });
    await using first = await startRealWorker(temporal, database, { deletion: UNHURRIED });
    const run = await startRealRun(temporal);
    await untilDeleting(run);
    await first.stop();
    expect((await countSessions(database)).expired).toBeGreaterThan(0);

    await using _ = await startRealWorker(temporal, database);
    const { deletedCount, targets } = await run.result();
    expect(deletedCount).toBe(40_000);
    expect(targets[0]?.slices).toHaveLength(2);
    // Nothing is redone: neither slice needed a second attempt.
    const { events = [] } = await run.fetchHistory();
    const started = events?.flatMap((event) => event.activityTaskStartedEventAttributes ?? []);
    expect(started).toMatchObject([{ attempt: 1 }, { attempt: 1 }]);
  });

  test('counts each row once, with another one in parallel', async ({ temporal, database }) => {
    await fillSessions(database, { expired: 40_000, live: 0 });
    await using _ = await startRealWorker(temporal, database, { deletion: UNHURRIED });
    const runs = await Promise.all([startRealRun(temporal), startRealRun(temporal)]);
    const results = await Promise.all(runs.map(async (run) => await run.result()));
    expect(results.reduce((sum, { deletedCount }) => sum + deletedCount, 0)).toBe(40_000);
    expect(await countSessions(database)).toEqual({ expired: 0, live: 0 });
  });
});

async function cutConnections(database: TestDatabase): Promise<void> {
  await database.sql(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and application_name = 'session-cleanup'`,
  );
}
