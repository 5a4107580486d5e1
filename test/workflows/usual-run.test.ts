import { defaultPayloadConverter } from '@temporalio/common';
import { describe, expect } from 'vitest';

import { LOG_EVENT, PROGRESS_QUERY, type RunProgress } from '../../src/contract.ts';
import { test } from '../support/fixtures.ts';
import { logged } from '../support/workflow-bundle.ts';
import { eventsOf, sliceOf, startRun, until, withFakeWorker, type Run } from './fake-worker.ts';

const USUAL_EVENTS = [
  'workflowExecutionStartedEventAttributes',
  ...workflowTask(),
  ...activity(),
  ...workflowTask(),
  'workflowExecutionCompletedEventAttributes',
];

describe('a usual run', () => {
  test('is one activity, and 11 events', async ({ temporal }) => {
    await withFakeWorker(
      temporal,
      (request) => sliceOf(request, { deletedCount: 7, skippedLocked: 1, seconds: 0.5 }),
      async (requests) => {
        const run = await startRun(temporal);
        const result = await run.result();

        expect(result).toEqual({
          cutoff: requests[0]?.cutoff,
          deletedCount: 7,
          skippedLocked: 1,
          targets: [
            {
              target: 'sessions',
              deletedCount: 7,
              skippedLocked: 1,
              slices: [{ way: 'drain', deletedCount: 7, skippedLocked: 1, seconds: 0.5 }],
              stopped: 'drained',
            },
          ],
        });
        const events = await eventsOf(run);
        expect(events).toHaveLength(11);
        expect(events).toEqual(USUAL_EVENTS);
      },
    );
  });

  test.for([
    { words: 'no argument', args: [] },
    { words: 'null', args: [null] },
    { words: 'an empty object', args: [{}] },
    { words: 'null twice', args: [null, null] },
  ])('cleans what is configured when it is started with $words', async ({ args }, { temporal }) => {
    await withFakeWorker(
      temporal,
      (request) => sliceOf(request),
      async (requests) => {
        await (await startRun(temporal, ...args)).result();
        expect(requests).toEqual([{ cutoff: expect.any(String), slice: 0 }]);
      },
    );
  });

  test('is still 11 events when the activity had to be tried three times', async ({ temporal }) => {
    let attempts = 0;
    await withFakeWorker(
      temporal,
      (request) => {
        attempts += 1;
        if (attempts < 3) throw new Error('not yet');
        return sliceOf(request, { deletedCount: 5 });
      },
      async (requests) => {
        const run = await startRun(temporal);
        expect(await run.result()).toMatchObject({ deletedCount: 5 });
        expect(await eventsOf(run)).toEqual(USUAL_EVENTS);
        // Every attempt is asked for the same, the cut-off above all.
        expect(requests).toEqual([requests[0], requests[0], requests[0]]);
      },
    );
  });

  test('deletes nothing and says so in a dry run', async ({ temporal }) => {
    await withFakeWorker(
      temporal,
      (request) => sliceOf(request, { deletedCount: 1_234 }),
      async (requests) => {
        const run = await startRun(temporal, { dryRun: true });
        expect(await run.result()).toMatchObject({ deletedCount: 1_234 });
        expect(requests).toMatchObject([{ dryRun: true }]);
        expect(await eventsOf(run)).toHaveLength(11);
        expect(await detailsOf(run)).toContain('| sessions | counted | 1,234 |');
        // Whoever adds up what the log says must not count it.
        expect(fieldsLoggedBy(run)).toMatchObject([
          { deleted_count: 0, would_delete_count: 1_234, dry_run: true },
        ]);
      },
    );
  });

  test('logs what it deleted, once', async ({ temporal }) => {
    await withFakeWorker(
      temporal,
      (request) => sliceOf(request, { deletedCount: 3, skippedLocked: 2 }),
      async () => {
        const run = await startRun(temporal);
        const { cutoff } = await run.result();
        expect(fieldsLoggedBy(run)).toEqual([
          expect.objectContaining({
            deleted_count: 3,
            cutoff_time: cutoff,
            skipped_locked: 2,
            outcome: 'completed',
          }),
        ]);
      },
    );
  });
});

