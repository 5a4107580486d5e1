/** The servers that the benchmark runs on: its own, in a folder of its own. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import type { Client } from '@temporalio/client';
import pg from 'pg';

import { loadTemporalSettings } from '../../src/temporal/connection-settings.ts';
import { connectClient } from '../../src/temporal/connection.ts';
import { choosePort } from '../services/ports.ts';
import { startPostgres } from '../services/postgres-server.ts';
import { findTemporalCli } from '../services/temporal-cli.ts';
import { startTemporal } from '../services/temporal-server.ts';
import { buildPackage } from './package.ts';

/** Both servers, running. */
export interface BenchServers extends AsyncDisposable {
  readonly client: Client;
  /** Variables by which a worker finds Temporal. */
  readonly temporalEnvironment: NodeJS.ProcessEnv;
  readonly dataDirectory: string;
  /** Their processes. */
  readonly pids: readonly number[];
  /** The product's command, compiled. */
  readonly program: string;
  /** Address of a database. */
  urlOf(database: string): string;
  /** Runs one statement as superuser, in the database `postgres` unless another is named. */
  execute<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    sql: string,
    database?: string,
  ): Promise<Row[]>;
}

/**
 * A small server's settings, neither the tiny defaults nor tuned for this. Autovacuum is off, so that
 * it does not fall into some runs and not into others.
 */
export const POSTGRES_SETTINGS: Readonly<Record<string, string>> = {
  shared_buffers: '1GB',
  max_wal_size: '4GB',
  maintenance_work_mem: '512MB',
  autovacuum: 'off',
};

/** Starts both, or neither. */
export async function openServers(
  dataDirectory: string,
  options: { readonly profile: boolean; readonly say: (message: string) => void },
): Promise<BenchServers> {
  const { profile, say } = options;
  await mkdir(dataDirectory, { recursive: true });
  await using stack = new AsyncDisposableStack();
  const cli = await findTemporalCli({
    env: process.env,
    cacheDirectory: path.join(dataDirectory, '..', 'temporal'),
    say,
  });
  const postgres = await startPostgres({
    dataDirectory: path.join(dataDirectory, 'postgres'),
    port: await choosePort(),
    authentication: 'trust',
    settings: {
      ...POSTGRES_SETTINGS,
      ...(profile ? { shared_preload_libraries: 'pg_stat_statements', track_io_timing: 'on' } : {}),
    },
    say,
  });
  stack.defer(() => postgres.stop('fast'));
  const temporal = await startTemporal({
    cli,
    dataDirectory: path.join(dataDirectory, 'temporal'),
    port: await choosePort(),
    durable: false,
    say,
  });
  stack.defer(() => temporal.stop());
  const temporalEnvironment = { TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: 'default' };
  const { client } = stack.use(await connectClient(loadTemporalSettings(temporalEnvironment)));
  const owned = stack.move();
  return {
    client,
    temporalEnvironment,
    dataDirectory,
    pids: [postgres.pid, temporal.pid],
    program: await buildPackage(),
    urlOf: (database) => postgres.urlOf(database),
    execute: async (sql, database = 'postgres') => await execute(postgres.urlOf(database), sql),
    [Symbol.asyncDispose]: async () => {
      await owned.disposeAsync();
    },
  };
}

async function execute<Row extends pg.QueryResultRow>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
