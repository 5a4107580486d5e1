/** Slices whose activity ends without a result. */
import { ApplicationFailure } from '@temporalio/common';
import { describe, expect } from 'vitest';

import { FAILURE } from '../../src/contract/failures.ts';
import { PROGRESS_QUERY, RESULT_MEMO, UPDATE } from '../../src/contract/names.ts';
import type { RunProgress } from '../../src/contract/run.ts';
import { test } from '../support/fixtures.ts';
import { pendingActivity } from '../support/pending-activity.ts';
import { refuseConnections } from '../support/refused-connections.ts';
import { startRealRun, startRealWorker } from '../support/real-worker.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import { TEST_TARGET } from '../support/settings.ts';
import { slowDownDeletions } from '../support/slow-deletion.ts';
import type { TestDatabase } from '../support/test-database.ts';
import {
  settledOf,
  sliceOf,
  startRun,
  toldToStop,
  until,
  startFakeWorker,
} from '../support/fake-worker.ts';

/** These wait for retries and servers, which takes longer on a busy machine. */
const PATIENT = { timeout: 90_000 };

describe('a slice between two attempts', PATIENT, () => {
  test('is counted when the run is paused and then cancelled', async ({ temporal, database }) => {
    await fillSessions(database, { expired: 30_000, live: 100 });
    await slowDownDeletions(database, 5_000);
    await using _ = await startRealWorker(temporal, database);
    const run = await startRealRun(temporal);
    await until(async () => (await countSessions(database)).expired < 29_000);
    await refuseConnections(database, true);
    await until(async () => (await pendingActivity(run)).attempt >= 3);

    await run.executeUpdate(UPDATE.pause);
    await refuseConnections(database, false);
    await run.cancel();
    await expect(run.result()).rejects.toThrow('cancelled');

    const { expired, live } = await countSessions(database);
    const deletedCount = 30_000 - expired;
    expect(live).toBe(100);
    expect(deletedCount).toBeGreaterThan(0);
    expect((await run.describe()).memo?.[RESULT_MEMO]).toMatchObject({
      deletedCount,
      targets: [{ target: 'sessions', deletedCount, stopped: 'cancelled' }],
    });
  });

  test('is counted when the remaining workers do not know its target', async ({ temporal }) => {
    let attempts = 0;
    await using _ = await startFakeWorker(temporal, {
      plan: { targets: ['sessions', 'tokens'] },
      deleteExpiredSessions(request) {
        if (request.target === 'tokens') return sliceOf(request, { deletedCount: 5 });
        attempts += 1;
        if (attempts === 1) throw new Error('the database is down');
        const details = { target: 'sessions' };
        throw ApplicationFailure.nonRetryable('No such target.', FAILURE.unknownTarget, details);
      },
      settleSlice: () => settledOf({ deletedCount: 4_096 }),
    });
    const run = await startRun(temporal);
    const error: unknown = await run.result().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      cause: {
        type: FAILURE.unknownTarget,
        details: [
          {
            deletedCount: 4_101,
            targets: [
              { target: 'sessions', deletedCount: 4_096, stopped: 'failed' },
              { target: 'tokens', deletedCount: 5, stopped: 'drained' },
            ],
          },
        ],
      },
    });
  });

  test('is settled while all activity slots are taken', async ({ temporal, database }) => {
    await fillSessions(database, { expired: 20_000, live: 0 });
    await slowDownDeletions(database, 2_000);
    await using _ = await startRealWorker(temporal, database);
    // Two runs hold the worker's two slots; the third one waits for one of them.
    const busy = [await startRealRun(temporal), await startRealRun(temporal)];
    await until(async () => (await countSessions(database)).expired < 20_000);
    const waiting = await startRealRun(temporal);
    await until(async () => (await pendingActivity(waiting)).id !== '');
    await waiting.cancel();
    await expect(waiting.result()).rejects.toThrow('cancelled');
    const { memo } = await waiting.describe();
    expect(memo?.[RESULT_MEMO]).toMatchObject({
      deletedCount: 0,
      targets: [expect.not.objectContaining({ uncounted: true })],
    });
    expect(busy).toHaveLength(2);
    await Promise.all(busy.map((run) => run.cancel()));
    await Promise.allSettled(busy.map((run) => run.result()));
  });
});

