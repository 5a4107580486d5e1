/** A PgBouncer in transaction mode, from Debian's package. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import pg from 'pg';
import { expect, vi } from 'vitest';

import { choosePort, LOOPBACK } from '../../../scripts/services/ports.ts';
import { postgresAccount } from '../../../scripts/services/account.ts';

/** A pooler before one PostgreSQL server. */
export interface PgBouncer extends AsyncDisposable {
  /** The same address by way of the pooler. */
  urlOf(databaseUrl: string): string;
  /** Kills it and starts another one on the same port. */
  killAndRestart(): Promise<void>;
}

/** Why there is none; undefined when there is one. Debian puts it where only root looks. */
export function whyNoPgBouncer(): string | undefined {
  return findProgram() === undefined
    ? 'pgbouncer is not installed: "apt-get install pgbouncer"'
    : undefined;
}

/** @param poolSize - server connections for each database; smaller than what clients open */
export async function startPgBouncer(
  folder: string,
  serverUrl: string,
  poolSize: number,
): Promise<PgBouncer> {
  const program = findProgram();
  if (program === undefined) throw new Error(whyNoPgBouncer());
  const account = postgresAccount();
  const port = await choosePort();
  mkdirSync(folder, { recursive: true });
  const config = path.join(folder, 'pgbouncer.ini');
  writeFileSync(config, configuration(new URL(serverUrl), port, poolSize));
  if (account !== undefined) chownSync(folder, account.uid, account.gid);
  const urlOf = (databaseUrl: string): string => {
    const address = new URL(databaseUrl);
    address.port = String(port);
    return address.href;
  };
  const start = async () => {
    const child = spawn(program, [config], { cwd: '/', stdio: 'ignore', ...account });
    await vi.waitFor(() => answers(urlOf(serverUrl)), { timeout: 10_000, interval: 20 });
    return child;
  };
  let process = await start();
  const kill = async (): Promise<void> => {
    const gone = once(process, 'exit');
    process.kill('SIGKILL');
    await gone;
  };
  return {
    urlOf,
    killAndRestart: async () => {
      await kill();
      process = await start();
    },
    [Symbol.asyncDispose]: kill,
  };
}

function configuration(server: URL, port: number, poolSize: number): string {
  return `[databases]
* = host=${server.hostname} port=${server.port} user=${server.username}
[pgbouncer]
listen_addr = ${LOOPBACK}
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${poolSize}
max_client_conn = 100
`;
}

async function answers(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  } finally {
    await client.end();
  }
}

function findProgram(): string | undefined {
  return ['pgbouncer', '/usr/sbin/pgbouncer'].find(
    (program) => spawnSync(program, ['--version']).status === 0,
  );
}
