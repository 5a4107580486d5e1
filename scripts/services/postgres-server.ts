/** A PostgreSQL server of our own, from the programs that npm brought along. */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';

import pg from 'pg';

import { LOOPBACK, type PortWish } from './ports.ts';
import { postgresAccount } from './postgres-account.ts';
import { findPostgresBinaries } from './postgres-binaries.ts';
import { preparePostgresFolder, SUPERUSER, type Authentication } from './postgres-folder.ts';
import { commandLine, identifyProcess } from './process-identity.ts';
import { spawnService } from './service-process.ts';
import { endProcess, stopLeftover, type StopSteps } from './service-record.ts';
import { startService } from './service-start.ts';

/** What kind of server is wanted. */
export interface PostgresOptions {
  /** Keeps the database, its password and its log; made when it does not exist. */
  readonly dataDirectory: string;
  /** The port to listen on. A function is asked again when another process takes the port first. */
  readonly port: PortWish;
  /** Decided when the database is made. `password` unless `trust` is asked for. */
  readonly authentication?: Authentication;
  /** Settings as in `postgresql.conf`, such as `{ fsync: 'off' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Further variables of the server's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Told what is worth knowing, such as a folder that had to be put elsewhere. */
  readonly say?: (message: string) => void;
}

/**
 * How a server stops: `fast` ends its sessions and writes everything out; `immediate` drops
 * everything, so that the next start recovers as after a crash; `smart` waits for its clients.
 */
type StopMode = 'fast' | 'immediate' | 'smart';

/** A server that takes connections. Starting again on the same folder continues its data. */
export interface PostgresServer {
  /** Address of the database `postgres`, as its superuser. Holds the password. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Where the data really is: elsewhere than asked for when the account could not get there. */
  readonly dataDirectory: string;
  readonly logFile: string;
  /** Resolves with the reason once the server has ended, however that came about. */
  readonly exited: Promise<string>;
  /** Address of another database of this server. */
  urlOf(database: string): string;
  /**
   * Ends the server and returns once it is gone.
   * @param mode - `fast` unless told otherwise.
   * @param patienceMilliseconds - After that time it is killed; 30 s unless told otherwise.
   */
  stop(mode?: StopMode, patienceMilliseconds?: number): Promise<void>;
  /** Sends a signal to the postmaster: SIGKILL, SIGSTOP and SIGCONT for tests of failures. */
  signal(signal: NodeJS.Signals): void;
}

const STOP_SIGNALS = {
  fast: 'SIGINT',
  immediate: 'SIGQUIT',
  smart: 'SIGTERM',
} as const satisfies Record<StopMode, NodeJS.Signals>;

/** How long a leftover server may take to write everything out before it is ended by force. */
const LEFTOVER_STEPS: StopSteps = { gently: 'SIGINT', patienceMilliseconds: 10_000 };

/**
 * Starts PostgreSQL on the loopback interface and returns once it answers. A server that a killed run
 * left behind on the same folder is ended first; one whose run is alive is left alone.
 * @throws ServiceInUseError when the folder's server belongs to a live run.
 * @throws Error with the end of the server's log when it does not come up.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const say = options.say ?? (() => undefined);
  const account = postgresAccount();
  const binaries = await findPostgresBinaries(account, say);
  const folder = await preparePostgresFolder({
    wanted: options.dataDirectory,
    authentication: options.authentication ?? 'password',
    binaries,
    account,
    say,
    beforeUse: async (paths) => {
      const ended =
        (await stopLeftover(paths.recordFile, LEFTOVER_STEPS)) ??
        (await stopUnrecorded(paths.cluster));
      if (ended !== undefined) {
        say(`Stopped the PostgreSQL server (process ${String(ended)}) of a run that was killed.`);
      }
    },
  });

  const settings = {
    listen_addresses: LOOPBACK,
    // The loopback interface is the only way in; a socket would need a folder that all may enter.
    unix_socket_directories: '',
    ...options.settings,
  };
  const urlAt = (port: number | undefined, database: string): string =>
    databaseUrl({ port, database, password: folder.password });
  const { service, ports } = await startService({
    ports: [options.port],
    spawn: ([port]) =>
      spawnService({
        name: 'PostgreSQL',
        program: binaries.postgres,
        args: [
          ...['-D', folder.cluster, '-p', String(port)],
          ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
        ],
        env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC', ...options.env },
        account,
        logFile: folder.logFile,
        recordFile: folder.recordFile,
      }),
    isReady: (_service, [port]) =>
      answers({ url: urlAt(port, 'postgres'), cluster: folder.cluster }),
    stopSteps: { gently: 'SIGQUIT', patienceMilliseconds: 5_000 },
    // After the postmaster alone was killed, its backends need a moment to notice and go; until then a
    // new one refuses the shared memory they hold.
    transient: 'shared memory block',
  });
  const [port = 0] = ports;
  const urlOf = (database: string): string => urlAt(port, database);

  return {
    url: urlOf('postgres'),
    port,
    pid: service.pid,
    dataDirectory: folder.root,
    logFile: folder.logFile,
    exited: service.exited,
    urlOf,
    stop: async (mode = 'fast', patienceMilliseconds = 30_000) => {
      await service.end({ gently: STOP_SIGNALS[mode], patienceMilliseconds });
    },
    signal: (signal) => {
      service.signal(signal);
    },
  };
}

function databaseUrl(parts: {
  readonly port: number | undefined;
  readonly database: string;
  readonly password: string | undefined;
}): string {
  const login = parts.password === undefined ? SUPERUSER : `${SUPERUSER}:${parts.password}`;
  return `postgres://${login}@${LOOPBACK}:${String(parts.port)}/${encodeURIComponent(parts.database)}`;
}

/** Asks for the data directory too: another server may have been quicker to take the port. */
async function answers(target: {
  readonly url: string;
  readonly cluster: string;
}): Promise<boolean> {
  const client = new pg.Client({
    connectionString: target.url,
    connectionTimeoutMillis: 2_000,
    application_name: 'session-cleanup start',
  });
  // A connection cut while it waits would otherwise be an uncaught error.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ directory: string }>(
      `select current_setting('data_directory') as directory`,
    );
    return rows[0]?.directory === target.cluster;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * PostgreSQL's own note, `postmaster.pid`, for the moment in which our note was not written yet. Only a
 * postmaster started on exactly this folder is ended. When the pid has gone to somebody else, the file
 * is removed: PostgreSQL would take that process for a postmaster and refuse to start for ever.
 */
async function stopUnrecorded(cluster: string): Promise<number | undefined> {
  const file = path.join(cluster, 'postmaster.pid');
  const content = await readFile(file, 'utf8').catch(() => '');
  const identity = identifyProcess(Number.parseInt(content, 10));
  if (identity === undefined) return undefined;
  if (commandLine(identity.pid)?.includes(`postgres -D ${cluster} `) === true) {
    await endProcess(identity, LEFTOVER_STEPS);
    return identity.pid;
  }
  await rm(file, { force: true });
  return undefined;
}