describe('what a run tells while it works', () => {
  test('is in the query progress, in the details and in summaries', async ({ temporal }) => {
    const finish = Promise.withResolvers<void>();
    await withFakeWorker(
      temporal,
      async (request) => {
        if (request.slice === 1) await finish.promise;
        return sliceOf(request, {
          configuredTargets: ['sessions', 'odd|name'],
          deletedCount: 1_000,
          skippedLocked: 4,
          seconds: 0.5,
          stopped: request.target === undefined ? 'time-spent' : 'drained',
        });
      },
      async (requests) => {
        const run = await startRun(temporal);
        await until(() => requests.length === 2);
        const progress = await run.query<RunProgress>(PROGRESS_QUERY);
        expect(progress).toEqual({
          cutoff: requests[0]?.cutoff,
          dryRun: false,
          deletedCount: 1_000,
          skippedLocked: 4,
          targets: [
            {
              target: 'sessions',
              state: 'working',
              deletedCount: 1_000,
              skippedLocked: 4,
              slices: 1,
              seconds: 0.5,
            },
            {
              target: 'odd|name',
              state: 'waiting',
              deletedCount: 0,
              skippedLocked: 0,
              slices: 0,
              seconds: 0,
            },
          ],
        });
        expect(await detailsOf(run)).toContain('| sessions | deleting | 1,000 | 4 | 2,000 | 1 |');
        expect(await detailsOf(run)).toContain(
          '| odd\\|name | waiting for its turn | 0 | 0 | – | 0 |',
        );

        finish.resolve();
        const { cutoff } = await run.result();
        expect(await detailsOf(run)).toContain(
          '| sessions | done, nothing expired is left | 2,000 | 8 | 2,000 | 2 |',
        );
        expect(await summariesOf(run)).toEqual([
          `first configured target, slice 1: expired by ${cutoff}`,
          `sessions, slice 2: expired by ${cutoff}`,
          `odd|name, slice 1: expired by ${cutoff}`,
        ]);
      },
    );
  });

  test('comes with a description of the query', async ({ temporal }) => {
    await withFakeWorker(
      temporal,
      (request) => sliceOf(request),
      async () => {
        const run = await startRun(temporal);
        await run.result();
        const { definition } = await metadataOf(run);
        expect(definition?.queryDefinitions).toContainEqual(
          expect.objectContaining({
            name: 'progress',
            description: expect.stringContaining('per target'),
          }),
        );
      },
    );
  });
});

function workflowTask(): string[] {
  return [
    'workflowTaskScheduledEventAttributes',
    'workflowTaskStartedEventAttributes',
    'workflowTaskCompletedEventAttributes',
  ];
}

function activity(): string[] {
  return [
    'activityTaskScheduledEventAttributes',
    'activityTaskStartedEventAttributes',
    'activityTaskCompletedEventAttributes',
  ];
}

interface Metadata {
  readonly currentDetails?: string;
  readonly definition?: { readonly queryDefinitions?: readonly unknown[] };
}

async function metadataOf(run: Run): Promise<Metadata> {
  return await run.query<Metadata>('__temporal_workflow_metadata');
}

async function detailsOf(run: Run): Promise<string> {
  return (await metadataOf(run)).currentDetails ?? '';
}

async function summariesOf(run: Run): Promise<readonly unknown[]> {
  const { events } = await run.fetchHistory();
  return (events ?? []).flatMap((event) => {
    const summary = event.userMetadata?.summary;
    return summary ? [defaultPayloadConverter.fromPayload(summary)] : [];
  });
}

function fieldsLoggedBy(run: Run): readonly unknown[] {
  return logged(LOG_EVENT.ran)
    .map((entry) => entry.meta)
    .filter((meta) => meta?.['workflowId'] === run.workflowId);
}
