/** PostgreSQL servers, from the programs that npm installed. */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';

import { postgresAccount } from './account.ts';
import { LOOPBACK, type PortWish } from './ports.ts';
import { findPostgresBinaries } from './postgres-binaries.ts';
import {
  ensureCluster,
  openPostgresFolder,
  SUPERUSER,
  type Authentication,
} from './postgres-folder.ts';
import { commandLine, identifyProcess, stopProcess, type StopSteps } from './process-identity.ts';
import { startServer, type ServiceProcess } from './service-process.ts';
import { stopLeftover } from './service-record.ts';

export interface PostgresOptions {
  /** Contains the data, the password and the log; created when it does not exist. */
  readonly dataDirectory: string;
  readonly port: PortWish;
  /** Used when the cluster is created. Default: `password`. */
  readonly authentication?: Authentication;
  /** Settings as in `postgresql.conf`, such as `{ fsync: 'off' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Further variables of the server's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Reports what a person may want to know, such as another data directory. */
  readonly log?: (message: string) => void;
}

/** A server that accepts connections. Another start on the same folder continues with its data. */
export interface PostgresServer extends ServiceProcess {
  /** Address of the database `postgres`, as its superuser. Contains the password. */
  readonly url: string;
  readonly port: number;
  /** The real data directory: another one than requested where the account cannot reach that. */
  readonly dataDirectory: string;
  /** Address of another database of this server. */
  urlOf(database: string): string;
  /**
   * Stops the server and returns once it is gone.
   * @param mode - as of `pg_ctl stop`; default `fast`
   * @param timeoutMilliseconds - after which it is killed; default 30 s
   */
  stop(mode?: keyof typeof STOP_SIGNALS, timeoutMilliseconds?: number): Promise<void>;
}

const STOP_SIGNALS = { fast: 'SIGINT', immediate: 'SIGQUIT', smart: 'SIGTERM' } as const;

const LEFTOVER_STEPS: StopSteps = { signal: 'SIGINT', timeoutMilliseconds: 10_000 };

/**
 * Starts PostgreSQL on the loopback interface and returns once it accepts connections. A server that a
 * killed run left behind on the same folder is stopped first.
 * @throws ServiceInUseError when the folder's server belongs to a running process.
 * @throws CommandFailure with the end of the server's log when it does not start.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const { log = () => undefined } = options;
  const account = postgresAccount();
  const binaries = await findPostgresBinaries(account, log);
  const folder = await openPostgresFolder(options.dataDirectory, account, log);
  const { cluster, logFile, recordFile } = folder;
  const leftover =
    (await stopLeftover(recordFile, LEFTOVER_STEPS)) ?? (await stopUnrecorded(cluster));
  if (leftover !== undefined) {
    log(`Stopped the PostgreSQL server (process ${String(leftover)}) of a run that was killed.`);
  }
  const { authentication = 'password' } = options;
  const password = await ensureCluster(folder, authentication, binaries, account);
  const settings = {
    listen_addresses: LOOPBACK,
    // A socket would need a folder that everyone can enter.
    unix_socket_directories: '',
    ...options.settings,
  };
  const { service, ports } = await startServer({
    ports: [options.port],
    command: ([port]) => ({
      name: `PostgreSQL at ${LOOPBACK}:${String(port)}`,
      program: binaries.postgres,
      args: [
        ...['-D', cluster, '-p', String(port)],
        ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
      ],
      env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC', ...options.env },
      account,
      logFile,
      recordFile,
    }),
    isReady: async ({ pid }) => await isReady(cluster, pid),
    stopSteps: { signal: 'SIGQUIT', timeoutMilliseconds: 5_000 },
    // After the postmaster alone was killed, a new one refuses to start until its backends are gone.
    transient: /shared memory block/,
  });
  const [port = 0] = ports;
  const login = password === undefined ? SUPERUSER : `${SUPERUSER}:${password}`;
  const urlOf = (database: string): string =>
    `postgres://${login}@${LOOPBACK}:${String(port)}/${encodeURIComponent(database)}`;
  return {
    ...service,
    url: urlOf('postgres'),
    port,
    dataDirectory: folder.root,
    urlOf,
    stop: async (mode = 'fast', timeoutMilliseconds = 30_000) => {
      await service.end({ signal: STOP_SIGNALS[mode], timeoutMilliseconds });
    },
  };
}

/** Checks what `pg_ctl start` waits for: the eighth line of the lock file is the postmaster's status. */
async function isReady(cluster: string, pid: number): Promise<boolean> {
  const lines = (await readLockFile(cluster)).split('\n');
  return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
}

/**
 * Stops a server that was killed before it could be recorded, and returns its pid. When another process
 * has that pid by now, the lock file is removed, since PostgreSQL would refuse to start because of it.
 */
async function stopUnrecorded(cluster: string): Promise<number | undefined> {
  const identity = identifyProcess(Number.parseInt(await readLockFile(cluster), 10));
  if (identity === undefined) return undefined;
  if (commandLine(identity.pid)?.includes(`postgres -D ${cluster} `) === true) {
    await stopProcess(identity, LEFTOVER_STEPS);
    return identity.pid;
  }
  await rm(lockFile(cluster), { force: true });
  return undefined;
}

async function readLockFile(cluster: string): Promise<string> {
  return await readFile(lockFile(cluster), 'utf8').catch(() => '');
}

function lockFile(cluster: string): string {
  return path.join(cluster, 'postmaster.pid');
}
