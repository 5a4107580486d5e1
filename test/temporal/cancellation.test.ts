import { WorkflowFailedError } from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { describe, expect } from 'vitest';

import { LOG_EVENT, RESULT_MEMO } from '../../src/contract/names.ts';
import { test } from '../support/fixtures.ts';
import { logged } from '../support/workflow-bundle.ts';
import {
  eventsOf,
  settledOf,
  sliceOf,
  startRun,
  toldToStop,
  until,
  startFakeWorker,
  type Run,
} from '../support/fake-worker.ts';

/** These wait for retries and servers, which takes longer on a busy machine. */
const PATIENT = { timeout: 60_000 };

describe('a cancelled run', PATIENT, () => {
  test('keeps the count of the slice that was working', async ({ temporal }) => {
    await using worker = await startFakeWorker(temporal, {
      plan: { targets: ['sessions', 'tokens'] },
      async deleteExpiredSessions(request) {
        await toldToStop();
        return sliceOf(request, { deletedCount: 42, stopped: 'cancelled' });
      },
    });
    const run = await startRun(temporal);
    await until(() => worker.requests.length === 1);
    await run.cancel();
    await expectCancelled(run);

    expect(await resultInMemo(run)).toMatchObject({
      deletedCount: 42,
      targets: [
        { target: 'sessions', deletedCount: 42, stopped: 'cancelled' },
        { target: 'tokens', deletedCount: 0, slices: [], stopped: 'cancelled' },
      ],
    });
    expect(worker.requests).toHaveLength(1);
    expect(logged(LOG_EVENT.ran).map(({ meta }) => meta)).toContainEqual(
      expect.objectContaining({
        workflowId: run.workflowId,
        deleted_count: 42,
        outcome: 'cancelled',
      }),
    );
  });

  test('settles the count of a slice that was between two attempts', async ({ temporal }) => {
    await using worker = await startFakeWorker(temporal, {
      deleteExpiredSessions() {
        throw new Error('the database is down');
      },
      settleSlice: () => settledOf({ deletedCount: 17 }),
    });
    const run = await startRun(temporal);
    // After the third attempt the next one is 4 s away.
    await until(() => worker.requests.length === 3);
    await run.cancel();
    await expectCancelled(run);
    expect(await resultInMemo(run)).toMatchObject({
      deletedCount: 17,
      targets: [{ deletedCount: 17, slices: [{ deletedCount: 17 }], stopped: 'cancelled' }],
    });
  });

  test('reports a count that could not be settled', async ({ temporal }) => {
    await using worker = await startFakeWorker(temporal, () => {
      throw new Error('the database is down');
    });
    const run = await startRun(temporal, { targets: ['sessions'] });
    await until(() => worker.requests.length === 3);
    await run.cancel();
    await expectCancelled(run);
    expect(logged(LOG_EVENT.ran).map(({ meta }) => meta)).toContainEqual(
      expect.objectContaining({
        workflowId: run.workflowId,
        deleted_count: 0,
        uncounted_targets: ['sessions'],
      }),
    );
  });

  test('asks the ledger for nothing in a dry run', async ({ temporal }) => {
    await using worker = await startFakeWorker(temporal, () => {
      throw new Error('the database is down');
    });
    const run = await startRun(temporal, { dryRun: true });
    await until(() => worker.requests.length === 3);
    await run.cancel();
    await expectCancelled(run);
    expect(await scheduledActivitiesOf(run)).toEqual(['deleteExpiredSessions']);
  });

  test('begins nothing when it was cancelled before a worker took it', async ({ temporal }) => {
    const run = await startRun(temporal, { targets: ['sessions', 'tokens'] });
    await run.cancel();
    await using worker = await startFakeWorker(temporal, (request) => sliceOf(request));
    await expectCancelled(run);
    expect(worker.requests).toEqual([]);
    expect(await eventsOf(run)).not.toContain('activityTaskScheduledEventAttributes');
    expect(await resultInMemo(run)).toMatchObject({
      deletedCount: 0,
      targets: [{ stopped: 'cancelled' }, { stopped: 'cancelled' }],
    });
  });

  test('completes when its last slice drained its target', async ({ temporal }) => {
    await using worker = await startFakeWorker(temporal, async (request) => {
      await toldToStop();
      return sliceOf(request, { deletedCount: 9 });
    });
    const run = await startRun(temporal);
    await until(() => worker.requests.length === 1);
    await run.cancel();
    expect(await run.result()).toMatchObject({
      deletedCount: 9,
      targets: [{ stopped: 'drained' }],
    });
  });

  test('begins no further target', async ({ temporal }) => {
    await using worker = await startFakeWorker(temporal, {
      plan: { targets: ['sessions', 'tokens'] },
      async deleteExpiredSessions(request) {
        await toldToStop();
        return sliceOf(request, { deletedCount: 9 });
      },
    });
    const run = await startRun(temporal);
    await until(() => worker.requests.length === 1);
    await run.cancel();
    await expectCancelled(run);
    expect(worker.requests).toHaveLength(1);
    expect(await resultInMemo(run)).toMatchObject({
      deletedCount: 9,
      targets: [{ stopped: 'drained' }, { stopped: 'cancelled' }],
    });
  });
});

async function expectCancelled(run: Run): Promise<void> {
  const error: unknown = await run.result().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(WorkflowFailedError);
  expect(error).toHaveProperty('cause', expect.any(CancelledFailure));
  expect((await run.describe()).status.name).toBe('CANCELLED');
}

async function resultInMemo(run: Run): Promise<unknown> {
  const { memo } = await run.describe();
  return memo?.[RESULT_MEMO];
}

async function scheduledActivitiesOf(run: Run): Promise<readonly unknown[]> {
  const { events } = await run.fetchHistory();
  return (events ?? []).flatMap(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? [],
  );
}
