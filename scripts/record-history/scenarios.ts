/** The runs whose histories are kept: one for each way that a run can go. */
import { randomUUID } from 'node:crypto';

import {
  ScheduleOverlapPolicy,
  type ScheduleHandle,
  type WorkflowHandle,
} from '@temporalio/client';

import {
  DEFAULT_TASK_QUEUE,
  PROGRESS_SIGNAL,
  SCHEDULE_ID,
  UPDATE,
  WORKFLOW_ID,
  WORKFLOW_TYPE,
} from '../../src/contract/names.ts';
import { SESSIONS, type RecordingEnvironment, type WorkerOptions } from './environment.ts';
import {
  ended,
  until,
  untilAttempt,
  untilAwaiting,
  untilContinued,
  untilDeleting,
  untilEvents,
  untilIdle,
} from './waiting.ts';

/** Something that happens to a run. Returns the run that the next steps concern where that is another one. */
type Step = (
  run: WorkflowHandle,
  environment: RecordingEnvironment,
) => Promise<WorkflowHandle | void>;

/** Without any of this: a run started by hand that deletes 1,000 sessions. */
interface Scenario {
  /** Expired sessions, and as many live ones. */
  readonly sessions?: number;
  readonly sql?: readonly string[];
  /** `later`: the steps start the workers. */
  readonly worker?: WorkerOptions | 'later';
  readonly start?: (environment: RecordingEnvironment) => Promise<WorkflowHandle>;
  readonly input?: unknown;
  readonly steps?: readonly Step[];
  /** The history is recorded while the run is working. */
  readonly isUnfinished?: true;
  /** History length at which the server advises to continue as new; thousands when left out. */
  readonly eventsBeforeNew?: number;
}

const SLOW = { deletion: { chunkMilliseconds: 10, rowsPerSecond: 20_000 } };
const SLOW_SLICES = { deletion: { ...SLOW.deletion, sliceSeconds: 1 } };
const LONG_RUN = { sessions: 50_000, worker: SLOW };
const TWICE = { targets: [SESSIONS, { ...SESSIONS, name: 'again' }] };
const GONE = { ...SESSIONS, name: 'gone', table: 'gone' };
const CODES = { ...SESSIONS, name: 'codes', table: 'codes' };
const ONLY_EXPIRED = { sessions: 2_000, sql: ['delete from sessions where expires_at > now()'] };

const cancel: Step = async (run) => void (await run.cancel());
const refuseConnections: Step = (_, environment) => environment.allowConnections(false);
const allowConnections: Step = (_, environment) => environment.allowConnections(true);
const pause = update(UPDATE.pause);
const resume = update(UPDATE.resume);

/** Ends while the next attempt is about 4 s away: time for an update, and for settling the count. */
const UNTIL_BETWEEN_ATTEMPTS = [
  untilDeleting,
  refuseConnections,
  untilAttempt(4),
  allowConnections,
];

