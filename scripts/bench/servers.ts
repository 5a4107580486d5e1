/** The servers that the benchmark starts for itself, in a folder of its own. */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import type { Client } from '@temporalio/client';
import pg from 'pg';

import { loadTemporalSettings } from '../../src/temporal/connection-settings.ts';
import { connectClient } from '../../src/temporal/connection.ts';
import { PROGRAM } from '../build/build-program.ts';
import { anyPort } from '../services/ports.ts';
import { startPostgres } from '../services/postgres-server.ts';
import { findTemporalCli } from '../services/temporal-cli.ts';
import { startTemporal } from '../services/temporal-server.ts';

export interface BenchServers extends AsyncDisposable {
  readonly client: Client;
  /** Variables by which a worker finds Temporal. */
  readonly temporalEnvironment: NodeJS.ProcessEnv;
  readonly dataDirectory: string;
  /** PostgreSQL's `version()`. */
  readonly version: string;
  /** Of the servers. */
  readonly pids: readonly number[];
  /** The product's command as it is published. */
  readonly program: string;
  /** Node's flags for the workers. */
  readonly workerFlags: readonly string[];
  urlOf(database: string): string;
  /** Runs one statement as superuser, in the database `postgres` unless another is named. */
  execute<Row extends pg.QueryResultRow>(sql: string, database?: string): Promise<Row[]>;
}

/** Those of a small server. Autovacuum is off, since it would slow some runs and not others. */
export const POSTGRES_SETTINGS: Readonly<Record<string, string>> = {
  shared_buffers: '1GB',
  max_wal_size: '4GB',
  maintenance_work_mem: '512MB',
  autovacuum: 'off',
};

const PROFILE_SETTINGS = { shared_preload_libraries: 'pg_stat_statements', track_io_timing: 'on' };

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));

/** Builds the program as it is published, and starts both servers. */
export async function openServers(
  options: { readonly data: string; readonly profile?: string },
  log: (message: string) => void,
): Promise<BenchServers> {
  const dataDirectory = path.resolve(options.data);
  const profile = options.profile === undefined ? undefined : path.resolve(options.profile);
  await promisify(execFile)('npm', ['run', 'build'], { cwd: CHECKOUT });
  await mkdir(dataDirectory, { recursive: true });
  await using stack = new AsyncDisposableStack();
  const cli = await findTemporalCli({
    env: process.env,
    cacheDirectory: path.join(dataDirectory, '..', 'temporal'),
    log,
  });
  const postgres = await startPostgres({
    dataDirectory: path.join(dataDirectory, 'postgres'),
    port: anyPort,
    authentication: 'trust',
    settings: { ...POSTGRES_SETTINGS, ...(profile === undefined ? {} : PROFILE_SETTINGS) },
    log,
  });
  stack.defer(() => postgres.stop('fast'));
  const temporal = await startTemporal({
    cli,
    dataDirectory: path.join(dataDirectory, 'temporal'),
    port: anyPort,
    durable: false,
    log,
  });
  stack.defer(() => temporal.stop());
  const temporalEnvironment = { TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: 'default' };
  const { client } = stack.use(await connectClient(loadTemporalSettings(temporalEnvironment)));
  const execute: BenchServers['execute'] = async (sql, database = 'postgres') => {
    const client = new pg.Client({ connectionString: postgres.urlOf(database) });
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  };
  const [server] = await execute<{ version: string }>('select version()');
  const owned = stack.move();
  return {
    client,
    temporalEnvironment,
    dataDirectory,
    version: server?.version ?? 'unknown',
    pids: [postgres.pid, temporal.pid],
    program: path.join(CHECKOUT, 'dist', PROGRAM),
    workerFlags: profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`],
    urlOf: (database) => postgres.urlOf(database),
    execute,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
