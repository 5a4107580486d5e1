/** A worker of the product, as a process of its own: the very command that runs in production. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { listPollers } from '../../src/temporal/pollers.ts';
import { serviceFailure, spawnService, type ServiceProcess } from '../services/service-process.ts';
import type { BenchServers } from './servers.ts';

/** A worker that polls. */
export interface BenchWorker extends AsyncDisposable {
  readonly pid: number;
  readonly taskQueue: string;
  /** From the start of the process until it polled. */
  readonly startSeconds: number;
}

const POLLS_WITHIN_MILLISECONDS = 30_000;

/** Starts a worker and waits until Temporal knows it as a poller. */
export async function startWorker(
  servers: BenchServers,
  options: {
    readonly url: string;
    readonly environment?: Readonly<Record<string, string>>;
    /** Flags for Node, such as `--cpu-prof`. */
    readonly nodeFlags?: readonly string[];
  },
): Promise<BenchWorker> {
  const taskQueue = `bench-${crypto.randomUUID()}`;
  const folder = path.join(servers.dataDirectory, 'worker');
  const began = performance.now();
  const service = await spawnService({
    name: 'The worker',
    program: process.execPath,
    args: [...(options.nodeFlags ?? []), servers.program, 'worker'],
    env: {
      ...withoutSettings(process.env),
      ...servers.temporalEnvironment,
      ...options.environment,
      DATABASE_URL: options.url,
      SESSION_CLEANUP_TASK_QUEUE: taskQueue,
      SESSION_CLEANUP_SCHEDULE: 'off',
    },
    logFile: path.join(folder, 'worker.log'),
    recordFile: path.join(folder, 'service.json'),
  });
  const end = (): Promise<void> => service.end({ gently: 'SIGTERM', patienceMilliseconds: 10_000 });
  try {
    await untilPolling(servers, service, taskQueue);
  } catch (error) {
    await end();
    throw error;
  }
  const startSeconds = (performance.now() - began) / 1_000;
  return { pid: service.pid, taskQueue, startSeconds, [Symbol.asyncDispose]: end };
}

async function untilPolling(
  servers: BenchServers,
  service: ServiceProcess,
  taskQueue: string,
): Promise<void> {
  const deadline = performance.now() + POLLS_WITHIN_MILLISECONDS;
  while (!service.hasExited() && performance.now() < deadline) {
    if ((await listPollers(servers.client, taskQueue)).length > 0) return;
    await sleep(5);
  }
  throw serviceFailure(service, 'did not begin to poll');
}

/** What the user's shell says about another database or server is not meant here. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => !name.startsWith('SESSION_CLEANUP_') && !name.startsWith('TEMPORAL_'),
    ),
  );
}
