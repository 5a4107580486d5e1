import { describe, expect } from 'vitest';

import { LOG_EVENT } from '../../src/contract/names.ts';
import { test } from '../support/fixtures.ts';
import { logged } from '../support/workflow-bundle.ts';
import {
  detailsOf,
  eventsOf,
  sliceOf,
  startRun,
  startFakeWorker,
  type Run,
} from '../support/fake-worker.ts';

const USUAL_EVENTS = [
  'workflowExecutionStartedEventAttributes',
  ...workflowTask(),
  // The local activity that asks the configuration.
  'markerRecordedEventAttributes',
  ...activity(),
  ...workflowTask(),
  'workflowExecutionCompletedEventAttributes',
];

describe('a usual run', () => {
  test('is one activity, and 12 events', async ({ temporal }) => {
    await using worker = await startFakeWorker(temporal, (request) =>
      sliceOf(request, { deletedCount: 7, skippedLocked: 1, seconds: 0.5 }),
    );
    const run = await startRun(temporal);
    const result = await run.result();

    expect(result).toEqual({
      cutoff: worker.requests[0]?.cutoff,
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
    expect(events).toHaveLength(12);
    expect(events).toEqual(USUAL_EVENTS);
  });

  test.for([
    { words: 'no argument', args: [] },
    { words: 'null', args: [null] },
    { words: 'an empty object', args: [{}] },
    { words: 'null twice', args: [null, null] },
  ])('cleans what is configured when it is started with $words', async ({ args }, { temporal }) => {
    await using worker = await startFakeWorker(temporal, (request) => sliceOf(request));
    await (await startRun(temporal, ...args)).result();
    expect(worker.requests).toEqual([{ target: 'sessions', cutoff: expect.any(String), slice: 0 }]);
  });

  test('is still 12 events when the activity had to be tried three times', async ({ temporal }) => {
    let attempts = 0;
    await using worker = await startFakeWorker(temporal, (request) => {
      attempts += 1;
      if (attempts < 3) throw new Error('not yet');
      return sliceOf(request, { deletedCount: 5 });
    });
    const run = await startRun(temporal);
    expect(await run.result()).toMatchObject({ deletedCount: 5 });
    expect(await eventsOf(run)).toEqual(USUAL_EVENTS);
    // Every attempt is asked for the same, the cut-off above all.
    expect(worker.requests).toEqual([worker.requests[0], worker.requests[0], worker.requests[0]]);
  });

  test('deletes nothing in a dry run, and reports it', async ({ temporal }) => {
    await using worker = await startFakeWorker(temporal, (request) =>
      sliceOf(request, { deletedCount: 1_234 }),
    );
    const run = await startRun(temporal, { dryRun: true });
    expect(await run.result()).toMatchObject({ deletedCount: 1_234 });
    expect(worker.requests).toMatchObject([{ dryRun: true }]);
    expect(await eventsOf(run)).toHaveLength(12);
    expect(await detailsOf(run)).toMatch(/^\*\*Dry run:\*\* 1,234 rows had expired by .*\. Noth/);
    expect(await detailsOf(run)).toContain('| sessions | counted | 1,234 | 0 | – | 1,234 | 1 s |');
    // A sum over the log must not count it.
    expect(fieldsLoggedBy(run)).toMatchObject([
      { deleted_count: 0, would_delete_count: 1_234, dry_run: true },
    ]);
  });

  test('adds up the dependents of all slices, apart from the rows', async ({ temporal }) => {
    const resumeFrom = { deadline: new Date().toISOString(), way: 'drain', position: '' } as const;
    await using _ = await startFakeWorker(temporal, (request) =>
      request.slice === 0
        ? sliceOf(request, {
            deletedCount: 3,
            dependentsDeleted: 40,
            stopped: 'time-spent',
            resumeFrom,
          })
        : sliceOf(request, { deletedCount: 4, dependentsDeleted: 2 }),
    );
    const run = await startRun(temporal);
    expect(await run.result()).toMatchObject({
      deletedCount: 7,
      targets: [
        {
          deletedCount: 7,
          dependentsDeleted: 42,
          slices: [{ dependentsDeleted: 40 }, { dependentsDeleted: 2 }],
        },
      ],
    });
    expect(await detailsOf(run)).toContain('- **sessions**: 42 dependent rows deleted besides.');
    expect(fieldsLoggedBy(run)).toMatchObject([{ deleted_count: 7, dependents_deleted: 42 }]);
  });

  test('logs what it deleted, once', async ({ temporal }) => {
    await using _ = await startFakeWorker(temporal, (request) =>
      sliceOf(request, { deletedCount: 3, skippedLocked: 2 }),
    );
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

function fieldsLoggedBy(run: Run): readonly unknown[] {
  return logged(LOG_EVENT.ran)
    .map((entry) => entry.meta)
    .filter((meta) => meta?.['workflowId'] === run.workflowId);
}
