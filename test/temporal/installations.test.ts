import { describe, expect } from 'vitest';

import { WORKFLOW_TYPE } from '../../src/contract/names.ts';
import { listRecentRuns } from '../../src/runs/recent-runs.ts';
import { applySchedule, checkSchedule, ScheduleTakenError } from '../../src/schedule/apply.ts';
import { triggerSchedule } from '../../src/schedule/start-runs.ts';
import { describeSchedule, pauseSchedule } from '../../src/schedule/schedule.ts';
import { findRunningId } from '../../src/runs/control.ts';
import { test } from '../support/fixtures.ts';
import { definitionFor, recordingLogger } from '../support/schedule-fixture.ts';

const { logger } = recordingLogger();

describe('two installations in one namespace', () => {
  test('do not take over each other’s schedule without force', async ({ temporal }) => {
    const { client } = temporal;
    await applySchedule(client, definitionFor({ taskQueue: 'shop' }), logger);
    const second = definitionFor({ taskQueue: 'forum' }, 3_600);

    const refusal = await applySchedule(client, second, logger).catch((error: unknown) => error);

    expect(refusal).toBeInstanceOf(ScheduleTakenError);
    expect(refusal).toHaveProperty('message', expect.stringMatching(/shop.*forum.*_SCHEDULE_ID/));
    expect(await checkSchedule(client, second)).toMatchObject({ kind: 'taken', taskQueue: 'shop' });
    expect(await describeSchedule(client)).toMatchObject({
      taskQueue: 'shop',
      intervals: [{ everySeconds: 21_600 }],
      updatedAt: null,
    });

    const forced = await applySchedule(client, second, logger, { force: true });
    expect(forced).toMatchObject({
      kind: 'updated',
      differences: expect.arrayContaining([
        { field: 'task queue', found: 'shop', wanted: 'forum' },
      ]) as unknown,
    });
    expect(await describeSchedule(client)).toMatchObject({ taskQueue: 'forum' });
  });

  test('have their own schedules, and their runs different ids', async ({ temporal }) => {
    const { client } = temporal;
    const ids = ['session_cleanup', 'forum cleanup'] as const;
    for (const id of ids) {
      const definition = definitionFor({ taskQueue: id }, 21_600, id);
      expect(await applySchedule(client, definition, logger)).toEqual({ kind: 'created' });
      expect(await checkSchedule(client, definition)).toEqual({ kind: 'as-configured' });
    }
    for (const id of ids) {
      expect(await triggerSchedule(client, id)).toMatchObject({
        kind: 'started',
        run: { workflowId: expect.stringMatching(new RegExp(`^${id}-\\d{4}-`)) as unknown },
      });
    }
    await pauseSchedule(client, 'why', 'forum cleanup');
    expect(await describeSchedule(client)).toMatchObject({ paused: false });
    expect(await describeSchedule(client, 'forum cleanup')).toMatchObject({
      paused: true,
      nextRuns: [],
      taskQueue: 'forum cleanup',
    });
  });

  test('see and control only the runs of their own task queue', async ({ temporal }) => {
    const { client } = temporal;
    const queues = ['shop', 'forum: a/b'] as const;
    for (const taskQueue of queues) {
      await client.workflow.start(WORKFLOW_TYPE, { workflowId: `of ${taskQueue}`, taskQueue });
    }
    for (const taskQueue of queues) {
      await expect
        .poll(() => listRecentRuns(client, 10, taskQueue), { timeout: 10_000 })
        .toMatchObject([{ workflowId: `of ${taskQueue}` }]);
      expect(await findRunningId(client, taskQueue)).toBe(`of ${taskQueue}`);
    }
  });
});
