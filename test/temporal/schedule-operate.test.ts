import { describe, expect, vi } from 'vitest';

import { applySchedule } from '../../src/schedule/apply.ts';
import { backfillSchedule, triggerSchedule } from '../../src/schedule/start-runs.ts';
import type { BackfillRange } from '../../src/schedule/start-runs.ts';
import {
  deleteSchedule,
  describeSchedule,
  pauseSchedule,
  ScheduleMissingError,
  unpauseSchedule,
} from '../../src/schedule/schedule.ts';
import { test as base } from '../support/fixtures.ts';
import { definitionFor, endRuns, recordingLogger } from '../support/schedule-fixture.ts';

/** The schedule exists; no worker takes its runs, so they stay open until a test ends them. */
const test = base.extend('client', async ({ temporal }) => {
  await applySchedule(temporal.client, definitionFor(temporal), recordingLogger().logger);
  return temporal.client;
});

const DAY: Pick<BackfillRange, 'from' | 'to'> = {
  from: new Date('2026-11-20T00:00:00Z'),
  to: new Date('2026-11-20T18:00:00Z'),
};

const SLOTS = [0, 6, 12, 18].map((hour) => new Date(Date.UTC(2026, 10, 20, hour)).toISOString());

describe('without a schedule', () => {
  base('every operation says how to make one', async ({ temporal: { client } }) => {
    for (const operation of [
      () => describeSchedule(client),
      () => pauseSchedule(client, 'why'),
      () => unpauseSchedule(client, 'why'),
      () => triggerSchedule(client),
      () => backfillSchedule(client, { ...DAY, overlap: 'skip' }),
      () => deleteSchedule(client),
    ]) {
      const error = await operation().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ScheduleMissingError);
      expect(error).toHaveProperty(
        'message',
        expect.stringContaining('session-cleanup schedule apply'),
      );
    }
  });
});

describe('pause', () => {
  test('keeps its reason as the note until unpause gives another', async ({ client }) => {
    expect(await pauseSchedule(client, 'moving')).toMatchObject({ paused: true, note: 'moving' });
    expect(await unpauseSchedule(client, 'moved')).toMatchObject({ paused: false, note: 'moved' });
  });
});

describe('delete', () => {
  test('removes the schedule, and leaves its runs alone', async ({ client }) => {
    const outcome = await triggerSchedule(client);
    await deleteSchedule(client);
    await expect(describeSchedule(client)).rejects.toThrow(ScheduleMissingError);
    const workflowId = outcome.kind === 'started' ? outcome.run.workflowId : 'none';
    const { status } = await client.workflow.getHandle(workflowId).describe();
    expect(status.name).toBe('RUNNING');
  });
});

describe('trigger', () => {
  test('returns the run that it started', async ({ client }) => {
    const outcome = await triggerSchedule(client);
    expect(outcome).toMatchObject({
      kind: 'started',
      run: { workflowId: expect.stringMatching(/^session_cleanup-\d{4}-.*Z$/) as unknown },
    });
    const run = outcome.kind === 'started' ? outcome.run : undefined;
    const { runId } = await client.workflow.getHandle(run?.workflowId ?? '').describe();
    expect(runId).toBe(run?.runId);
  });

  test('starts nothing while a run is running, and names that run', async ({ client }) => {
    const first = await triggerSchedule(client);
    expect(await triggerSchedule(client)).toEqual({
      kind: 'skipped',
      running: [first.kind === 'started' ? first.run.workflowId : ''],
    });
    expect((await describeSchedule(client)).startedRuns).toBe(1);
  });

  test('starts again once that run has ended', async ({ client }) => {
    await triggerSchedule(client);
    await vi.waitUntil(async () => {
      await endRuns(client);
      return (await describeSchedule(client)).running.length === 0;
    }, 10_000);
    expect(await triggerSchedule(client)).toMatchObject({ kind: 'started' });
  });

  test('runs a paused schedule, and leaves it paused', async ({ client }) => {
    await pauseSchedule(client, 'quiet');
    expect(await triggerSchedule(client)).toMatchObject({ kind: 'started' });
    expect(await describeSchedule(client)).toMatchObject({ paused: true, note: 'quiet' });
  });
});

describe('backfill', () => {
  test.for([
    ['buffer-all', { started: [0], waiting: 3, leftOut: 0 }],
    ['buffer-one', { started: [0], waiting: 1, leftOut: 2 }],
    ['skip', { started: [0], waiting: 0, leftOut: 3 }],
    ['allow-all', { started: [0, 1, 2, 3], waiting: 0, leftOut: 0 }],
    ['cancel-other', { started: [3], waiting: 0, leftOut: 3 }],
    ['terminate-other', { started: [3], waiting: 0, leftOut: 3 }],
  ] as const)(
    'with %s reports the outcome of each slot',
    async ([overlap, expected], { client }) => {
      const outcome = await backfillSchedule(client, { ...DAY, overlap });
      expect({
        ...outcome,
        started: outcome.started.map(({ scheduledAt }) => scheduledAt),
      }).toEqual({
        slots: SLOTS,
        ...expected,
        started: expected.started.map((index) => SLOTS[index]),
        unseen: 0,
      });
      for (const { workflowId, runId, scheduledAt } of outcome.started) {
        expect(workflowId).toBe(`session_cleanup-${scheduledAt.replace('.000Z', 'Z')}`);
        expect((await client.workflow.getHandle(workflowId).describe()).runId).toBe(runId);
      }
    },
  );

  test('includes both ends of the range, and nothing beyond them', async ({ client }) => {
    const slotsBetween = async (from: string, to: string): Promise<readonly string[]> => {
      const range = { from: new Date(from), to: new Date(to), overlap: 'skip' } as const;
      return (await backfillSchedule(client, range)).slots;
    };
    expect(await slotsBetween('2026-11-20T06:00:00Z', '2026-11-20T06:00:00Z')).toEqual([SLOTS[1]]);
    expect(await slotsBetween('2026-11-20T06:00:00.001Z', '2026-11-20T12:00:00Z')).toEqual([
      SLOTS[2],
    ]);
    expect(await slotsBetween('2026-11-20T00:00:01Z', '2026-11-20T05:59:59Z')).toEqual([]);
  });

  test('reports that a running run kept it from starting anything', async ({ client }) => {
    await triggerSchedule(client);
    expect(await backfillSchedule(client, { ...DAY, overlap: 'skip' })).toMatchObject({
      slots: SLOTS,
      started: [],
      waiting: 0,
      leftOut: 4,
      unseen: 0,
    });
  });

  test('runs a slot that has already run, and returns the new run', async ({ client }) => {
    const slot = { from: DAY.from, to: DAY.from, overlap: 'buffer-all' } as const;
    const first = await backfillSchedule(client, slot);
    await vi.waitUntil(async () => {
      await endRuns(client);
      return (await describeSchedule(client)).running.length === 0;
    }, 10_000);
    const second = await backfillSchedule(client, slot);
    expect(second.started).toHaveLength(1);
    expect(second.started[0]?.workflowId).toBe(first.started[0]?.workflowId);
    expect(second.started[0]?.runId).not.toBe(first.started[0]?.runId);
  });
});
