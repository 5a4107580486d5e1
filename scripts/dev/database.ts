/** The database of the development environment: one given, or one started. */
import path from 'node:path';

import pg from 'pg';

import { LOOPBACK } from '../services/ports.ts';
import { startPostgres } from '../services/postgres-server.ts';
import { serviceFailure } from '../services/service-process.ts';
import type { DevOptions } from './options.ts';
import { choosePortAloud } from './choose-port-aloud.ts';
import type { Say } from './say.ts';

/** A database to work with. */
export interface DevDatabase {
  /** Its address; secret. */
  readonly url: string;
  /** True when we started it, so that nobody else's data is in it. */
  readonly isOurs: boolean;
  /** Resolves with the error to report when it ends by itself; never for a given one. */
  readonly ended: Promise<Error>;
  /** Ends what was started. */
  stop(): Promise<void>;
}

/** Name of the database that we make, as some application's. */
const DATABASE_NAME = 'app';

/** Writing everything out takes PostgreSQL less than a second here; nobody waits longer than this. */
const STOP_PATIENCE_MILLISECONDS = 4_000;

/** The address that the environment gives; undefined when one has to be started. */
export function givenDatabase(env: NodeJS.ProcessEnv): string | undefined {
  const given = env['DATABASE_URL'];
  return given === '' ? undefined : given;
}

/** Takes the database that `DATABASE_URL` gives, or starts one. */
export async function openDatabase(
  options: DevOptions,
  env: NodeJS.ProcessEnv,
  say: Say,
): Promise<DevDatabase> {
  const given = givenDatabase(env);
  if (given !== undefined) {
    say('PostgreSQL  the database that DATABASE_URL gives; no sample session is written to it');
    return {
      url: given,
      isOurs: false,
      ended: new Promise(() => undefined),
      stop: async () => undefined,
    };
  }
  const server = await startPostgres({
    dataDirectory: path.join(options.dataDirectory, 'postgres'),
    port: async (avoid) => await choosePortAloud('PostgreSQL', options.ports.postgres, avoid, say),
    say,
  });
  const stop = async (): Promise<void> => {
    await server.stop('fast', STOP_PATIENCE_MILLISECONDS);
  };
  try {
    await ensureDatabase(server.url);
  } catch (error) {
    await stop();
    throw error;
  }
  const address = `${LOOPBACK}:${String(server.port)}`;
  say(`PostgreSQL  ${address}, data in ${server.dataDirectory}`);
  return {
    url: server.urlOf(DATABASE_NAME),
    isOurs: true,
    ended: server.exited.then((reason) =>
      serviceFailure(
        { name: `PostgreSQL at ${address}`, logFile: server.logFile },
        `ended by itself (${reason})`,
      ),
    ),
    stop,
  };
}

async function ensureDatabase(serverUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    const found = await client.query('select from pg_database where datname = $1', [DATABASE_NAME]);
    if (found.rowCount === 0) await client.query(`create database ${DATABASE_NAME}`);
  } finally {
    await client.end();
  }
}
