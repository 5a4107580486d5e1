/** The real activities on a real database, called as a worker calls them, without Temporal. */
import { randomUUID } from 'node:crypto';

import type { Info } from '@temporalio/activity';
import { ActivityCancellationDetails, ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';

import { createCleanupActivities } from '../../activities/delete-expired-sessions.ts';
import type { DeletionSettings, TargetConfig } from '../../src/config/config.ts';
import type { PlanRequest, RunPlan } from '../../src/contract/run.ts';
import type {
  SettledSlice,
  SettleRequest,
  SliceProgress,
  SliceRequest,
  SliceResult,
} from '../../src/contract/slice.ts';
import { createOrm } from '../../src/database/orm.ts';
import { TEST_DATABASE_SETTINGS, TEST_DELETION, TEST_TARGET } from './settings.ts';

/** What differs from the usual configuration. */
export interface Overrides {
  readonly targets?: readonly TargetConfig[];
  readonly deletion?: Partial<DeletionSettings>;
}

/** Reasons for which the server, or the worker, ends an activity. */
export type Ending =
  'cancelRequested' | 'paused' | 'reset' | 'timedOut' | 'notFound' | 'workerShutdown';

/** One attempt at the activity. */
export interface Attempt {
  readonly result: Promise<SliceResult>;
  /** Everything it has heartbeated so far. */
  readonly heartbeats: readonly SliceProgress[];
  end(reason: Ending): void;
}

/** The activities on one database. */
export interface MockedActivities extends AsyncDisposable {
  readonly runId: string;
  /** Starts an attempt; `onHeartbeat` is called after each chunk. */
  attempt(
    request: Partial<SliceRequest>,
    info?: Partial<Info>,
    onHeartbeat?: (end: Attempt['end']) => void,
  ): Attempt;
  settle(request: Partial<SettleRequest>): Promise<SettledSlice>;
  plan(request: PlanRequest): Promise<RunPlan>;
}

/** Opens the activities on a database; `await using` closes their connections. */
export function openActivities(url: string, overrides: Overrides = {}): MockedActivities {
  const targets = overrides.targets ?? [TEST_TARGET];
  const deletion = { ...TEST_DELETION, ...overrides.deletion };
  const orm = createOrm({ ...TEST_DATABASE_SETTINGS, url }, targets, deletion);
  const config = { targets, deletion, database: TEST_DATABASE_SETTINGS };
  const activities = createCleanupActivities({ orm, config });
  const runId = randomUUID();
  const environment = (info: Partial<Info>): MockActivityEnvironment =>
    new MockActivityEnvironment(
      { workflowExecution: { workflowId: 'test', runId }, ...info },
      { logger: new DefaultLogger('ERROR') },
    );
  return {
    runId,
    attempt(request, info = {}, onHeartbeat) {
      const mock = environment(info);
      const heartbeats: SliceProgress[] = [];
      const end = (reason: Ending): void => {
        const details = new ActivityCancellationDetails({ [reason]: true });
        mock.cancel(reason === 'workerShutdown' ? 'WORKER_SHUTDOWN' : 'CANCELLED', details);
      };
      mock.on('heartbeat', (progress: SliceProgress | undefined) => {
        // The first one only reports the start of the attempt.
        if (progress === undefined) return;
        heartbeats.push(progress);
        onHeartbeat?.(end);
      });
      const deleteExpiredSessions = async (): Promise<SliceResult> =>
        await activities.deleteExpiredSessions(complete(request));
      const result: Promise<SliceResult> = mock.run(deleteExpiredSessions);
      // A later `await` still rejects.
      result.catch(() => undefined);
      return { heartbeats, end, result };
    },
    async settle(request) {
      const settleSlice = async (): Promise<SettledSlice> =>
        await activities.settleSlice({ target: TEST_TARGET.name, slice: 0, ...request });
      return await environment({}).run(settleSlice);
    },
    plan: async (request) => await environment({}).run(() => activities.planRun(request)),
    async [Symbol.asyncDispose]() {
      await orm.close(true);
    },
  };
}

/** The failure that a call ends with; it must end with one. */
export async function failureOf(call: Promise<unknown>): Promise<ApplicationFailure> {
  const error: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ApplicationFailure) return error;
  throw new Error('The activity did not fail as it should.', { cause: error });
}

function complete(request: Partial<SliceRequest>): SliceRequest {
  return { target: TEST_TARGET.name, cutoff: new Date().toISOString(), slice: 0, ...request };
}
