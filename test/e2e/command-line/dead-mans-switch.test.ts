import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'vitest';
import { z } from 'zod';

import { SCHEDULE_ID } from '../../../src/contract/names.ts';
import type { CommandEnd } from '../../cli/command-process.ts';
import { fakeTime, whyNoFakeTime } from '../../support/fake-time.ts';
import { test } from '../../support/fixtures.ts';
import { countSessions, fillSessions } from '../../support/sessions.ts';
import { temporalCli } from '../../support/temporal-cli.ts';
import type { TestTemporal } from '../../support/test-namespace.ts';
import { startWorker } from '../../support/worker-process.ts';
import { sessionCleanup, sessionCleanupJson } from '../support/our-command.ts';
import { untilSchedule } from '../support/scheduled-runs.ts';

const ID = ['--schedule-id', SCHEDULE_ID];

/** The part of `temporal schedule describe` by which a person takes it for healthy. */
const DESCRIBED = z.object({
  schedule: z.object({ state: z.object({ paused: z.boolean().optional() }) }),
  info: z.object({ futureActionTimes: z.array(z.string()) }),
});

test('the age of the last success reveals missing runs', async ({ database, temporal, skip }) => {
  const missing = whyNoFakeTime();
  if (missing !== undefined) return skip(missing);
  const stage = { database, temporal };
  await fillSessions(database, { expired: 400, live: 100 });
  await using _worker = await startWorker({ databaseUrl: database.url, temporal });
  await createSchedule(temporal, '--interval', '2s', '--paused');
  // Slots to come that are backfilled are exhausted: when their time comes, the server starts nothing.
  await temporalCli(
    temporal,
    ...['schedule', 'backfill', ...ID, '--overlap-policy', 'AllowAll'],
    ...['--start-time', new Date().toISOString()],
    ...['--end-time', new Date(Date.now() + 60_000).toISOString()],
  );
  const { startedRuns } = await untilSchedule(stage, (state) => {
    expect(state.startedRuns).toBeGreaterThanOrEqual(29);
  });
  await expect
    .poll(async () => await openRuns(temporal), { timeout: 30_000, interval: 100 })
    .toBe(0);
  expect(await countSessions(database)).toEqual({ expired: 0, live: 100 });
  await temporalCli(temporal, 'schedule', 'toggle', ...ID, '--unpause', '--reason', 'done');
  await fillSessions(database, { expired: 50, live: 0 });
  // Two slots pass.
  await sleep(4_100);
  expect(await countSessions(database)).toEqual({ expired: 50, live: 100 });
  const { schedule, info } = DESCRIBED.parse(
    JSON.parse(await temporalCli(temporal, 'schedule', 'describe', ...ID, '-o', 'json')),
  );
  expect(schedule.state.paused ?? false).toBe(false);
  expect(info.futureActionTimes.length).toBeGreaterThan(1);

  const status = await sessionCleanup(stage, ['status']);
  expect(status.stdout).toMatch(/^Schedule session_cleanup {2}every 2 s, active\n {2}next +20/);
  expect(status.stdout).toContain(`${startedRuns} started, 0 skipped`);
  expect(status.stdout).toMatch(/^ {2}sessions +50 /m);

  const at = async (clock: string): Promise<CommandEnd> =>
    await sessionCleanup(stage, ['status', '--max-age', '13h'], fakeTime(clock));
  expect((await at('+12h')).exitCode).toBe(0);
  const late = await at('+14h');
  expect(late.exitCode).toBe(1);
  expect(late.stdout).toMatch(
    /^Last success\n {2}sessions: cleaned up to .*, 14 h ago, longer ago than --max-age allows /m,
  );
});

test('a schedule without remaining actions is reported', async ({ database, temporal }) => {
  const stage = { database, temporal };
  await createSchedule(temporal, '--interval', '1s', '--remaining-actions', '1');
  await untilSchedule(stage, ({ remainingActions }) => {
    expect(remainingActions).toBe(0);
  });
  const { stdout } = await sessionCleanup(stage, ['schedule', 'describe']);
  expect(stdout).toMatch(/^Schedule session_cleanup {2}every 1 s, exhausted\n {2}next +none: /);
  expect(stdout).toMatch(/^ {2}remaining +0 more runs$/m);
});

test('failing runs of a schedule are detected with the reason', async ({ database, temporal }) => {
  const stage = { database, temporal };
  await fillSessions(database, { expired: 400, live: 100 });
  const settings = { SCHEDULE: 'apply', INTERVAL: '1s', TABLE: 'auth.session' };
  await using _worker = await startWorker({ databaseUrl: database.url, temporal, settings });
  await untilSchedule(stage, ({ startedRuns, running }) => {
    expect(startedRuns).toBeGreaterThan(1);
    expect(running).toEqual([]);
  });

  await expect
    .poll(async () => await sessionCleanup(stage, ['status', '--max-age', '13h']), {
      timeout: 20_000,
    })
    .toMatchObject({
      exitCode: 1,
      stdout: expect.stringMatching(
        /^Schedule session_cleanup {2}every 1 s, active\n[^]*\nLast success\n {2}sessions: no success among the runs that Temporal retains\n.* it failed \(NoTable\): [^]* {2}failed [^]*Set SESSION_CLEANUP_TABLE/,
      ),
    });
  expect(await countSessions(database)).toEqual({ expired: 400, live: 100 });
  expect(await sessionCleanupJson(stage, ['status', '--max-age', '13h'])).toMatchObject({
    exitCode: 1,
    result: {
      overdue: true,
      overdueTargets: ['sessions'],
      lastSuccess: { ok: true, content: [{ target: 'sessions', success: null }] },
      targets: null,
    },
  });
});

async function createSchedule(temporal: TestTemporal, ...times: readonly string[]): Promise<void> {
  await temporalCli(
    temporal,
    ...[
      'schedule',
      'create',
      ...ID,
      '--type',
      'sessionCleanup',
      '--workflow-id',
      'session_cleanup',
    ],
    ...['--task-queue', temporal.taskQueue, ...times],
  );
}

async function openRuns({ client }: TestTemporal): Promise<number> {
  return (await client.workflow.count("ExecutionStatus = 'Running'")).count;
}
