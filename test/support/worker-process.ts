/** A worker as a process of its own, which can be killed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What a worker is started with. */
export interface WorkerProcessOptions {
  readonly databaseUrl: string;
  readonly temporal: {
    readonly address: string;
    readonly namespace: string;
    readonly taskQueue: string;
  };
  /** Settings of the program by their name without `SESSION_CLEANUP_`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The file to run; left out: the checkout's. */
  readonly program?: string;
  /** Further variables, such as `LD_PRELOAD`. */
  readonly env?: Readonly<Record<string, string>>;
}

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A line of the worker's log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** A worker that polls. Disposing of it kills it, frozen or not. */
export interface WorkerProcess extends AsyncDisposable {
  readonly pid: number;
  readonly ended: Promise<ProcessEnd>;
  /** Sends a signal; nothing happens when the process is gone. */
  signal(signal: NodeJS.Signals): void;
  /** Kills it by SIGKILL and returns once it is gone. */
  kill(): Promise<void>;
  /** What it has logged so far. */
  log(): readonly LogLine[];
}

/** Workers of one kind. Disposing of it kills those that are still there. */
export interface WorkerCrew extends AsyncDisposable {
  /** Starts another one. */
  start(): Promise<WorkerProcess>;
}

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** The event that a worker logs when it is about to poll. */
const STARTED = 'session_cleanup_worker_started';

/** For tests that need several workers, one after the other or at once. */
export function workerCrew(options: WorkerProcessOptions): WorkerCrew {
  const workers: WorkerProcess[] = [];
  return {
    start: async () => {
      const worker = await startWorker(options);
      workers.push(worker);
      return worker;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(workers.map((worker) => worker.kill()));
    },
  };
}

/**
 * Starts `session-cleanup worker` and returns when it is ready to poll. It leaves the schedule alone
 * unless the settings say otherwise.
 * @throws Error with its output when it ends before that.
 */
export async function startWorker(options: WorkerProcessOptions): Promise<WorkerProcess> {
  const child = spawn(process.execPath, [options.program ?? CLI, 'worker'], {
    env: environmentOf(options),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const started = Promise.withResolvers<void>();
  const read = (chunk: Buffer): void => {
    output += chunk.toString();
    if (output.includes(STARTED)) started.resolve();
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once('close', (code, signal) => {
      resolve({ code, signal });
    });
  });
  const { pid } = child;
  if (pid === undefined) throw await once(child, 'error').then(([error]) => error as unknown);
  await Promise.race([started.promise, ended]);
  if (!output.includes(STARTED)) throw new Error(`The worker did not start:\n${output}`);

  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await ended;
  };
  return {
    pid,
    ended,
    signal: (signal) => {
      child.kill(signal);
    },
    kill,
    log: () => output.split('\n').flatMap(parseLine),
    [Symbol.asyncDispose]: kill,
  };
}

/** Nothing of our own environment decides what the worker does. */
function environmentOf({ databaseUrl, temporal, settings = {}, env = {} }: WorkerProcessOptions) {
  return {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    TEMPORAL_CONFIG_FILE: '/dev/null',
    SESSION_CLEANUP_TASK_QUEUE: temporal.taskQueue,
    SESSION_CLEANUP_SCHEDULE: 'off',
    // Tests look into the database all the time.
    SESSION_CLEANUP_LANES_WHEN_BUSY: '16',
    ...Object.fromEntries(
      Object.entries(settings).map(([name, value]) => [`SESSION_CLEANUP_${name}`, value]),
    ),
    ...env,
  };
}

/** Lines that are no JSON come from elsewhere, such as a warning of Node. */
function parseLine(line: string): readonly LogLine[] {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === 'object' && parsed !== null ? [{ ...parsed }] : [];
  } catch {
    return [];
  }
}