describe('a slice that is interrupted', PATIENT, () => {
  test('stays open when its attempt fails retryably meanwhile', async ({ temporal }) => {
    const asked = Promise.withResolvers<void>();
    await using worker = await startFakeWorker(temporal, {
      async deleteExpiredSessions(request) {
        if (request.pace !== undefined) return sliceOf(request, { deletedCount: 7 });
        asked.resolve();
        await toldToStop();
        throw new Error('the connection broke off');
      },
    });
    const run = await startRun(temporal);
    await asked.promise;
    await run.executeUpdate(UPDATE.setPace, { args: [{ lanes: 2 }] });
    expect(await run.result()).toMatchObject({
      deletedCount: 7,
      targets: [{ target: 'sessions', stopped: 'drained' }],
    });
    expect(worker.requests.map(({ slice }) => slice)).toEqual([0, 0]);
  });

  test('fails its target when its attempt fails for good', async ({ temporal }) => {
    const asked = Promise.withResolvers<void>();
    await using _ = await startFakeWorker(temporal, {
      async deleteExpiredSessions() {
        asked.resolve();
        await toldToStop();
        throw ApplicationFailure.nonRetryable('There is no table.', FAILURE.noTable);
      },
      settleSlice: () => settledOf({ deletedCount: 3 }),
    });
    const run = await startRun(temporal);
    await asked.promise;
    await run.executeUpdate(UPDATE.setPace, { args: [{ lanes: 2 }] });
    await expect(run.result()).rejects.toMatchObject({ cause: { type: FAILURE.noTable } });
  });
});

describe('a target that waits for approval', PATIENT, () => {
  const codes = { ...TEST_TARGET, name: 'codes', table: 'codes', approvalShare: 1 };

  test('does not hold up others or use the budget meanwhile', async ({ temporal, database }) => {
    await fillCodes(database);
    await fillSessions(database, { expired: 500, live: 10 });
    await using _ = await startRealWorker(temporal, database, {
      targets: [codes, TEST_TARGET],
      deletion: { runBudgetSeconds: 2 },
    });
    const run = await startRealRun(temporal);
    const progress = async (): Promise<RunProgress> => await run.query<RunProgress>(PROGRESS_QUERY);
    await until(async () => (await progress()).targets[1]?.state === 'drained');
    expect(await countSessions(database)).toEqual({ expired: 0, live: 10 });
    expect(await progress()).toMatchObject({
      targets: [{ state: 'awaiting-approval', awaiting: { expiredRows: 1_001 } }, {}],
    });

    // Longer than the budget, which counts work alone.
    const began = Date.now();
    await until(() => Date.now() - began > 2_500);
    await run.executeUpdate(UPDATE.approve, { args: [{ target: 'codes' }] });
    expect(await run.result()).toMatchObject({
      deletedCount: 1_501,
      targets: [
        { target: 'codes', deletedCount: 1_001, stopped: 'drained' },
        { target: 'sessions', deletedCount: 500, stopped: 'drained' },
      ],
    });
  });

  test('waits although its first slice was settled unbegun', async ({ temporal, database }) => {
    await fillCodes(database);
    await refuseConnections(database, true);
    await using _ = await startRealWorker(temporal, database, {
      targets: [codes],
    });
    const run = await startRealRun(temporal);
    await until(async () => (await pendingActivity(run)).attempt >= 2);
    await run.executeUpdate(UPDATE.pause);
    await refuseConnections(database, false);
    await until(async () => (await pendingActivity(run)).id === '');
    await run.executeUpdate(UPDATE.resume);

    const progress = async (): Promise<RunProgress> => await run.query<RunProgress>(PROGRESS_QUERY);
    await until(async () => {
      const state = (await progress()).targets[0]?.state ?? 'waiting';
      return state !== 'waiting' && state !== 'working';
    });
    expect(await progress()).toMatchObject({
      targets: [{ state: 'awaiting-approval', awaiting: { expiredRows: 1_001 } }],
    });
    await run.executeUpdate(UPDATE.reject);
    expect(await run.result()).toMatchObject({ deletedCount: 0 });
    expect(await database.sql('select from codes')).toHaveLength(1_001);
  });

  test('keeps its rows without an answer by the next slot', async ({ temporal, database }) => {
    await fillCodes(database);
    await using _ = await startRealWorker(temporal, database, {
      targets: [codes],
      schedule: {
        scheduleId: 'unused',
        intervalSeconds: 5,
        offsetSeconds: 0,
        atWorkerStart: 'off',
      },
    });
    const run = await startRealRun(temporal);
    expect(await run.result()).toMatchObject({
      deletedCount: 0,
      targets: [{ target: 'codes', stopped: 'unapproved', slices: [] }],
    });
    expect(await database.sql('select from codes')).toHaveLength(1_001);
  });
});

async function fillCodes(database: TestDatabase): Promise<void> {
  await database.sql('create table codes (expires_at timestamptz)');
  await database.sql(
    `insert into codes select now() - interval '1 hour' from generate_series(1, 1001)`,
  );
}
