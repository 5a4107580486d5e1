import { describe, expect } from 'vitest';
import { z } from 'zod';

import { SCHEDULE_ID } from '../../../src/contract/names.ts';
import { describeSchedule } from '../../../src/schedule/schedule.ts';
import { test as base } from '../../support/fixtures.ts';
import { temporalCli } from '../../support/temporal-cli.ts';
import { startWorker, type LogLine } from '../../support/worker-process.ts';
import { sessionCleanup } from '../support/our-command.ts';
import type { Stage } from '../support/scheduled-runs.ts';

const ID = ['--schedule-id', SCHEDULE_ID];

/** A schedule that was applied once, and has since been in the hands of an operator. */
const test = base.extend('stage', async ({ database, temporal }): Promise<Stage> => {
  const stage = { database, temporal };
  await sessionCleanup(stage, ['schedule', 'apply']);
  await temporalCli(
    temporal,
    ...['schedule', 'update', ...ID, '--interval', '30m', '--overlap-policy', 'BufferAll'],
    ...[
      '--type',
      'sessionCleanup',
      '--workflow-id',
      'session_cleanup',
      '--input',
      '{"dryRun":true}',
    ],
    ...['--task-queue', temporal.taskQueue, '--catchup-window', '1d', '--remaining-actions', '5'],
  );
  await temporalCli(temporal, 'schedule', 'toggle', ...ID, '--pause', '--reason', 'by Ann');
  return stage;
});

/** State of the operator that the configuration does not set. */
const KEPT = {
  state: { paused: true, notes: 'by Ann', limitedActions: true, remainingActions: '5' },
};

/** What the operator changed that the configuration decides. */
const REPAIRED = [
  { field: 'interval', found: 'every 30m', wanted: 'every 6h' },
  { field: 'input', found: '{"dryRun":true}', wanted: '{}' },
  { field: 'summary', found: 'none', wanted: 'Deletes expired sessions' },
  { field: 'details', found: 'none', wanted: 'the runbook' },
  { field: 'overlap policy', found: 'BUFFER_ALL', wanted: 'SKIP' },
];

const AS_CHANGED = {
  ...KEPT,
  spec: { interval: [{ interval: '1800s' }] },
  policies: { overlapPolicy: 'SCHEDULE_OVERLAP_POLICY_BUFFER_ALL' },
};

describe('a worker that starts', () => {
  test('with apply repairs interval, policy and action, keeps the rest', async ({ stage }) => {
    const log = await logOfStart(stage, { SCHEDULE: 'apply' });

    expect(aboutSchedule(log)).toEqual([
      expect.objectContaining({
        msg: 'session_cleanup_scheduled',
        interval_seconds: 21_600,
        outcome: 'updated',
        differences: REPAIRED,
      }),
    ]);
    expect(await described(stage)).toMatchObject({
      ...KEPT,
      spec: { interval: [{ interval: '21600s' }] },
      policies: { overlapPolicy: 'SCHEDULE_OVERLAP_POLICY_SKIP' },
    });
    expect(await describeSchedule(stage.temporal.client)).toMatchObject({ input: [{}] });
    // There is nothing left for the next one.
    expect(aboutSchedule(await logOfStart(stage, { SCHEDULE: 'apply' }))).toEqual([
      expect.objectContaining({ msg: 'session_cleanup_scheduled', outcome: 'unchanged' }),
    ]);
  });

  test('with check reports the same differences and changes nothing', async ({ stage }) => {
    const log = await logOfStart(stage, { SCHEDULE: 'check' });

    expect(aboutSchedule(log)).toEqual([
      expect.objectContaining({
        msg: 'session_cleanup_schedule_differs',
        kind: 'different',
        differences: REPAIRED,
      }),
    ]);
    expect(await described(stage)).toMatchObject(AS_CHANGED);
  });

  test('with off reports nothing and changes nothing', async ({ stage }) => {
    expect(aboutSchedule(await logOfStart(stage, { SCHEDULE: 'off' }))).toEqual([]);
    expect(await described(stage)).toMatchObject(AS_CHANGED);
  });
});

/** What a worker logs from its start until it polls. */
async function logOfStart(
  { database, temporal }: Stage,
  settings: Readonly<Record<string, string>>,
): Promise<readonly LogLine[]> {
  await using worker = await startWorker({ databaseUrl: database.url, temporal, settings });
  return worker.log();
}

function aboutSchedule(log: readonly LogLine[]): readonly LogLine[] {
  return log.filter(({ msg }) => String(msg).startsWith('session_cleanup_schedule'));
}

/** The schedule as the temporal command shows it. */
async function described({ temporal }: Stage): Promise<unknown> {
  const shown = await temporalCli(temporal, 'schedule', 'describe', ...ID, '-o', 'json');
  return z.object({ schedule: z.unknown() }).parse(JSON.parse(shown)).schedule;
}
