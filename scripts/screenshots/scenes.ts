/** What the screenshots show: one scene each, with real runs. */
import type { Page } from 'playwright-core';

import type { TargetConfig } from '../../src/config/config.ts';
import { DEFAULT_TASK_QUEUE, SCHEDULE_ID } from '../../src/contract/names.ts';
import { createLogger } from '../../src/logging/logging.ts';
import { waitForRun, type RunId } from '../../src/runs/run.ts';
import { applySchedule } from '../../src/schedule/apply.ts';
import { backfillSchedule, triggerSchedule } from '../../src/schedule/start-runs.ts';
import { defineSchedule } from '../../src/schedule/definition.ts';
import { SESSIONS, type RecordingEnvironment } from '../record-history/environment.ts';
import { until, untilAwaiting } from '../record-history/waiting.ts';
import { DEFAULT_NAMESPACE } from '../services/temporal-server.ts';

/** Keeps a run going for long enough. PostgreSQL sleeps for about two milliseconds. */
const SLOW_DELETIONS = `
  create function slow_down() returns trigger language plpgsql as
    $$ begin if random() < 0.1 then perform pg_sleep(0.001); end if; return old; end $$;
  create trigger slow_down before delete on sessions for each row execute function slow_down()`;

/** Mixes expired and live rows, as in a real table; the estimate of the remaining rows relies on it. */
const SHUFFLE = `
  create temporary table shuffled as select * from sessions order by random();
  truncate sessions;
  insert into sessions select * from shuffled;
  drop table shuffled`;

/** By the scene, the worker's targets where they are not the usual one. */
export const TARGETS: Readonly<Record<string, readonly TargetConfig[]>> = {
  failed: [{ ...SESSIONS, schema: 'auth', table: 'session' }],
};

/** By the name of the screenshot's file: what brings the page into view. */
export const SCENES: Readonly<
  Record<string, (environment: RecordingEnvironment, page: Page) => Promise<void>>
> = {
  schedule: async (environment, page) => {
    await environment.fill(20_000);
    await apply(environment);
    const { client } = environment;
    const to = new Date();
    const from = new Date(to.getTime() - 24 * 3_600_000);
    const { slots } = await backfillSchedule(client, { from, to, overlap: 'buffer-all' });
    const query = "ExecutionStatus = 'Completed'";
    await until(async () => (await client.workflow.count(query)).count >= slots.length);
    await open(page, `schedules/${SCHEDULE_ID}`, SCHEDULE_ID);
    await page.getByRole('heading', { name: 'Advanced Settings' }).waitFor();
    await page.getByRole('list').getByText('Completed').first().waitFor();
  },

  backfill: async (environment, page) => {
    await apply(environment);
    await open(page, `schedules/${SCHEDULE_ID}`, SCHEDULE_ID);
    await page.getByRole('button', { name: 'Schedule Actions' }).click();
    await page.getByRole('menuitem', { name: 'Backfill' }).click();
    const form = page.getByRole('dialog').filter({ visible: true });
    await form.getByRole('radio', { name: 'Buffer All' }).check();
  },

  running: async (environment, page) => {
    await environment.fill(200_000);
    for (const sql of [SHUFFLE, 'vacuum analyze sessions', SLOW_DELETIONS]) {
      await environment.sql(sql);
    }
    const run = await start(environment);
    const handle = environment.client.workflow.getHandle(run.workflowId, run.runId);
    // The run reports on a slice after ten seconds.
    await until(async () => {
      const metadata: unknown = await handle.query('__temporal_workflow_metadata');
      return JSON.stringify(metadata).includes('deleting, ');
    });
    await openMetadata(page, run);
  },

  finished: async (environment, page) => {
    await environment.fill(120_000);
    const run = await start(environment);
    await waitForRun(environment.client, run);
    await openRun(page, run, 'timeline');
    const result = page.getByRole('textbox', { name: 'Result', exact: true });
    await result.filter({ hasText: '"deletedCount": 120000' }).waitFor();
  },

  failed: async (environment, page) => {
    const run = await start(environment);
    await waitForRun(environment.client, run);
    await openMetadata(page, run);
  },

  'awaiting-approval': async (environment, page) => {
    await environment.fill(5_000);
    await environment.sql('delete from sessions where expires_at > now()');
    const run = await start(environment);
    await untilAwaiting(environment.client.workflow.getHandle(run.workflowId, run.runId));
    await openMetadata(page, run);
  },
};

/** Creates the schedule as `session-cleanup schedule apply` does. */
async function apply({ client }: RecordingEnvironment): Promise<void> {
  const config = {
    schedule: {
      scheduleId: SCHEDULE_ID,
      intervalSeconds: 21_600,
      offsetSeconds: 0,
      atWorkerStart: 'apply',
    },
    taskQueue: DEFAULT_TASK_QUEUE,
  } as const;
  await applySchedule(client, defineSchedule(config), createLogger('silent', process.stdout));
}

async function start(environment: RecordingEnvironment): Promise<RunId> {
  await apply(environment);
  const outcome = await triggerSchedule(environment.client);
  if (outcome.kind !== 'started') throw new Error(`The trigger was ${outcome.kind}.`);
  return outcome.run;
}

/** Opens a page of the Web UI, and waits for its heading. */
async function open(page: Page, place: string, heading: string): Promise<void> {
  await page.goto(`/namespaces/${DEFAULT_NAMESPACE}/${place}`);
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
  await page.getByRole('button', { name: 'Collapse Navigation' }).click();
}

async function openRun(page: Page, { workflowId, runId }: RunId, tab: string): Promise<void> {
  await open(page, `workflows/${encodeURIComponent(workflowId)}/${runId}/${tab}`, workflowId);
}

/** Opens a run's summary, runbook and current details. */
async function openMetadata(page: Page, run: RunId): Promise<void> {
  await openRun(page, run, 'user-metadata');
  const frames = page.getByRole('main').locator('iframe');
  for (const index of [0, 1, 2]) {
    await frames.nth(index).contentFrame().locator('p, h2, table').first().waitFor();
  }
}
