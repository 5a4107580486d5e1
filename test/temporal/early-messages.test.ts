import { randomUUID } from 'node:crypto';

import { WithStartWorkflowOperation } from '@temporalio/client';
import { describe, expect } from 'vitest';

import {
  PROGRESS_QUERY,
  PROGRESS_SIGNAL,
  UPDATE,
  WORKFLOW_TYPE,
} from '../../src/contract/names.ts';
import type { RunProgress } from '../../src/contract/run.ts';
import type { ReportedProgress } from '../../src/contract/slice.ts';
import { test } from '../support/fixtures.ts';
import { temporalCli } from '../support/temporal-cli.ts';
import { detailsOf, sliceOf, startRun, until, startFakeWorker } from '../support/fake-worker.ts';

/** A slice's report of so many deleted rows. */
const reported = (deletedCount: number, runId?: string): ReportedProgress => ({
  target: 'sessions',
  slice: 0,
  deletedCount,
  skippedLocked: 0,
  rowsPerSecond: 1_000,
  ...(runId === undefined ? {} : { runId }),
});

describe('a run with messages from before it begins', () => {
  test('ignores progress of a slice that it has not requested', async ({ temporal }) => {
    const run = await temporal.client.workflow.signalWithStart(WORKFLOW_TYPE, {
      workflowId: `run-${randomUUID()}`,
      taskQueue: temporal.taskQueue,
      signal: PROGRESS_SIGNAL,
      signalArgs: [reported(700)],
    });
    const finish = Promise.withResolvers<void>();
    await using worker = await startFakeWorker(temporal, async (request) => {
      await finish.promise;
      return sliceOf(request, { deletedCount: 900 });
    });
    await until(() => worker.requests.length === 1);
    expect(await run.query<RunProgress>(PROGRESS_QUERY)).toMatchObject({
      deletedCount: 0,
      targets: [{ state: 'working', deletedCount: 0 }],
    });
    finish.resolve();
    expect(await run.result()).toMatchObject({ deletedCount: 900 });
  });

  test('begins paused when the pause came first', async ({ temporal }) => {
    await using worker = await startFakeWorker(temporal, (request) =>
      sliceOf(request, { deletedCount: 3 }),
    );
    const start = new WithStartWorkflowOperation(WORKFLOW_TYPE, {
      workflowId: `run-${randomUUID()}`,
      taskQueue: temporal.taskQueue,
      workflowIdConflictPolicy: 'FAIL',
    });
    await temporal.client.workflow.executeUpdateWithStart(UPDATE.pause, {
      startWorkflowOperation: start,
      args: [{ reason: 'not yet' }],
    });
    const run = await start.workflowHandle();
    expect(await run.query<RunProgress>(PROGRESS_QUERY)).toMatchObject({
      paused: { reason: 'not yet' },
    });
    expect(worker.requests).toEqual([]);

    await run.executeUpdate(UPDATE.resume);
    expect(await run.result()).toMatchObject({ deletedCount: 3 });
  });
});

test('a reset run starts over and ignores progress reported before', async ({ temporal }) => {
  const finish = Promise.withResolvers<void>();
  await using worker = await startFakeWorker(temporal, async (request) => {
    await finish.promise;
    return sliceOf(request, { deletedCount: 900 });
  });
  const run = await startRun(temporal);
  const runId = run.firstExecutionRunId;
  await until(() => worker.requests.length === 1);
  await run.signal(PROGRESS_SIGNAL, reported(700, runId));
  await until(async () => (await detailsOf(run)).includes('| 700 |'));

  await temporalCli(
    temporal,
    ...['workflow', 'reset', '-w', run.workflowId, '-r', runId],
    ...['--type', 'FirstWorkflowTask', '--reason', 'test'],
  );

  const anew = temporal.client.workflow.getHandle(run.workflowId);
  await until(() => worker.requests.length === 2);
  const { targets } = await anew.query<RunProgress>(PROGRESS_QUERY);
  expect(targets.map(({ inHand }) => inHand)).not.toContainEqual(
    expect.objectContaining({ deletedCount: 700 }),
  );
  finish.resolve();
  expect(await anew.result()).toMatchObject({ deletedCount: 900 });
});