/** By the name of the file that keeps the history. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  scheduled: { start: bySchedule('1s') },
  triggered: {
    start: bySchedule('6h', async (schedule) => {
      await schedule.trigger(ScheduleOverlapPolicy.SKIP);
    }),
  },
  backfilled: {
    start: bySchedule('6h', async (schedule) => {
      const end = new Date();
      const start = new Date(end.getTime() - 6 * 3_600_000);
      await schedule.backfill({ start, end, overlap: ScheduleOverlapPolicy.BUFFER_ALL });
    }),
  },
  'started-by-hand': {},
  'nothing-expired': { sessions: 0, input: {} },
  'several-slices': { sessions: 50_000, worker: SLOW_SLICES },
  'handed-over': {
    sessions: 40_000,
    worker: 'later',
    steps: [withWorker(SLOW, untilDeleting), withWorker({}, ended)],
  },
  'retried-after-a-failure': {
    worker: 'later',
    steps: [refuseConnections, withWorker({}, untilAttempt(3), allowConnections, ended)],
  },
  'dry-run': { input: { dryRun: true } },
  'given-cutoff': { input: { cutoff: '2026-01-31T07:30:00.123456+05:45' } },
  'two-targets': { worker: TWICE },
  'two-targets-one-failed': {
    worker: { targets: [GONE, SESSIONS] },
    input: { targets: ['gone', 'sessions'] },
  },
  failed: { sessions: 0, worker: { targets: [{ ...SESSIONS, table: 'gone' }] } },
  'failed-after-deleting': {
    ...LONG_RUN,
    steps: [untilDeleting, (_, its) => its.sql('alter table sessions rename to elsewhere')],
  },
  'refused-input': { sessions: 0, input: { dryrun: true } },
  'refused-target': { sessions: 0, input: { targets: ['sessions', 'sesions'] } },
  cancelled: { ...LONG_RUN, steps: [untilDeleting, cancel] },
  'cancelled-between-attempts': { ...LONG_RUN, steps: [...UNTIL_BETWEEN_ATTEMPTS, cancel] },
  'paused-between-attempts': {
    ...LONG_RUN,
    steps: [...UNTIL_BETWEEN_ATTEMPTS, pause, untilIdle, resume],
  },
  'unknown-to-a-later-worker': {
    sessions: 50_000,
    worker: 'later',
    steps: [
      withWorker(SLOW, ...UNTIL_BETWEEN_ATTEMPTS),
      withWorker({ targets: [{ ...SESSIONS, name: 'others' }] }, ended),
    ],
  },
  'two-targets-one-awaiting': {
    sql: [
      'create table codes (expires_at timestamptz)',
      "insert into codes select now() - interval '1 hour' from generate_series(1, 2000)",
    ],
    worker: { targets: [CODES, SESSIONS] },
    steps: [untilAwaiting, untilIdle, update(UPDATE.approve, { target: 'codes' })],
  },
  'cancelled-before-it-began': {
    sessions: 0,
    worker: 'later',
    steps: [cancel, withWorker({}, ended)],
  },
  'continued-as-new': {
    sessions: 70_000,
    worker: { ...SLOW_SLICES, ...TWICE },
    eventsBeforeNew: 12,
  },
  'paused-and-resumed': {
    ...LONG_RUN,
    steps: [untilDeleting, update(UPDATE.pause, { reason: 'Release day' }), untilIdle, resume],
  },
  'continued-while-paused': {
    ...LONG_RUN,
    eventsBeforeNew: 12,
    steps: [
      untilDeleting,
      pause,
      async (run, environment) => {
        const next = await untilContinued(run, environment);
        await untilIdle(next);
        await resume(next, environment);
      },
    ],
  },
  'paced-anew': {
    ...LONG_RUN,
    steps: [untilDeleting, update(UPDATE.setPace, { rowsPerSecond: null, lanes: 1 })],
  },
  approved: {
    ...ONLY_EXPIRED,
    steps: [untilAwaiting, update(UPDATE.approve, { target: 'sessions' })],
  },
  rejected: { ...ONLY_EXPIRED, steps: [untilAwaiting, update(UPDATE.reject)] },
  'cancelled-while-paused': { ...LONG_RUN, steps: [untilDeleting, pause, untilIdle, cancel] },
  'reset-after-progress': { ...LONG_RUN, steps: [untilDeleting, reportProgress, reset] },
  'still-working': {
    sessions: 50_000,
    worker: SLOW_SLICES,
    steps: [untilEvents(13)],
    isUnfinished: true,
  },
};

/** Runs a scenario and returns the run, with those that continue it as new. */
export async function runScenario(
  environment: RecordingEnvironment,
  { sessions = 1_000, sql = [], worker = {}, start, input, steps = [], isUnfinished }: Scenario,
): Promise<readonly WorkflowHandle[]> {
  await environment.fill(sessions);
  for (const statement of sql) await environment.sql(statement);
  await using _ = worker === 'later' ? undefined : await environment.startWorker(worker);
  const started = await (start?.(environment) ??
    startByHand(environment, ...(input === undefined ? [] : [input])));
  const run = await take(steps, started, environment);
  if (isUnfinished !== true) await ended(run);
  return await chainFrom(environment, run);
}

