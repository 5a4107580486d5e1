/** The product as a contender: whole runs through Temporal, in a worker process of its own. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Way } from '../../../src/contract/slice.ts';
import { listPollers } from '../../../src/checks/pollers.ts';
import { startRun, waitForRun } from '../../../src/runs/run.ts';
import { choosePort } from '../../services/ports.ts';
import { serviceFailure, spawnService } from '../../services/service-process.ts';
import { PRODUCT, type Contender } from '../contender.ts';
import type { Outcome } from '../results.ts';
import type { TableCopy } from '../templates.ts';

export const LONG_AGO = '2000-01-01T00:00:00Z';

interface ProductOptions {
  readonly name?: string;
  /** Leaves PostgreSQL's planner, which the product asks, no choice but this way. */
  readonly forced?: Way;
  /** Default: the copy's deadline. */
  readonly cutoff?: string;
  /** Measured runs for each start of a worker. */
  readonly runs?: number;
  /** Whether the worker has done a run before, as usual in production: its code is compiled. */
  readonly isWarm?: boolean;
  /** Lets the worker serve metrics, and reads them as Prometheus does. */
  readonly hasMetrics?: boolean;
}

/** Runs, each from the start of the workflow until the client has its result. */
export function product(options: ProductOptions = {}): Contender {
  const { name = PRODUCT, forced, cutoff, runs = 1, isWarm = true, hasMetrics = false } = options;
  return {
    name,
    run: async (copy, timed) => {
      if (forced !== undefined) await forceWay(copy, forced);
      const metrics = hasMetrics ? `127.0.0.1:${await choosePort()}` : undefined;
      const environment = metrics === undefined ? {} : { SESSION_CLEANUP_METRICS_ADDRESS: metrics };
      await using worker = await startWorker(copy, { environment });
      await using _ = metrics === undefined ? undefined : await scrape(metrics);
      const { pid, taskQueue } = worker;
      if (isWarm) await runOnce(copy, taskQueue, LONG_AGO);
      for (let run = 0; run < runs; run += 1) {
        await timed(() => runOnce(copy, taskQueue, cutoff ?? copy.deadline), { pid });
      }
    },
  };
}

/** The start of a worker, from the start of its process until it polls. */
export function workerStart(name: string, program?: string): Contender {
  return {
    name,
    run: async (copy, timed) => {
      await using stack = new AsyncDisposableStack();
      await timed(async () => {
        stack.use(await startWorker(copy, program === undefined ? {} : { program }));
        return {};
      });
    },
  };
}

/** Lets the product delete all expired rows beforehand, so that only what follows is timed. */
export function afterwards(contender: Contender, name = contender.name): Contender {
  return {
    name,
    run: async (copy, timed) => {
      await product().run(copy, async (work) => {
        await work();
      });
      await contender.run(copy, (work, options) => timed(work, { ...options, expectedRows: 0 }));
    },
  };
}

async function runOnce(copy: TableCopy, taskQueue: string, cutoff: string): Promise<Outcome> {
  const { client } = copy.servers;
  const outcome = await waitForRun(client, await startRun(client, taskQueue, { cutoff }));
  if (outcome.kind !== 'completed') {
    const message = 'message' in outcome ? `: ${outcome.message}` : '';
    throw new Error(`The run was ${outcome.kind}${message}`);
  }
  const [slice] = outcome.result.targets[0]?.slices ?? [];
  return { deleted: outcome.result.deletedCount, way: slice?.way, waits: slice?.waits };
}

async function forceWay({ servers, database }: TableCopy, way: Way): Promise<void> {
  const off = way === 'drain' ? ['enable_seqscan'] : ['enable_indexscan', 'enable_bitmapscan'];
  for (const setting of off) {
    await servers.execute(`alter database ${database} set ${setting} = off`);
  }
}

const POLLS_WITHIN_MILLISECONDS = 30_000;

/** Prometheus asks every 15 s or more by default. */
const SCRAPE_EVERY_MILLISECONDS = 1_000;

/** Waits until a worker has read its gauges, which it does once a minute, and reads its metrics until disposed of. */
async function scrape(address: string): Promise<AsyncDisposable> {
  const read = async (): Promise<string> => await (await fetch(`http://${address}/metrics`)).text();
  while (!(await read()).includes('session_cleanup_expired_rows_estimate')) await sleep(50);
  const stop = new AbortController();
  const scraping = (async () => {
    while (!stop.signal.aborted) {
      await read();
      const options = { signal: stop.signal };
      await sleep(SCRAPE_EVERY_MILLISECONDS, undefined, options).catch(() => undefined);
    }
  })();
  return {
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await scraping;
    },
  };
}

/** Starts a worker for the table and waits until Temporal lists it as a poller. */
async function startWorker(
  { servers, url, shape }: TableCopy,
  {
    program = servers.program,
    environment = {},
  }: {
    readonly program?: string;
    readonly environment?: NodeJS.ProcessEnv;
  } = {},
): Promise<AsyncDisposable & { readonly pid: number; readonly taskQueue: string }> {
  const taskQueue = `bench-${crypto.randomUUID()}`;
  const folder = path.join(servers.dataDirectory, 'worker');
  const file = path.join(folder, 'session-cleanup.yaml');
  if (shape.file !== undefined) {
    await mkdir(folder, { recursive: true });
    await writeFile(file, shape.file);
  }
  const service = await spawnService({
    name: 'The worker',
    program: process.execPath,
    args: [...servers.workerFlags, program, 'worker'],
    env: {
      ...withoutSettings(process.env),
      ...servers.temporalEnvironment,
      ...shape.environment,
      ...(shape.file === undefined ? {} : { SESSION_CLEANUP_CONFIG: file }),
      DATABASE_URL: url,
      SESSION_CLEANUP_TASK_QUEUE: taskQueue,
      SESSION_CLEANUP_SCHEDULE: 'off',
      ...environment,
    },
    logFile: path.join(folder, 'worker.log'),
    recordFile: path.join(folder, 'service.json'),
  });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => service.end({ signal: 'SIGTERM', timeoutMilliseconds: 10_000 }));
  const deadline = performance.now() + POLLS_WITHIN_MILLISECONDS;
  while ((await listPollers(servers.client, taskQueue)).length === 0) {
    if (service.hasExited() || performance.now() > deadline) {
      throw serviceFailure(service, 'did not begin to poll');
    }
    await sleep(5);
  }
  const owned = stack.move();
  return { pid: service.pid, taskQueue, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** The settings of the user's shell are for another database or server. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(SESSION_CLEANUP|TEMPORAL)_/.test(name)),
  );
}
