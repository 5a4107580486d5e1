import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { describe, expect } from 'vitest';

import { FAILURE } from '../../src/contract/failures.ts';
import type { SliceFailureDetails, SliceRequest } from '../../src/contract/slice.ts';
import { test } from '../support/fixtures.ts';
import {
  eventsOf,
  settledOf,
  sliceOf,
  startRun,
  startFakeWorker,
  type Run,
} from '../support/fake-worker.ts';

const targets = ['sessions', 'tokens', 'invitations'];

describe('a run over several targets', () => {
  test('cleans all that are configured, in their order', async ({ temporal }) => {
    await using worker = await startFakeWorker(temporal, {
      plan: { targets },
      deleteExpiredSessions: (request) => sliceOf(request, { deletedCount: 2 }),
    });
    const result = await (await startRun(temporal)).result();
    expect(worker.requests.map(({ target }) => target)).toEqual(targets);
    expect(result.targets.map(({ target }) => target)).toEqual(targets);
    expect(result.deletedCount).toBe(6);
  });

  test('cleans only those of its input, in that order, 6 events each', async ({ temporal }) => {
    await using worker = await startFakeWorker(temporal, (request) => sliceOf(request));
    const run = await startRun(temporal, { targets: ['tokens', 'sessions'] });
    const { targets } = await run.result();
    expect(targets.map(({ target }) => target)).toEqual(['tokens', 'sessions']);
    expect(worker.requests.map(({ target }) => target)).toEqual(['tokens', 'sessions']);
    expect(await eventsOf(run)).toHaveLength(12 + 6);
  });

  test('deletes a backlog in slices, each resuming the last one', async ({ temporal }) => {
    const resumeFrom = { deadline: 'd', way: 'sweep', position: '40', end: '90' } as const;
    const waits = [{ reason: 'replica-lag', seconds: 4.5 }] as const;
    await using worker = await startFakeWorker(temporal, (request) =>
      sliceOf(request, {
        way: 'sweep',
        deletedCount: 10,
        skippedLocked: 1,
        seconds: 2,
        ...(request.slice === 1 ? { waits } : {}),
        ...(request.slice < 2 ? { resumeFrom, stopped: BETWEEN_SLICES[request.slice] } : {}),
      }),
    );
    const run = await startRun(temporal);
    const slice = { way: 'sweep', deletedCount: 10, skippedLocked: 1, seconds: 2 };
    expect((await run.result()).targets).toEqual([
      {
        target: 'sessions',
        deletedCount: 30,
        skippedLocked: 3,
        slices: [slice, { ...slice, waits }, slice],
        stopped: 'drained',
      },
    ]);
    const cutoff = worker.requests[0]?.cutoff;
    expect(worker.requests).toMatchObject([
      { cutoff, slice: 0 },
      { cutoff, slice: 1, target: 'sessions', resumeFrom },
      { cutoff, slice: 2, target: 'sessions', resumeFrom },
    ]);
  });

  test('keeps its place when a worker hands over before it began', async ({ temporal }) => {
    const resumeFrom = { deadline: 'd', way: 'drain', position: 'p' } as const;
    await using worker = await startFakeWorker(temporal, (request) => {
      if (request.slice === 0) return sliceOf(request, { stopped: 'time-spent', resumeFrom });
      return sliceOf(request, request.slice === 1 ? { stopped: 'handed-over' } : {});
    });
    await (await startRun(temporal)).result();
    expect(worker.requests.map((request) => request.resumeFrom)).toEqual([
      undefined,
      resumeFrom,
      resumeFrom,
    ]);
  });
});

