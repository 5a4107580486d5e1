import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'vitest';
import { z } from 'zod';

import { DEFAULT_TASK_QUEUE } from '../../../src/contract/names.ts';
import { describeSchedule } from '../../../src/schedule/schedule.ts';
import { test as base } from '../../support/fixtures.ts';
import { argumentsInReadme } from '../../support/readme.ts';
import { countSessions, fillSessions } from '../../support/sessions.ts';
import { temporalCli } from '../../support/temporal-cli.ts';
import { startWorker } from '../../support/worker-process.ts';
import { sessionCleanup, sessionCleanupJson } from '../support/our-command.ts';
import {
  deletedBy,
  onlyRun,
  untilSchedule,
  untilStarted,
  type Stage,
} from '../support/scheduled-runs.ts';
import { PAST_RANGE, SLOTS } from '../support/slots.ts';

const ID = ['--schedule-id', 'session_cleanup'];
const STOCK = { expired: 1_500, live: 500 };

/** The line of the README names the default task queue, so all of a test is on that. */
const test = base.extend('stage', ({ database, temporal }): Stage => {
  return { database, temporal: { ...temporal, taskQueue: DEFAULT_TASK_QUEUE } };
});

/** A schedule created with that one command. */
async function createByHand({ temporal }: Stage): Promise<void> {
  await temporalCli(temporal, ...argumentsInReadme('temporal schedule create'));
}

test('the command of the README creates it, and triggered runs delete', async ({ stage }) => {
  const { database, temporal } = stage;
  await fillSessions(database, STOCK);
  await using _worker = await startWorker({ databaseUrl: database.url, temporal });
  await createByHand(stage);
  const described = await temporalCli(temporal, 'schedule', 'describe', ...ID, '-o', 'json');
  expect(JSON.parse(described)).toMatchObject({
    schedule: {
      spec: { interval: [{ interval: '21600s' }] },
      action: { startWorkflow: { workflowId: 'session_cleanup' } },
    },
  });

  await temporalCli(temporal, 'schedule', 'trigger', ...ID);

  expect(await deletedBy(await onlyRun(stage))).toBe(STOCK.expired);
  expect(await countSessions(database)).toEqual({ expired: 0, live: STOCK.live });
});

test('paused, it skips slots, can be triggered, and stays paused', async ({ stage }) => {
  const { database, temporal } = stage;
  await fillSessions(database, STOCK);
  const settings = { SCHEDULE: 'apply', INTERVAL: '1s' };
  await using _worker = await startWorker({ databaseUrl: database.url, temporal, settings });
  await untilStarted(stage, 1);
  await temporalCli(temporal, 'schedule', 'toggle', ...ID, '--pause', '--reason', 'peak hour');
  const paused = await untilSchedule(stage, ({ running, note }) => {
    expect({ running, note }).toEqual({ running: [], note: 'peak hour' });
  });
  // Three slots pass.
  await sleep(3_100);
  expect(await describeSchedule(temporal.client)).toMatchObject({
    paused: true,
    startedRuns: paused.startedRuns,
  });

  await fillSessions(database, { expired: 700, live: 0 });
  await temporalCli(temporal, 'schedule', 'trigger', ...ID);
  const { recentRuns } = await untilSchedule(stage, (state) => {
    expect(state).toMatchObject({ paused: true, startedRuns: paused.startedRuns + 1, running: [] });
  });
  const result: unknown = await temporal.client.workflow
    .getHandle(recentRuns[0]?.workflowId ?? '')
    .result();
  expect(result).toMatchObject({ deletedCount: 700 });

  await temporalCli(temporal, 'schedule', 'toggle', ...ID, '--unpause', '--reason', 'quiet again');
  await untilSchedule(stage, ({ startedRuns, note }) => {
    expect(startedRuns).toBeGreaterThan(paused.startedRuns + 2);
    expect(note).toBe('quiet again');
  });
  expect(await countSessions(database)).toEqual({ expired: 0, live: STOCK.live });
});

