/** The real workflow, activities and database together: what a deployment runs. */
import { randomUUID } from 'node:crypto';

import type { WorkflowHandleWithFirstExecutionRunId } from '@temporalio/client';
import type { Worker } from '@temporalio/worker';

import type { DeletionSettings, ScheduleSettings, TargetConfig } from '../../src/config/config.ts';
import { WORKFLOW_TYPE } from '../../src/contract/names.ts';
import { createOrm } from '../../src/database/orm.ts';
import { createCleanupWorker } from '../../src/worker/worker.ts';
import type { sessionCleanup } from '../../workflows/index.ts';
import { TEST_DATABASE_SETTINGS, TEST_DELETION, TEST_TARGET } from './settings.ts';
import type { TestDatabase } from './test-database.ts';
import type { TestTemporal } from './test-namespace.ts';

/** A run of the workflow, as the client sees it. */
export type RealRun = WorkflowHandleWithFirstExecutionRunId<typeof sessionCleanup>;

/** What differs from the usual configuration. */
export interface RealWorkerOptions {
  readonly targets?: readonly TargetConfig[];
  readonly deletion?: Partial<DeletionSettings>;
  readonly schedule?: ScheduleSettings;
}

/** A worker that runs until it is stopped or goes out of scope. */
export interface RealWorker extends AsyncDisposable {
  readonly worker: Worker;
  /** Shuts down as on SIGTERM, and returns when nothing is left of it. */
  stop(): Promise<void>;
}

/** Starts a worker on the test's task queue and database. */
export async function startRealWorker(
  temporal: TestTemporal,
  database: TestDatabase,
  options: RealWorkerOptions = {},
): Promise<RealWorker> {
  const targets = options.targets ?? [TEST_TARGET];
  const deletion = { ...TEST_DELETION, ...options.deletion };
  const settings = { ...TEST_DATABASE_SETTINGS, url: database.url };
  const orm = createOrm(settings, targets, deletion);
  const worker = await createCleanupWorker({
    config: {
      database: settings,
      deletion,
      targets,
      taskQueue: temporal.taskQueue,
      ...(options.schedule === undefined ? {} : { schedule: options.schedule }),
    },
    orm,
    connection: await temporal.connectWorker(),
    namespace: temporal.namespace,
    identity: 'worker',
  });
  const ended = worker.run();
  // `stop` reports its failure; until then an unhandled rejection must not end the process.
  ended.catch(() => undefined);
  const stop = async (): Promise<void> => {
    if (worker.getState() === 'RUNNING') worker.shutdown();
    try {
      await ended;
    } finally {
      await orm.close(true);
    }
  };
  return { worker, stop, [Symbol.asyncDispose]: stop };
}

/** Starts the workflow with exactly these arguments. */
export async function startRealRun(temporal: TestTemporal, ...args: unknown[]): Promise<RealRun> {
  return await temporal.client.workflow.start(WORKFLOW_TYPE, {
    workflowId: `run-${randomUUID()}`,
    taskQueue: temporal.taskQueue,
    args,
  });
}