describe('a run of which a target fails', () => {
  test('still cleans the others, then fails with the whole result', async ({ temporal }) => {
    await using worker = await startFakeWorker(temporal, {
      plan: { targets },
      deleteExpiredSessions(request) {
        if (request.target === 'sessions') throw noTable('sessions', 0);
        return sliceOf(request, { deletedCount: 4 });
      },
    });
    const run = await startRun(temporal);
    const failure = await failureOf(run);
    expect(failure).toMatchObject({ type: FAILURE.noTable, nonRetryable: true });
    expect(failure.message).toBe(
      'Target "sessions": there is no table; migrate. 8 rows were deleted before the failure.',
    );
    expect(failure.details).toEqual([
      expect.objectContaining({
        deletedCount: 8,
        targets: [
          expect.objectContaining({ target: 'sessions', deletedCount: 0, stopped: 'failed' }),
          expect.objectContaining({ target: 'tokens', deletedCount: 4, stopped: 'drained' }),
          expect.objectContaining({ target: 'invitations', stopped: 'drained' }),
        ],
      }),
    ]);
    // A missing table fails at once: one attempt, and nothing to settle.
    expect(worker.requests).toHaveLength(3);
  });

  test('has the ledger settle what the failed slice had deleted', async ({ temporal }) => {
    await using worker = await startFakeWorker(temporal, {
      deleteExpiredSessions() {
        throw noTable('sessions', 65);
      },
      settleSlice: () => settledOf({ deletedCount: 70, seconds: 3 }),
    });
    const run = await startRun(temporal);
    const failure = await failureOf(run);
    expect(failure.message).toContain('70 rows were deleted before the failure.');
    expect(failure.details?.[0]).toMatchObject({
      deletedCount: 70,
      targets: [{ deletedCount: 70, slices: [{ deletedCount: 70, seconds: 3 }] }],
    });
    expect(worker.requests).toHaveLength(1);
  });

  test('reports what the slice reported when the ledger cannot be read', async ({ temporal }) => {
    await using _ = await startFakeWorker(temporal, () => {
      throw noTable('sessions', 65);
    });
    const failure = await failureOf(await startRun(temporal, { targets: ['sessions'] }));
    expect(failure.message).toContain('65 rows were deleted before the failure, at least: ');
    expect(failure.details?.[0]).toMatchObject({
      deletedCount: 65,
      targets: [{ deletedCount: 65, uncounted: true }],
    });
  });

  test('reports that neither the slice nor the ledger has a count', async ({ temporal }) => {
    await using _ = await startFakeWorker(temporal, () => {
      throw noTable('sessions', undefined);
    });
    const { message } = await failureOf(await startRun(temporal, { targets: ['sessions'] }));
    expect(message).toContain(
      'No rows were deleted before the failure, at least: the database did not report what the last slice of sessions deleted.',
    );
  });

  test('names every one that failed, with the type of the first', async ({ temporal }) => {
    await using _ = await startFakeWorker(temporal, (request: SliceRequest) => {
      if (request.target === 'tokens') {
        const details: SliceFailureDetails = { target: 'tokens', isUntouched: true };
        throw ApplicationFailure.nonRetryable(
          'Target "tokens": grant it.',
          FAILURE.noRight,
          details,
        );
      }
      if (request.target === 'sessions') throw noTable('sessions', 0);
      return sliceOf(request);
    });
    const failure = await failureOf(await startRun(temporal, { targets }));
    expect(failure.type).toBe(FAILURE.noTable);
    expect(failure.message).toMatch(/"sessions": there is no table; .* "tokens": grant it\./);
  });
});

const BETWEEN_SLICES = ['time-spent', 'handed-over'] as const;

function noTable(target: string, deletedSoFar: number | undefined): ApplicationFailure {
  const message = `Target "${target}": there is no table; migrate.`;
  return ApplicationFailure.nonRetryable(message, FAILURE.noTable, {
    target,
    ...(deletedSoFar === undefined ? {} : { deletedSoFar }),
    ...(deletedSoFar === 0 ? { isUntouched: true } : {}),
  });
}

async function failureOf(run: Run): Promise<ApplicationFailure> {
  const error: unknown = await run.result().catch((thrown: unknown) => thrown);
  if (error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure) {
    return error.cause;
  }
  throw new Error('The run did not fail as a run fails.', { cause: error });
}
