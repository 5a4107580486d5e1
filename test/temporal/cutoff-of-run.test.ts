import { ScheduleOverlapPolicy } from '@temporalio/client';
import { describe, expect } from 'vitest';

import { SCHEDULE_ID, WORKFLOW_ID, WORKFLOW_TYPE } from '../../src/contract/names.ts';
import type { SliceRequest } from '../../src/contract/slice.ts';
import { test } from '../support/fixtures.ts';
import type { TestTemporal } from '../support/test-namespace.ts';
import { sliceOf, startRun, until, startFakeWorker } from '../support/fake-worker.ts';

const HOUR = 3_600_000;

describe('the cut-off of a run', () => {
  test('is the start of a workflow that no schedule started', async ({ temporal }) => {
    await using worker = await startFakeWorker(temporal, drained);
    const run = await startRun(temporal);
    await run.result();
    expect(worker.requests[0]?.cutoff).toBe((await run.describe()).startTime.toISOString());
  });

  test('is the scheduled slot when it is backfilled', async ({ temporal }) => {
    const slot = new Date(Math.floor(Date.now() / HOUR) * HOUR - 5 * HOUR);
    await using worker = await startFakeWorker(temporal, drained);
    await backfill(temporal, slot);
    await until(() => worker.requests.length === 1);
    expect(worker.requests[0]?.cutoff).toBe(slot.toISOString());
  });

  test('is never later than the start, even for a future backfill', async ({ temporal }) => {
    const slot = new Date(Math.ceil(Date.now() / HOUR) * HOUR + HOUR);
    await using worker = await startFakeWorker(temporal, drained);
    await backfill(temporal, slot);
    await until(() => worker.requests.length === 1);
    expect(Date.parse(worker.requests[0]?.cutoff ?? '')).toBeLessThanOrEqual(Date.now());
  });

  test('is the one given, with its microseconds', async ({ temporal }) => {
    await using worker = await startFakeWorker(temporal, drained);
    const run = await startRun(temporal, { cutoff: '2026-01-31T07:30:00.123456+05:45' });
    expect(await run.result()).toMatchObject({ cutoff: '2026-01-31T01:45:00.123456Z' });
    expect(worker.requests[0]?.cutoff).toBe('2026-01-31T01:45:00.123456Z');
  });

  test('stays the same for every slice and target', async ({ temporal }) => {
    await using worker = await startFakeWorker(temporal, (request) =>
      sliceOf(request, {
        stopped: request.slice === 0 ? 'time-spent' : 'drained',
      }),
    );
    await (await startRun(temporal, { targets: ['sessions', 'tokens'] })).result();
    expect(worker.requests).toHaveLength(4);
    expect(new Set(worker.requests.map(({ cutoff }) => cutoff)).size).toBe(1);
  });
});

function drained(request: SliceRequest): ReturnType<typeof sliceOf> {
  return sliceOf(request);
}

/** Has an hourly schedule start the run of one slot, as `temporal schedule backfill` does. */
async function backfill({ client, taskQueue }: TestTemporal, slot: Date): Promise<void> {
  const schedule = await client.schedule.create({
    scheduleId: SCHEDULE_ID,
    spec: { intervals: [{ every: '1h' }] },
    state: { paused: true },
    action: {
      type: 'startWorkflow',
      workflowType: WORKFLOW_TYPE,
      workflowId: WORKFLOW_ID,
      taskQueue,
    },
  });
  await schedule.backfill({
    start: new Date(slot.getTime() - 1_000),
    end: new Date(slot.getTime() + 1_000),
    overlap: ScheduleOverlapPolicy.ALLOW_ALL,
  });
}
