import type { MikroORM } from '@mikro-orm/postgresql';
import { Worker } from '@temporalio/worker';
import type { NativeConnection, WorkerOptions } from '@temporalio/worker';

import { createCleanupActivities } from '../../activities/delete-expired-sessions.ts';
import type { Config } from '../config/config.ts';
import { workflowCode } from './workflow-code.ts';

/** What a worker needs; all of it belongs to the caller, who closes it after the worker has ended. */
export interface CleanupWorkerOptions {
  readonly config: Pick<Config, 'database' | 'deletion' | 'targets' | 'taskQueue'> &
    Partial<Pick<Config, 'schedule' | 'versioning'>>;
  readonly orm: MikroORM;
  readonly connection: NativeConnection;
  readonly namespace: string;
  /** Told by `temporal worker list` and in histories; process and host unless given. */
  readonly identity?: string;
}

/**
 * A run is one activity at a time. Two leave room for another run (a backfill) beside a slow one,
 * and keep the number of database connections small.
 */
export const ACTIVITIES_AT_ONCE = 2;

/**
 * After this time the worker stops waiting for its activities. They leave at their next chunk, well
 * within it; only a database that does not answer takes longer. The ledger keeps the count exact
 * even then.
 */
const LONGEST_SHUTDOWN = '8s';

/** Makes a worker that polls as soon as it is run. */
export async function createCleanupWorker(options: CleanupWorkerOptions): Promise<Worker> {
  const { config, orm, connection, namespace, identity } = options;
  return await Worker.create({
    connection,
    namespace,
    taskQueue: config.taskQueue,
    ...workflowCode(),
    activities: { ...createCleanupActivities({ orm, config }) },
    ...(identity === undefined ? {} : { identity }),
    ...versionOf(config.versioning),
    maxConcurrentActivityTaskExecutions: ACTIVITIES_AT_ONCE,
    maxConcurrentWorkflowTaskExecutions: 4,
    // A handful of runs a day: the default would reserve memory for hundreds.
    maxCachedWorkflows: 20,
    // A run whose worker has left is free for another one after this time; by default after 10 s.
    stickyQueueScheduleToStartTimeout: '2s',
    // Activities are told of a shutdown at once, finish their chunk and hand over the rest.
    shutdownGraceTime: 0,
    shutdownForceTime: LONGEST_SHUTDOWN,
    // Progress and cancellation travel by heartbeat; the default lets up to 8 s pass between two.
    maxHeartbeatThrottleInterval: '1s',
  });
}

/**
 * A run takes seconds, so it stays with the version that it began on; only a run that is long under
 * way keeps that version's workers needed.
 */
function versionOf(version: Config['versioning']): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  return version === undefined
    ? {}
    : {
        workerDeploymentOptions: {
          version,
          useWorkerVersioning: true,
          defaultVersioningBehavior: 'PINNED',
        },
      };
}
