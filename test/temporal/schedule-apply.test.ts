import { ScheduleNotFoundError } from '@temporalio/client';
import { describe, expect, vi } from 'vitest';

import { applySchedule, checkSchedule } from '../../src/schedule/apply.ts';
import { describeSchedule } from '../../src/schedule/schedule.ts';
import { test } from '../support/fixtures.ts';
import { argumentsInReadme } from '../support/readme.ts';
import { temporalCli } from '../support/temporal-cli.ts';
import type { TestTemporal } from '../support/test-namespace.ts';
import { definitionFor, recordingLogger } from '../support/schedule-fixture.ts';

const { logger } = recordingLogger();

/** For what the server reports with a delay. */
const PATIENTLY = { timeout: 10_000 };

describe('apply', () => {
  test('creates the schedule, and changes nothing the second time', async ({ temporal }) => {
    const { client } = temporal;
    const definition = definitionFor(temporal);
    expect(await applySchedule(client, definition, logger)).toEqual({ kind: 'created' });
    expect(await applySchedule(client, definition, logger)).toEqual({ kind: 'unchanged' });
    expect(await describeSchedule(client)).toMatchObject({
      scheduleId: 'session_cleanup',
      paused: false,
      intervals: [{ everySeconds: 21_600, offsetSeconds: 0 }],
      hasOtherTimes: false,
      overlapPolicy: 'SKIP',
      catchupWindowSeconds: 86_400,
      pauseOnFailure: false,
      workflowType: 'sessionCleanup',
      taskQueue: temporal.taskQueue,
      input: [{}],
      updatedAt: null,
    });
  });

  test('logs session_cleanup_scheduled with the interval, each time', async ({ temporal }) => {
    const recorded = recordingLogger();
    await applySchedule(temporal.client, definitionFor(temporal, 900), recorded.logger);
    await applySchedule(temporal.client, definitionFor(temporal, 900), recorded.logger);
    expect(recorded.entries()).toEqual([
      expect.objectContaining({ msg: 'session_cleanup_scheduled', interval_seconds: 900 }),
      expect.objectContaining({ msg: 'session_cleanup_scheduled', interval_seconds: 900 }),
    ]);
  });

  test('updates in place, only what differs, and returns what that was', async ({ temporal }) => {
    const { client } = temporal;
    await applySchedule(client, definitionFor(temporal, 3_600), logger);
    expect(await applySchedule(client, definitionFor(temporal), logger)).toEqual({
      kind: 'updated',
      differences: [{ field: 'interval', found: 'every 1h', wanted: 'every 6h' }],
    });
    expect((await describeSchedule(client)).intervals).toEqual([
      { everySeconds: 21_600, offsetSeconds: 0 },
    ]);
    expect(await listScheduleIds(temporal)).toEqual(['session_cleanup']);
  });

  test('keeps pause, note, remaining actions, recent runs and memo', async ({ temporal }) => {
    const { client } = temporal;
    const { action, ...rest } = definitionFor(temporal, 3_600);
    const handle = await client.schedule.create({
      ...rest,
      action: { ...action, memo: { team: 'shop' } },
      state: { paused: true, note: 'moving the database', remainingActions: 7 },
    });
    await handle.trigger('SKIP');
    await vi.waitUntil(
      async () => (await describeSchedule(client)).recentRuns.length === 1,
      PATIENTLY,
    );

    const outcome = await applySchedule(client, definitionFor(temporal), logger);

    expect(outcome.kind).toBe('updated');
    expect(await describeSchedule(client)).toMatchObject({
      intervals: [{ everySeconds: 21_600 }],
      paused: true,
      note: 'moving the database',
      remainingActions: 7,
      startedRuns: 1,
      recentRuns: [{ workflowId: expect.stringMatching(/^session_cleanup-/) as unknown }],
    });
    expect((await handle.describe()).action.memo).toEqual({ team: 'shop' });
  });

  test('never loses a pause that is set while it updates', async ({ temporal }) => {
    const { client } = temporal;
    await applySchedule(client, definitionFor(temporal, 3_600), logger);
    const service = client.workflowService;
    const update = service.updateSchedule.bind(service);
    const spied = vi.spyOn(service, 'updateSchedule').mockImplementationOnce(async (request) => {
      await client.schedule.getHandle('session_cleanup').pause('in between');
      return await update(request);
    });

    await applySchedule(client, definitionFor(temporal), logger);

    expect(spied).toHaveBeenCalledTimes(2);
    expect(await describeSchedule(client)).toMatchObject({
      paused: true,
      note: 'in between',
      intervals: [{ everySeconds: 21_600 }],
    });
  });

  test('creates one schedule when ten do it at once', async ({ temporal }) => {
    const { client } = temporal;
    const definition = definitionFor(temporal);
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, () => applySchedule(client, definition, logger)),
    );
    expect(outcomes.map(({ kind }) => kind).toSorted()).toEqual([
      'created',
      ...Array.from({ length: 9 }, () => 'unchanged'),
    ]);
    expect(await listScheduleIds(temporal)).toEqual(['session_cleanup']);
  });

  test('updates once and for all when ten do it at once', async ({ temporal }) => {
    const { client } = temporal;
    await applySchedule(client, definitionFor(temporal, 3_600), logger);
    await client.schedule.getHandle('session_cleanup').pause('quiet');
    await Promise.all(
      Array.from({ length: 10 }, () => applySchedule(client, definitionFor(temporal), logger)),
    );
    expect(await describeSchedule(client)).toMatchObject({
      intervals: [{ everySeconds: 21_600 }],
      paused: true,
      note: 'quiet',
    });
    expect(await checkSchedule(client, definitionFor(temporal))).toEqual({ kind: 'as-configured' });
    expect(await listScheduleIds(temporal)).toEqual(['session_cleanup']);
  });

  test('takes over one that the command of the README created', async ({ temporal }) => {
    const { client } = temporal;
    await temporalCli(temporal, ...argumentsInReadme('temporal schedule create'));

    const outcome = await applySchedule(
      client,
      definitionFor({ taskQueue: 'session-cleanup' }),
      logger,
    );

    expect(outcome).toEqual({
      kind: 'updated',
      differences: [
        { field: 'input', found: 'none', wanted: '{}' },
        { field: 'summary', found: 'none', wanted: expect.stringMatching(/./) as unknown },
        { field: 'details', found: 'none', wanted: 'the runbook' },
        { field: 'catch-up window', found: '365d', wanted: '1d' },
      ],
    });
    expect(await listScheduleIds(temporal)).toEqual(['session_cleanup']);
  });

  test("repairs what the CLI's update lost, and keeps its pause", async ({ temporal }) => {
    const { client, taskQueue } = temporal;
    await applySchedule(client, definitionFor(temporal), logger);
    await temporalCli(
      temporal,
      ...['schedule', 'update', '--schedule-id', 'session_cleanup', '--interval', '1h'],
      ...['--type', 'sessionCleanup', '--task-queue', taskQueue, '--workflow-id', 'mine'],
      ...['--paused', '--notes', 'by hand', '--remaining-actions', '3'],
    );
    const outcome = await applySchedule(client, definitionFor(temporal), logger);
    expect(outcome).toMatchObject({
      kind: 'updated',
      differences: expect.arrayContaining([
        { field: 'interval', found: 'every 1h', wanted: 'every 6h' },
        { field: 'workflow id', found: 'mine', wanted: 'session_cleanup' },
      ]) as unknown,
    });
    expect(await describeSchedule(client)).toMatchObject({
      paused: true,
      note: 'by hand',
      remainingActions: 3,
    });
  });
});

describe('check', () => {
  test('reports a missing schedule, and creates none', async ({ temporal }) => {
    const { client } = temporal;
    expect(await checkSchedule(client, definitionFor(temporal))).toEqual({ kind: 'missing' });
    await expect(client.schedule.getHandle('session_cleanup').describe()).rejects.toThrow(
      ScheduleNotFoundError,
    );
  });

  test('reports the differences, and changes nothing', async ({ temporal }) => {
    const { client } = temporal;
    await applySchedule(client, definitionFor(temporal, 3_600), logger);
    expect(await checkSchedule(client, definitionFor(temporal))).toEqual({
      kind: 'different',
      differences: [{ field: 'interval', found: 'every 1h', wanted: 'every 6h' }],
    });
    expect((await describeSchedule(client)).updatedAt).toBeNull();
  });
});

/** The server lists schedules with a delay. */
async function listScheduleIds({ client }: TestTemporal): Promise<readonly string[]> {
  return await vi.waitUntil(async () => {
    const ids: string[] = [];
    for await (const { scheduleId } of client.schedule.list()) ids.push(scheduleId);
    return ids.length > 0 && ids;
  }, PATIENTLY);
}
