/** What a recorded run needs: PostgreSQL, a Temporal server, workers and sessions. */
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import pg from 'pg';

import {
  TARGET_DEFAULTS,
  type DeletionSettings,
  type TargetConfig,
} from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { DEFAULT_TASK_QUEUE } from '../../src/contract/names.ts';
import { migrate } from '../../src/database/migrate.ts';
import { createOrm } from '../../src/database/orm.ts';
import { createCleanupWorker } from '../../src/worker/worker.ts';
import { anyPort } from '../services/ports.ts';
import { startPostgres } from '../services/postgres-server.ts';
import { unlessStopped } from '../services/stop-request.ts';
import { findTemporalCli } from '../services/temporal-cli.ts';
import { DEFAULT_NAMESPACE, startTemporal } from '../services/temporal-server.ts';

export interface RecordingEnvironment {
  readonly client: Client;
  /** For workers of other code. */
  readonly connection: NativeConnection;
  /** Address of Temporal's Web UI; undefined without one. */
  readonly uiAddress: string | undefined;
  sql(text: string): Promise<void>;
  /** Opens the database, or closes it and ends all its connections. */
  allowConnections(isAllowed: boolean): Promise<void>;
  /** Inserts `count` expired sessions, and as many live ones. */
  fill(count: number): Promise<void>;
  /** A worker, until it goes out of scope. */
  startWorker(options?: WorkerOptions): Promise<AsyncDisposable>;
}

export interface WorkerOptions {
  readonly targets?: readonly TargetConfig[];
  readonly deletion?: Partial<DeletionSettings>;
}

export const SESSIONS: TargetConfig = {
  ...TARGET_DEFAULTS,
  name: 'sessions',
  table: 'sessions',
  timeZone: 'UTC',
};

const DATABASE = 'recorded';

// Some recorded runs fail; their warnings are expected.
Runtime.install({ logger: new DefaultLogger('ERROR') });

export interface RecordingOptions {
  /** History length at which the server advises to continue as new; thousands when left out. */
  readonly eventsBeforeNew?: number | undefined;
  /** Whether the server has its Web UI. */
  readonly withUi?: boolean;
}

/** Starts all of it in a new folder for some work, and removes it at once when the signal is aborted. */
export async function withRecordingEnvironment(
  stop: AbortSignal,
  { eventsBeforeNew, withUi = false }: RecordingOptions,
  work: (environment: RecordingEnvironment) => Promise<void>,
): Promise<void> {
  stop.throwIfAborted();
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(await realpath(tmpdir()), 'session-cleanup-recording-'));
  // PostgreSQL may run as another user, and has a folder of its own in here.
  await chmod(folder, 0o755);
  stack.defer(async () => {
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });

  const postgres = await startPostgres({
    dataDirectory: path.join(folder, 'postgres'),
    port: anyPort,
    authentication: 'trust',
    settings: { fsync: 'off' },
  });
  stack.defer(async () => {
    await postgres.stop('immediate');
  });
  const admin = stack.adopt(new pg.Pool({ connectionString: postgres.url }), endPool);
  await admin.query(`create database ${DATABASE}`);
  const url = postgres.urlOf(DATABASE);
  const pool = stack.adopt(new pg.Pool({ connectionString: url }), endPool);
  // Scenarios end connections.
  pool.on('error', () => undefined);
  const { database: settings, deletion: usual } = loadConfig({ DATABASE_URL: url });
  {
    await using orm = createOrm(settings, []);
    await migrate(orm);
  }

  const temporal = await startTemporal({
    cli: await findTemporalCli({ env: process.env, log: console.log }),
    dataDirectory: path.join(folder, 'temporal'),
    port: anyPort,
    durable: false,
    ...(withUi ? { uiPort: anyPort } : {}),
    ...(eventsBeforeNew === undefined
      ? {}
      : { dynamicConfig: { 'limit.historyCount.suggestContinueAsNew': eventsBeforeNew } }),
  });
  stack.defer(async () => {
    await temporal.stop();
  });
  const { address } = temporal;
  // The SDK retries a call that a stop interrupts, and on a closed connection that retry would throw
  // where it cannot be caught. A worker may still be using the native connection.
  const closeUnlessStopped = async (opened: { close(): Promise<void> }): Promise<void> => {
    if (!stop.aborted) await opened.close();
  };
  const connection = stack.adopt(await Connection.connect({ address }), closeUnlessStopped);
  const native = stack.adopt(await NativeConnection.connect({ address }), closeUnlessStopped);
  // Histories contain identities; these do not name the machine.
  const client = new Client({ connection, namespace: DEFAULT_NAMESPACE, identity: 'client' });

  const environment: RecordingEnvironment = {
    client,
    connection: native,
    uiAddress: temporal.uiAddress,
    sql: async (text) => {
      await pool.query(text);
    },
    allowConnections: async (isAllowed) => {
      await admin.query(`alter database ${DATABASE} allow_connections ${isAllowed}`);
      if (isAllowed) return;
      await admin.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${DATABASE}'`,
      );
    },
    fill: async (count) => {
      await pool.query(
        `insert into sessions (user_id, token_hash, expires_at)
         select 'user', encode(sha256(gen_random_uuid()::text::bytea), 'hex'),
                now() + (case when number <= $1 then -1 else 1 end) * interval '1 day'
         from generate_series(1, $1::int * 2) as number`,
        [count],
      );
    },
    startWorker: async ({ targets = [SESSIONS], deletion = {} } = {}) => {
      const changed = { ...usual, ...deletion };
      const running = stack.use(new AsyncDisposableStack());
      const orm = createOrm(settings, targets, changed);
      running.defer(() => orm.close(true));
      const worker = await createCleanupWorker({
        config: { database: settings, deletion: changed, targets, taskQueue: DEFAULT_TASK_QUEUE },
        orm,
        connection: native,
        namespace: DEFAULT_NAMESPACE,
        identity: 'worker',
      });
      const ended = worker.run();
      running.defer(() => ended);
      running.defer(() => worker.shutdown());
      return running;
    },
  };
  await unlessStopped(stop, work(environment));
}

async function endPool(pool: pg.Pool): Promise<void> {
  await pool.end();
}
