/** What the pictures show: one scene each, played with real runs. */
import { DEFAULT_TASK_QUEUE, SCHEDULE_ID } from '../../src/contract.ts';
import { createLogger } from '../../src/temporal/logging.ts';
import { waitForRun, type RunId } from '../../src/temporal/run.ts';
import { applySchedule } from '../../src/temporal/schedule-apply.ts';
import { backfillSchedule } from '../../src/temporal/schedule-backfill.ts';
import { defineSchedule } from '../../src/temporal/schedule-definition.ts';
import { triggerSchedule } from '../../src/temporal/schedule-trigger.ts';
import { SESSIONS, type Laboratory } from '../record-history/laboratory.ts';
import { until, untilAwaiting } from '../record-history/waiting.ts';
import type { Camera } from './camera.ts';

/** Plays a scene, and has the picture taken at the right moment. */
export type Scene = (
  laboratory: Laboratory,
  camera: Camera,
  takePicture: () => Promise<void>,
) => Promise<void>;

/** A run of many rows is met in the midst of its work. PostgreSQL sleeps for about two milliseconds. */
const SLOW_DELETIONS = `
  create function slow_down() returns trigger language plpgsql as
    $$ begin if random() < 0.1 then perform pg_sleep(0.001); end if; return old; end $$;
  create trigger slow_down before delete on sessions for each row execute function slow_down()`;

/** In a real table the expired rows lie among the live ones; what is left is estimated from that. */
const SHUFFLE = `
  create temporary table shuffled as select * from sessions order by random();
  truncate sessions;
  insert into sessions select * from shuffled;
  drop table shuffled`;

/** By the name of the picture's file. */
export const SCENES: Readonly<Record<string, Scene>> = {
  schedule: async (laboratory, camera, takePicture) => {
    await laboratory.fill(20_000);
    await using _ = await laboratory.startWorker();
    await applyWithRuns(laboratory);
    await camera.open(`schedules/${SCHEDULE_ID}`, SCHEDULE_ID);
    await camera.page.getByRole('heading', { name: 'Advanced Settings' }).waitFor();
    await camera.page.getByRole('list').getByText('Completed').first().waitFor();
    await takePicture();
  },

  backfill: async (laboratory, camera, takePicture) => {
    await apply(laboratory);
    await camera.open(`schedules/${SCHEDULE_ID}`, SCHEDULE_ID);
    await camera.page.getByRole('button', { name: 'Schedule Actions' }).click();
    await camera.page.getByRole('menuitem', { name: 'Backfill' }).click();
    const form = camera.page.getByRole('dialog').filter({ visible: true });
    await form.getByRole('radio', { name: 'Buffer All' }).check();
    await takePicture();
  },

  running: async (laboratory, camera, takePicture) => {
    await laboratory.fill(200_000);
    await laboratory.sql(SHUFFLE);
    await laboratory.sql('vacuum analyze sessions');
    await laboratory.sql(SLOW_DELETIONS);
    await using _ = await laboratory.startWorker();
    const run = await start(laboratory);
    // The run tells of a slice at work after ten seconds.
    await untilDetails(laboratory, run, 'deleting, ');
    await openMetadata(camera, run);
    await takePicture();
    await laboratory.client.workflow.getHandle(run.workflowId, run.runId).cancel();
    await waitForRun(laboratory.client, run);
  },

  finished: async (laboratory, camera, takePicture) => {
    await laboratory.fill(120_000);
    await using _ = await laboratory.startWorker();
    const run = await start(laboratory);
    await waitForRun(laboratory.client, run);
    await openRun(camera, run, 'timeline');
    const result = camera.page.getByRole('textbox', { name: 'Result', exact: true });
    await result.filter({ hasText: '"deletedCount": 120000' }).waitFor();
    await takePicture();
  },

  failed: async (laboratory, camera, takePicture) => {
    const targets = [{ ...SESSIONS, schema: 'auth', table: 'session' }];
    await using _ = await laboratory.startWorker({ targets });
    const run = await start(laboratory);
    await waitForRun(laboratory.client, run);
    await openMetadata(camera, run);
    await takePicture();
  },

  'awaiting-approval': async (laboratory, camera, takePicture) => {
    await laboratory.fill(5_000);
    await laboratory.sql('delete from sessions where expires_at > now()');
    await using _ = await laboratory.startWorker();
    const run = await start(laboratory);
    const handle = laboratory.client.workflow.getHandle(run.workflowId, run.runId);
    await untilAwaiting(handle);
    await openMetadata(camera, run);
    await takePicture();
    await handle.cancel();
    await waitForRun(laboratory.client, run);
  },
};

/** The schedule as `session-cleanup schedule apply` makes it. */
async function apply({ client }: Laboratory): Promise<void> {
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

/** The same, with runs of its slots of the last day. */
async function applyWithRuns(laboratory: Laboratory): Promise<void> {
  const { client } = laboratory;
  await apply(laboratory);
  const to = new Date();
  const from = new Date(to.getTime() - 24 * 3_600_000);
  const { slots } = await backfillSchedule(client, { from, to, overlap: 'buffer-all' });
  await until(
    async () =>
      (await client.workflow.count("ExecutionStatus = 'Completed'")).count >= slots.length,
  );
}

/** A run of the schedule, now. */
async function start(laboratory: Laboratory): Promise<RunId> {
  await apply(laboratory);
  const outcome = await triggerSchedule(laboratory.client);
  if (outcome.kind !== 'started') throw new Error(`The trigger was ${outcome.kind}.`);
  return outcome.run;
}

/** Waits until the run's current details tell that. */
async function untilDetails({ client }: Laboratory, run: RunId, words: string): Promise<void> {
  const handle = client.workflow.getHandle(run.workflowId, run.runId);
  await until(async () => {
    const metadata: unknown = await handle.query('__temporal_workflow_metadata');
    return JSON.stringify(metadata).includes(words);
  });
}

async function openRun(
  camera: Camera,
  { workflowId, runId }: RunId,
  tab: 'timeline' | 'user-metadata',
): Promise<void> {
  await camera.open(`workflows/${encodeURIComponent(workflowId)}/${runId}/${tab}`, workflowId);
}

/** Its summary, runbook and current details. */
async function openMetadata(camera: Camera, run: RunId): Promise<void> {
  await openRun(camera, run, 'user-metadata');
  const frames = camera.page.getByRole('main').locator('iframe');
  for (const index of [0, 1, 2]) {
    await frames.nth(index).contentFrame().locator('p, h2, table').first().waitFor();
  }
}