async function take(
  steps: readonly Step[],
  run: WorkflowHandle,
  environment: RecordingEnvironment,
): Promise<WorkflowHandle> {
  let current = run;
  for (const step of steps) current = (await step(current, environment)) ?? current;
  return current;
}

/** Takes these steps while a worker runs. */
function withWorker(options: WorkerOptions, ...steps: readonly Step[]): Step {
  return async (run, environment) => {
    await using _ = await environment.startWorker(options);
    return await take(steps, run, environment);
  };
}

function update(name: string, argument?: unknown): Step {
  return async (run) => {
    if (argument === undefined) await run.executeUpdate(name);
    else await run.executeUpdate<unknown, [unknown]>(name, { args: [argument] });
  };
}

async function startByHand(
  { client }: RecordingEnvironment,
  ...args: unknown[]
): Promise<WorkflowHandle> {
  const { firstExecutionRunId } = await client.workflow.start(WORKFLOW_TYPE, {
    workflowId: WORKFLOW_ID,
    taskQueue: DEFAULT_TASK_QUEUE,
    args,
  });
  // This run, and not the last of those that continue it.
  return client.workflow.getHandle(WORKFLOW_ID, firstExecutionRunId);
}

function bySchedule(
  every: '1s' | '6h',
  act?: (schedule: ScheduleHandle) => Promise<void>,
): (environment: RecordingEnvironment) => Promise<WorkflowHandle> {
  return async ({ client }) => {
    const schedule = await client.schedule.create({
      scheduleId: SCHEDULE_ID,
      spec: { intervals: [{ every }] },
      policies: { overlap: ScheduleOverlapPolicy.SKIP },
      ...(every === '1s' ? { state: { remainingActions: 1 } } : {}),
      action: {
        type: 'startWorkflow',
        workflowType: WORKFLOW_TYPE,
        workflowId: WORKFLOW_ID,
        taskQueue: DEFAULT_TASK_QUEUE,
      },
    });
    await act?.(schedule);
    let workflowId: string | undefined;
    await until(async () => {
      const [started] = (await schedule.describe()).info.recentActions;
      workflowId = started?.action.workflow.workflowId;
      return workflowId !== undefined;
    });
    return client.workflow.getHandle(workflowId ?? '');
  };
}

/** A run and all those that continue it, in order. */
async function chainFrom(
  environment: RecordingEnvironment,
  first: WorkflowHandle,
): Promise<readonly WorkflowHandle[]> {
  const { events } = await first.fetchHistory();
  const next = events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  if (!next) return [first];
  const continued = environment.client.workflow.getHandle(WORKFLOW_ID, next);
  return [first, ...(await chainFrom(environment, continued))];
}

/** As the activity does after ten seconds. A reset passes it on. */
async function reportProgress(run: WorkflowHandle): Promise<void> {
  const { runId } = await run.describe();
  const counts = { deletedCount: 1_000, skippedLocked: 0, rowsPerSecond: 500 };
  await run.signal(PROGRESS_SIGNAL, {
    target: 'sessions',
    slice: 0,
    way: 'sweep',
    ...counts,
    runId,
  });
}

/** Resets a run to its first task, and returns the run that begins there. */
async function reset(
  run: WorkflowHandle,
  { client }: RecordingEnvironment,
): Promise<WorkflowHandle> {
  const { workflowId } = run;
  const { runId } = await run.describe();
  const { events } = await run.fetchHistory();
  const firstTask = events?.find((event) => event.workflowTaskCompletedEventAttributes);
  const answer = await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId, runId },
    workflowTaskFinishEventId: firstTask?.eventId ?? null,
    requestId: randomUUID(),
    reason: 'To begin anew',
  });
  return client.workflow.getHandle(workflowId, answer.runId);
}
