/** The servers of the development environment, given by the environment or started, and its worker. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import pg from 'pg';

import { CommandFailure, InputError } from '../../src/cli/errors.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { loadTemporalSettings } from '../../src/temporal/connection-settings.ts';
import { choosePort, LOOPBACK, type PortWish } from '../services/ports.ts';
import { startPostgres } from '../services/postgres-server.ts';
import type { StopSteps } from '../services/process-identity.ts';
import { spawnService, unexpectedExit, type ServiceProcess } from '../services/service-process.ts';
import { RECORD_FILE, stopLeftover } from '../services/service-record.ts';
import { findTemporalCli } from '../services/temporal-cli.ts';
import { DEFAULT_NAMESPACE, startTemporal } from '../services/temporal-server.ts';
import type { DevOptions } from './options.ts';

/** Both servers. Disposal stops those that were started here. */
export interface Servers extends AsyncDisposable {
  /** False for the database of `DATABASE_URL`, which may hold data of other people. */
  readonly ownsDatabase: boolean;
  /** Address of the Web UI; undefined for a given Temporal server. */
  readonly uiAddress: string | undefined;
  /** Environment in which the worker and all commands use these servers. Secret. */
  readonly env: NodeJS.ProcessEnv;
  /** Resolves with an error when a server that was started here stops unexpectedly. */
  readonly ended: Promise<Error>;
}

interface Server {
  /** The variables that give its address. */
  readonly env: NodeJS.ProcessEnv;
  readonly uiAddress?: string | undefined;
  /** Left out for a given server, as is `stop`. */
  readonly ended?: Promise<Error>;
  readonly stop?: () => Promise<void>;
}

type Log = (message: string) => void;

/** The name of the database that is created, as an application might call it. */
const DATABASE = 'app';

/** PostgreSQL needs less than a second for its shutdown checkpoint here. */
const STOP_TIMEOUT_MILLISECONDS = 4_000;

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** It stops after its current chunk. When it is killed, the ledger still has what it deleted. */
const WORKER_STOP: StopSteps = { signal: 'SIGTERM', timeoutMilliseconds: 4_000 };

/**
 * Checks the environment before anything is started.
 * @throws ConfigError listing every problem of the settings.
 * @throws InputError when the settings name tables that a database started here does not have.
 */
export function checkEnvironment(env: NodeJS.ProcessEnv, store?: string): void {
  const given = givenDatabase(env);
  if (store !== undefined && given !== undefined) {
    throw new InputError(
      '--store: a library creates its tables in a database of its own, not in that of DATABASE_URL. Unset one of them.',
    );
  }
  // Any valid address will do for a database that is still to be started.
  const config = loadConfig({
    ...env,
    DATABASE_URL: given ?? `postgres://${LOOPBACK}/${DATABASE}`,
  });
  if (givenTemporal(env) !== undefined) loadTemporalSettings(env);
  if (given === undefined && !config.database.ownsSessionsTable) {
    throw new InputError(
      'The configuration (session-cleanup.yaml, SESSION_CLEANUP_TABLE, …_PRESET, …) describes a table that a database ' +
        'started here does not have. Remove that, or set DATABASE_URL to the database of the table.',
    );
  }
}

/** Opens both servers. When one fails, the other is stopped before the error is thrown. */
export async function openServers(
  options: DevOptions,
  env: NodeJS.ProcessEnv,
  log: Log,
  signal: AbortSignal,
): Promise<Servers> {
  const opening = [
    openDatabase(options, env, log),
    openTemporal(options, env, log, signal),
  ] as const;
  try {
    const [database, temporal] = await Promise.all(opening);
    const others = Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_'));
    return {
      ownsDatabase: database.stop !== undefined,
      uiAddress: temporal.uiAddress,
      env: { ...Object.fromEntries(others), ...temporal.env, ...database.env },
      ended: Promise.race([database, temporal].flatMap(({ ended }) => ended ?? [])),
      [Symbol.asyncDispose]: async () => {
        await Promise.all([database.stop?.(), temporal.stop?.()]);
      },
    };
  } catch {
    await Promise.allSettled(opening.map(async (server) => await (await server).stop?.()));
    throw failureOf(await Promise.allSettled(opening));
  }
}

/** Both errors where both servers failed: on a full disk, only one of them may say so. */
function failureOf(outcomes: readonly PromiseSettledResult<unknown>[]): unknown {
  const errors = outcomes.flatMap((outcome): unknown[] =>
    outcome.status === 'rejected' ? [outcome.reason] : [],
  );
  if (errors.length === 1) return errors[0];
  const messages = errors.map((error) => (error instanceof Error ? error.message : String(error)));
  return new CommandFailure(messages.join('\n'), { cause: new AggregateError(errors) });
}

/**
 * Stops the worker that a killed start left behind, before the servers that it uses.
 * @throws ServiceInUseError when another development environment is using the folder.
 */
