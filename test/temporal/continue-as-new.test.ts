import path from 'node:path';

import { describe, expect, inject, test } from 'vitest';

import { choosePort } from '../../scripts/services/ports.ts';
import { startTemporal } from '../../scripts/services/temporal-server.ts';
import { PROGRESS_QUERY, UPDATE } from '../../src/contract/names.ts';
import type { RunProgress } from '../../src/contract/run.ts';
import type { SliceRequest } from '../../src/contract/slice.ts';
import { createTestNamespace, type TestTemporal } from '../support/test-namespace.ts';
import { createRunFolder, removeRunFolder } from '../support/test-run.ts';
import {
  detailsOf,
  eventsOf,
  sliceOf,
  startRun,
  toldToStop,
  until,
  startFakeWorker,
} from '../support/fake-worker.ts';

const targets = ['sessions', 'tokens'];

/** These wait for retries and servers, which takes longer on a busy machine. */
const PATIENT = { timeout: 60_000 };

describe('a run whose history grows long', PATIENT, () => {
  test('continues as new between slices, and takes all it knows along', async () => {
    await using server = await startForgetfulServer(12);
    const resumeFrom = { deadline: 'd', way: 'sweep', position: '7' } as const;
    await using worker = await startFakeWorker(server.temporal, (request) =>
      sliceOf(request, {
        deletedCount: 3,
        skippedLocked: 1,
        ...(request.slice < 3 ? { stopped: 'time-spent', resumeFrom } : {}),
      }),
    );
    const started = await startRun(server.temporal, { targets });
    const result = await started.result();
    const last = server.temporal.client.workflow.getHandle(started.workflowId);

    expect(result).toMatchObject({
      cutoff: worker.requests[0]?.cutoff,
      deletedCount: 24,
      skippedLocked: 8,
      targets: [
        { target: 'sessions', deletedCount: 12, stopped: 'drained' },
        { target: 'tokens', deletedCount: 12, stopped: 'drained' },
      ],
    });
    expect(result.targets.map(({ slices }) => slices.length)).toEqual([4, 4]);
    expect(worker.requests.map(placeOf)).toEqual([
      // In turn, since none is done with its first slice.
      ['sessions', 0, undefined],
      ['tokens', 0, undefined],
      ['sessions', 1, '7'],
      ['tokens', 1, '7'],
      ['sessions', 2, '7'],
      ['tokens', 2, '7'],
      ['sessions', 3, '7'],
      ['tokens', 3, '7'],
    ]);
    expect(new Set(worker.requests.map(({ cutoff }) => cutoff)).size).toBe(1);

    const first = server.temporal.client.workflow.getHandle(
      started.workflowId,
      started.firstExecutionRunId,
    );
    expect((await first.describe()).status.name).toBe('CONTINUED_AS_NEW');
    // One slice at least in each: a run never does nothing but continue itself.
    expect(await eventsOf(started)).toContain('activityTaskCompletedEventAttributes');
    expect(await last.query<RunProgress>(PROGRESS_QUERY)).toMatchObject({
      deletedCount: 24,
    });
  });

  test('takes a pause and a pace along, and deletes nothing until it is resumed', async () => {
    await using server = await startForgetfulServer(12);
    const { client } = server.temporal;
    const asked = Promise.withResolvers<void>();
    const mayEnd = Promise.withResolvers<void>();
    const resumeFrom = { deadline: 'd', way: 'drain', position: '7' } as const;
    await using worker = await startFakeWorker(server.temporal, async (request) => {
      const part = { deletedCount: 5, resumeFrom };
      if (request.slice === 0) return sliceOf(request, { ...part, stopped: 'time-spent' });
      if (request.slice === 2) return sliceOf(request, { deletedCount: 5 });
      asked.resolve();
      await Promise.all([toldToStop(), mayEnd.promise]);
      return sliceOf(request, { ...part, stopped: 'cancelled' });
    });
    const first = await startRun(server.temporal);
    await asked.promise;
    await first.executeUpdate(UPDATE.setPace, { args: [{ rowsPerSecond: 70, lanes: 3 }] });
    await first.executeUpdate(UPDATE.pause, { args: [{ reason: 'peak hour' }] });
    mayEnd.resolve();

    const next = client.workflow.getHandle(first.workflowId);
    await until(async () => (await next.describe()).runId !== first.firstExecutionRunId);
    expect(await next.query<RunProgress>(PROGRESS_QUERY)).toMatchObject({
      paused: { reason: 'peak hour' },
      pace: { rowsPerSecond: 70, lanes: 3 },
      deletedCount: 10,
    });
    expect(await detailsOf(next)).toContain('**Paused**: peak hour');
    const { raw, status } = await next.describe();
    expect({ status: status.name, pending: raw.pendingActivities }).toEqual({
      status: 'RUNNING',
      pending: [],
    });
    expect(worker.requests).toHaveLength(2);

    await next.executeUpdate(UPDATE.resume);
    expect(await first.result()).toMatchObject({ deletedCount: 15 });
    expect(worker.requests.map(({ slice, pace }) => [slice, pace])).toEqual([
      [0, undefined],
      [1, undefined],
      [2, { rowsPerSecond: 70, lanes: 3 }],
    ]);
  });

  test('does a slice each time, even when it is advised to continue at once', async () => {
    await using server = await startForgetfulServer(1);
    await using worker = await startFakeWorker(server.temporal, (request) =>
      sliceOf(request, {
        deletedCount: 2,
        stopped: request.slice < 2 ? 'time-spent' : 'drained',
      }),
    );
    const run = await startRun(server.temporal);
    expect(await run.result()).toMatchObject({ deletedCount: 6 });
    expect(worker.requests.map(({ slice }) => slice)).toEqual([0, 1, 2]);
  });
});

function placeOf({ target, slice, resumeFrom }: SliceRequest): unknown[] {
  return [target, slice, resumeFrom?.position];
}

/** A server that advises to continue as new after few events, rather than after thousands. */
async function startForgetfulServer(
  events: number,
): Promise<AsyncDisposable & { temporal: TestTemporal }> {
  const folder = createRunFolder();
  await using stack = new AsyncDisposableStack();
  stack.defer(async () => {
    await removeRunFolder(folder);
  });
  const server = await startTemporal({
    cli: { path: inject('temporalCli'), version: '' },
    dataDirectory: path.join(folder, 'temporal'),
    port: await choosePort(),
    durable: false,
    dynamicConfig: { 'limit.historyCount.suggestContinueAsNew': events },
  });
  stack.defer(server.stop);
  const temporal = await createTestNamespace(server.address);
  stack.defer(temporal.close);
  const owned = stack.move();
  return {
    temporal,
    async [Symbol.asyncDispose]() {
      await owned.disposeAsync();
    },
  };
}
