/** A PostgreSQL server for one test that has to change, copy or hurt it. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { anyPort, LOOPBACK } from '../../scripts/services/ports.ts';
import { startPostgres, type PostgresServer } from '../../scripts/services/postgres-server.ts';
import { createTemplate, TEMPLATE_DATABASE } from './postgres-template.ts';
import { createTestDatabase, type OwnedTestDatabase } from './test-database.ts';

/** A server and a migrated database on it; both end with the disposal. */
export interface OwnPostgres extends AsyncDisposable {
  readonly server: PostgresServer;
  readonly database: OwnedTestDatabase;
}

/** Starts a server in `folder` with a database like that of the fixture `database`. */
export async function startOwnPostgres(
  folder: string,
  settings: Readonly<Record<string, string>>,
): Promise<OwnPostgres> {
  const server = await start(path.join(folder, 'postgres'), settings);
  try {
    await createTemplate(server.url, (name) => server.urlOf(name));
    const database = await createTestDatabase(server.url, TEMPLATE_DATABASE);
    return {
      server,
      database,
      [Symbol.asyncDispose]: async () => {
        await database.drop();
        await server.stop('immediate');
      },
    };
  } catch (error) {
    await server.stop('immediate');
    throw error;
  }
}

/**
 * Starts a server as {@link startOwnPostgres} does, and a replica that streams from it: of the same
 * programs, on a copy that was made before there was anything to stream.
 *
 * @param settings - of the replica alone, such as `recovery_min_apply_delay`
 */
export async function startWithReplica(
  folder: string,
  settings: Readonly<Record<string, string>>,
): Promise<OwnPostgres & { readonly replica: PostgresServer }> {
  const primaryFolder = path.join(folder, 'postgres');
  const empty = await start(primaryFolder, {});
  await empty.stop('fast');
  const parent = path.join(folder, 'replica');
  mkdirSync(parent);
  // With its owner and modes, and the folder itself along with it.
  execFileSync('cp', ['-a', empty.dataDirectory, parent]);
  const copy = path.join(parent, path.basename(empty.dataDirectory));
  writeFileSync(path.join(copy, 'data', 'standby.signal'), '');

  const own = await startOwnPostgres(folder, {});
  try {
    const replica = await start(copy, {
      primary_conninfo: `host=${LOOPBACK} port=${String(own.server.port)} user=postgres`,
      ...settings,
    });
    return {
      ...own,
      replica,
      [Symbol.asyncDispose]: async () => {
        await replica.stop('immediate');
        await own[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await own[Symbol.asyncDispose]();
    throw error;
  }
}

async function start(
  dataDirectory: string,
  settings: Readonly<Record<string, string>>,
): Promise<PostgresServer> {
  return await startPostgres({
    dataDirectory,
    port: anyPort,
    authentication: 'trust',
    settings: { fsync: 'off', ...settings },
  });
}