export async function stopLeftoverWorker(folder: string, log: Log): Promise<void> {
  const pid = await stopLeftover(workerRecord(folder), WORKER_STOP);
  if (pid !== undefined)
    log(`Stopped the worker (process ${String(pid)}) of a run that was killed.`);
}

/** Starts the worker. Disposal stops it. */
export async function startWorker(
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<ServiceProcess & AsyncDisposable> {
  const worker = await spawnService({
    name: 'The worker',
    program: process.execPath,
    args: [CLI, 'worker'],
    // The schedule is applied here and reported; a second time would only clutter the log.
    env: { ...env, SESSION_CLEANUP_SCHEDULE: 'off' },
    logFile: path.join(folder, 'worker', 'worker.log'),
    recordFile: workerRecord(folder),
  });
  return {
    ...worker,
    [Symbol.asyncDispose]: async () => {
      await worker.end(WORKER_STOP);
    },
  };
}

async function openDatabase(
  options: DevOptions,
  env: NodeJS.ProcessEnv,
  log: Log,
): Promise<Server> {
  const given = givenDatabase(env);
  if (given !== undefined) {
    log('PostgreSQL  the database of DATABASE_URL; no sample rows are written to it');
    return { env: { DATABASE_URL: given } };
  }
  const { store } = options;
  // Tables of several libraries have the same name.
  const database = store ?? DATABASE;
  const server = await startPostgres({
    dataDirectory: path.join(options.data, 'postgres'),
    port: preferredPort('PostgreSQL', options.postgresPort, log),
    log,
  });
  const stop = async (): Promise<void> => {
    await server.stop('fast', STOP_TIMEOUT_MILLISECONDS);
  };
  try {
    await ensureDatabase(server.url, database);
  } catch (error) {
    await stop();
    throw error;
  }
  log(`PostgreSQL  ${LOOPBACK}:${String(server.port)}, data in ${server.dataDirectory}`);
  return {
    env: {
      DATABASE_URL: server.urlOf(database),
      ...(store === undefined ? {} : { SESSION_CLEANUP_PRESET: store }),
    },
    ended: unexpectedExit(server),
    stop,
  };
}

async function ensureDatabase(serverUrl: string, database: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    const found = await client.query('select from pg_database where datname = $1', [database]);
    if (found.rowCount === 0) {
      const name = client.escapeIdentifier(database);
      await client.query(`create database ${name}`);
      // Libraries that write times without a zone use that of the database.
      await client.query(`alter database ${name} set timezone = 'UTC'`);
    }
  } finally {
    await client.end();
  }
}

async function openTemporal(
  options: DevOptions,
  env: NodeJS.ProcessEnv,
  log: Log,
  signal: AbortSignal,
): Promise<Server> {
  const given = givenTemporal(env);
  if (given !== undefined) {
    log(`Temporal    the server of ${given}`);
    const own = Object.entries(env).filter(([name]) => name.startsWith('TEMPORAL_'));
    return { env: Object.fromEntries(own) };
  }
  const cli = await findTemporalCli({ env, log, signal });
  const folder = path.join(options.data, 'temporal');
  const server = await startTemporal({
    cli,
    dataDirectory: folder,
    port: preferredPort('Temporal', options.temporalPort, log),
    uiPort: preferredPort("Temporal's Web UI", options.uiPort, log),
    durable: true,
    log,
  });
  log(`Temporal    ${server.address} (CLI ${cli.version}), data in ${folder}`);
  // Replaces the user's own file, whose keys and TLS settings are for another server. The SDK cannot
  // read a file without any profile.
  const configFile = path.join(folder, 'temporal.toml');
  writeFileSync(configFile, '[profile.default]\n');
  return {
    env: {
      TEMPORAL_ADDRESS: server.address,
      TEMPORAL_NAMESPACE: DEFAULT_NAMESPACE,
      TEMPORAL_CONFIG_FILE: configFile,
    },
    uiAddress: server.uiAddress,
    ended: unexpectedExit(server),
    stop: async () => {
      await server.stop();
    },
  };
}

function givenDatabase(env: NodeJS.ProcessEnv): string | undefined {
  return env['DATABASE_URL'] === '' ? undefined : env['DATABASE_URL'];
}

function givenTemporal(env: NodeJS.ProcessEnv): string | undefined {
  return ['TEMPORAL_ADDRESS', 'TEMPORAL_PROFILE'].find((name) => (env[name] ?? '') !== '');
}

function preferredPort(service: string, preferred: number, log: Log): PortWish {
  return async (avoid) => {
    const port = await choosePort(preferred, avoid);
    if (port !== preferred) {
      log(`Port ${String(preferred)} is in use: ${service} listens on ${String(port)} instead.`);
    }
    return port;
  };
}

function workerRecord(folder: string): string {
  return path.join(folder, 'worker', RECORD_FILE);
}
