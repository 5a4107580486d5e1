import type { MikroORM } from '@mikro-orm/postgresql';
import { Worker, type NativeConnection, type WorkerOptions } from '@temporalio/worker';

import { createCleanupActivities } from '../../activities/delete-expired-sessions.ts';
import type { Config } from '../config/config.ts';
import { workflowCode } from './workflow-code.ts';

/** What a worker needs. The caller owns it, and closes it after the worker has ended. */
export interface CleanupWorkerOptions {
  readonly config: Pick<Config, 'database' | 'deletion' | 'targets' | 'taskQueue'> &
    Partial<Pick<Config, 'schedule' | 'versioning'>>;
  /** Made by `createOrm`. */
  readonly orm: MikroORM;
  readonly connection: NativeConnection;
  readonly namespace: string;
  /** Shown by `temporal worker list` and in histories; default: process and host. */
  readonly identity?: string;
  /** Codecs of the payloads; a payload converter would have to be part of the bundle. */
  readonly dataConverter?: Pick<NonNullable<WorkerOptions['dataConverter']>, 'payloadCodecs'>;
}

/** One per run, so that a backfill can run beside a slow run with few database connections. */
export const ACTIVITIES_AT_ONCE = 2;

/**
 * Time that activities have to end at a shutdown. They end after their current chunk, well within it,
 * unless the database does not answer; the ledger keeps the count exact even then.
 */
const LONGEST_SHUTDOWN = '8s';

/** Creates a worker that polls as soon as it is run. */
export async function createCleanupWorker(options: CleanupWorkerOptions): Promise<Worker> {
  const { config, orm, connection, namespace, identity, dataConverter } = options;
  return await Worker.create({
    connection,
    namespace,
    taskQueue: config.taskQueue,
    ...workflowCode(),
    activities: { ...createCleanupActivities({ orm, config }) },
    ...(identity === undefined ? {} : { identity }),
    ...(dataConverter === undefined ? {} : { dataConverter }),
    // A run stays with the version that it started on: it takes seconds, so old workers can soon stop.
    ...(config.versioning !== undefined && {
      workerDeploymentOptions: {
        version: config.versioning,
        useWorkerVersioning: true,
        defaultVersioningBehavior: 'PINNED' as const,
      },
    }),
    maxConcurrentActivityTaskExecutions: ACTIVITIES_AT_ONCE,
    maxConcurrentWorkflowTaskExecutions: 4,
    // A few runs a day: the default would reserve memory for hundreds.
    maxCachedWorkflows: 20,
    // Another worker takes over the runs of one that has stopped after this time; default: 10 s.
    stickyQueueScheduleToStartTimeout: '2s',
    // Activities are notified of a shutdown at once, finish their chunk and hand over the rest.
    shutdownGraceTime: 0,
    shutdownForceTime: LONGEST_SHUTDOWN,
    // Heartbeats carry progress and cancellation; by default up to 8 s pass between two.
    maxHeartbeatThrottleInterval: '1s',
  });
}

/** Runs a worker until `stop` is aborted, even before the worker is ready. */
export async function runUntil(worker: Worker, stop: AbortSignal): Promise<void> {
  const shutDown = (): void => {
    if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const ended = worker.run();
  stop.addEventListener('abort', shutDown, { once: true });
  if (stop.aborted) shutDown();
  await ended;
}
