import { WorkflowFailedError } from '@temporalio/client';
import { expect, vi } from 'vitest';

import { RESULT_MEMO } from '../../../src/contract/names.ts';
import { readRunResult } from '../../../src/runs/result.ts';
import { triggerSchedule } from '../../../src/schedule/start-runs.ts';
import { LOGS_ATTEMPTS, untilAttemptsEnded } from '../../support/attempt-log.ts';
import { countSessions, fillSessions } from '../../support/sessions.ts';
import { hurryDeletions, slowDownDeletions } from '../../support/slow-deletion.ts';
import { startRun, watchRun } from '../../support/watched-run.ts';
import { startWorker, type WorkerProcess } from '../../support/worker-process.ts';
import {
  openRun,
  requestCancellation,
  resetRun,
  sendUpdate,
  terminateRun,
  untilStatus,
  userMetadata,
} from '../support/run-page.ts';
import { deletedBy, onlyRun, type SlotRun, type Stage } from '../support/scheduled-runs.ts';
import { test as base, type WebUi } from '../support/web-ui-test.ts';

const STOCK = { expired: 60_000, live: 500 };

/** A worker during a long run, whose page is open. */
interface Midst extends Stage {
  readonly ui: WebUi;
  readonly worker: WorkerProcess;
  readonly run: SlotRun;
}

const test = base.extend(
  'midst',
  async ({ ui, database, temporal }, { onCleanup }): Promise<Midst> => {
    await fillSessions(database, STOCK);
    await slowDownDeletions(database, 500);
    const settings = { SCHEDULE: 'apply', ...LOGS_ATTEMPTS };
    const worker = await startWorker({ databaseUrl: database.url, temporal, settings });
    onCleanup(() => worker.kill());
    await triggerSchedule(temporal.client);
    const run = await onlyRun({ database, temporal });
    await run.untilDeleted(1);
    await openRun(ui, run);
    await untilStatus(ui, 'Running');
    return { ui, database, temporal, worker, run };
  },
);

test('cancelled, it ends after the current chunk and keeps its count; the next run deletes the rest', async ({
  midst: { ui, database, temporal, run },
}) => {
  await requestCancellation(ui);

  await expect(run.result()).rejects.toThrow(WorkflowFailedError);
  await untilStatus(ui, 'Canceled');
  const { status, memo } = await run.handle.describe();
  expect(status.name).toBe('CANCELLED');
  const inMemo = readRunResult(memo?.[RESULT_MEMO])?.deletedCount ?? 0;
  const { expired } = await countSessions(database);
  expect(expired).toBeGreaterThan(0);
  expect({ inMemo, inLedger: await run.inLedger() }).toEqual({
    inMemo: STOCK.expired - expired,
    inLedger: STOCK.expired - expired,
  });
  await hurryDeletions(database);
  expect(await deletedBy(await startRun(database, temporal))).toBe(expired);
  expect(await countSessions(database)).toEqual({ expired: 0, live: STOCK.live });
});

test('terminated, it stops deleting; its count stays in the ledger and the next run deletes the rest', async ({
  midst: { ui, database, temporal, worker, run },
}) => {
  await terminateRun(ui, 'by hand');

  await expect(run.result()).rejects.toThrow(WorkflowFailedError);
  await untilStatus(ui, 'Terminated');
  await untilAttemptsEnded(worker, run);
  const { expired } = await countSessions(database);
  expect(expired).toBeGreaterThan(0);
  expect(await run.inLedger()).toBe(STOCK.expired - expired);
  await hurryDeletions(database);
  expect(await deletedBy(await startRun(database, temporal))).toBe(expired);
  expect(await run.inLedger()).toBe(STOCK.expired - expired);
  expect((await run.handle.describe()).status.name).toBe('TERMINATED');
  expect(await countSessions(database)).toEqual({ expired: 0, live: STOCK.live });
});

test('reset, it starts over with the same cut-off; earlier deletions stay in the ledger of the old run', async ({
  midst: { ui, database, temporal, worker, run },
}) => {
  await resetRun(ui, 'once more');

  await expect(run.handle.describe()).resolves.toMatchObject({ status: { name: 'TERMINATED' } });
  const { runId } = await temporal.client.workflow.getHandle(run.workflowId).describe();
  expect(runId).not.toBe(run.runId);
  await untilAttemptsEnded(worker, run);
  await hurryDeletions(database);
  const anew = watchRun(database, temporal.client, run.workflowId, runId);
  const after = await deletedBy(anew);
  expect(after).toBeGreaterThan(0);
  expect((await anew.result()).cutoff).toBe(run.slot);
  expect((await run.inLedger()) + after).toBe(STOCK.expired);
  expect(await countSessions(database)).toEqual({ expired: 0, live: STOCK.live });
});

test('pause and resume show, and lose no count', async ({ midst: { ui, database, run } }) => {
  await sendUpdate(ui, 'pause', '{"reason": "peak hour"}');
  await vi.waitFor(async () => {
    expect((await run.handle.describe()).raw.pendingActivities ?? []).toEqual([]);
  }, 30_000);
  const { expired } = await countSessions(database);
  expect(expired).toBeGreaterThan(0);
  const [, , current] = await userMetadata(ui);
  await current?.getByText('Paused: peak hour').waitFor();
  expect(await countSessions(database)).toEqual({ expired, live: STOCK.live });

  await hurryDeletions(database);
  await sendUpdate(ui, 'resume');
  expect(await deletedBy(run)).toBe(STOCK.expired);
  await untilStatus(ui, 'Completed');
  expect(await countSessions(database)).toEqual({ expired: 0, live: STOCK.live });
});