test('lists the times of a past day, the same that a backfill runs', async ({ stage }) => {
  const { temporal } = stage;
  await createByHand(stage);
  // The first instant is no part of what the server lists, though a backfill includes it.
  const start = new Date(PAST_RANGE.from.getTime() - 1_000).toISOString();
  const listed = await temporalCli(
    temporal,
    ...['schedule', 'list-matching-times', ...ID, '-o', 'json'],
    ...['--start-time', start, '--end-time', PAST_RANGE.to.toISOString()],
  );
  const { startTime } = z.object({ startTime: z.array(z.string()) }).parse(JSON.parse(listed));
  expect(startTime.map((time) => new Date(time))).toEqual(SLOTS);
});

test('apply restores and reports what an update by temporal dropped', async ({ stage }) => {
  const { database, temporal } = stage;
  await fillSessions(database, STOCK);
  await using _worker = await startWorker({ databaseUrl: database.url, temporal });
  expect((await sessionCleanup(stage, ['schedule', 'apply'])).exitCode).toBe(0);
  await temporalCli(
    temporal,
    ...['schedule', 'update', ...ID, '--interval', '1h', '--overlap-policy', 'AllowAll'],
    ...['--type', 'sessionCleanup', '--task-queue', 'elsewhere'],
  );
  const lost = await sessionCleanup(stage, ['schedule', 'apply', '--check']);
  expect(lost.exitCode).toBe(1);
  // With another task queue it looks like that of another installation.
  expect(lost.stdout).toContain('session-cleanup schedule apply --force');
  expect((await sessionCleanup(stage, ['schedule', 'apply'])).exitCode).toBe(1);

  const repaired = await sessionCleanup(stage, ['schedule', 'apply', '--force']);

  expect(differencesIn(repaired.stdout)).toEqual([
    'interval every 1h → every 6h',
    expect.stringMatching(/^workflow id .+ → session_cleanup$/),
    'task queue elsewhere → session-cleanup',
    'input none → {}',
    'summary none → Deletes expired sessions',
    'details none → the runbook',
    'overlap policy ALLOW_ALL → SKIP',
    'catch-up window 365d → 1d',
  ]);
  expect(repaired).toMatchObject({ exitCode: 0 });
  expect(repaired.stdout).toMatch(/^Updated the schedule session_cleanup:\n/);
  expect(await sessionCleanupJson(stage, ['schedule', 'apply', '--check'])).toEqual({
    exitCode: 0,
    result: { outcome: { kind: 'as-configured' } },
  });
  await temporalCli(temporal, 'schedule', 'trigger', ...ID);
  expect(await deletedBy(await onlyRun(stage))).toBe(STOCK.expired);
});

test('deleted and applied again, it is as configured and runs', async ({ stage }) => {
  const { database, temporal } = stage;
  await fillSessions(database, STOCK);
  await createByHand(stage);
  await temporalCli(temporal, 'schedule', 'delete', ...ID);
  const missing = await sessionCleanup(stage, ['schedule', 'describe']);
  expect(missing.exitCode).toBe(1);
  expect(missing.stderr).toContain('session-cleanup schedule apply');

  expect(await sessionCleanupJson(stage, ['schedule', 'apply'])).toMatchObject({
    exitCode: 0,
    result: { outcome: { kind: 'created' } },
  });
  await using _worker = await startWorker({ databaseUrl: database.url, temporal });
  await temporalCli(temporal, 'schedule', 'trigger', ...ID);
  expect(await deletedBy(await onlyRun(stage))).toBe(STOCK.expired);
  expect(await countSessions(database)).toEqual({ expired: 0, live: STOCK.live });
});

/** The lines that report a difference, without their alignment. */
function differencesIn(output: string): readonly string[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('  ') && line.includes(' → '))
    .map((line) => line.trim().replace(/\s+/g, ' '));
}
