/** A database for one test. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import pg from 'pg';

/** A database of the test's own. */
export interface TestDatabase {
  readonly name: string;
  /** Its address, as the server's superuser. */
  readonly url: string;
  /** Runs one statement on a pooled connection and returns its rows. Instants come as `Date`. */
  sql<Row extends pg.QueryResultRow = Record<string, unknown>>(
    text: string,
    parameters?: readonly unknown[],
  ): Promise<Row[]>;
  /** A connection of the test's own, for transactions that stay open; closed with the database. */
  connect(): Promise<pg.Client>;
}

/** A test's database and its end. */
export interface OwnedTestDatabase extends TestDatabase {
  /**
   * Drops the database.
   * @throws Error naming the connections that the test left open; they are cut.
   */
  drop(): Promise<void>;
}

/** Time for the server to notice that a client has gone, a killed one included. */
const GOODBYE_MILLISECONDS = 2_000;

/**
 * Makes a database on the run's server.
 * @param template - The database it is a copy of; left out: an empty one.
 */
export async function createTestDatabase(
  serverUrl: string,
  template = 'template0',
): Promise<OwnedTestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  const address = new URL(serverUrl);
  address.pathname = `/${name}`;
  const url = address.href;
  await asAdmin(serverUrl, (admin) => admin.query(`create database ${name} template ${template}`));

  const pool = new pg.Pool({ connectionString: url, max: 4, idleTimeoutMillis: 1_000 });
  // Tests stop and kill servers; an idle connection that ends then is not an error.
  pool.on('error', () => undefined);
  const clients: pg.Client[] = [];
  return {
    name,
    url,
    sql: async (text, parameters = []) => {
      const { rows } = await pool.query(text, [...parameters]);
      return rows;
    },
    connect: async () => {
      const client = new pg.Client({ connectionString: url });
      client.on('error', () => undefined);
      clients.push(client);
      await client.connect();
      return client;
    },
    drop: async () => {
      await Promise.all([pool.end(), ...clients.map((client) => client.end())]);
      await asAdmin(serverUrl, async (admin) => {
        const left = await connectionsLeft(admin, name);
        await admin.query(`drop database ${name} with (force)`);
        if (left.length > 0) {
          throw new Error(`The test left connections to its database open: ${left.join(', ')}`);
        }
      });
    },
  };
}

async function asAdmin<T>(serverUrl: string, work: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({ connectionString: serverUrl });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}

async function connectionsLeft(admin: pg.Client, database: string): Promise<string[]> {
  const deadline = Date.now() + GOODBYE_MILLISECONDS;
  for (;;) {
    const { rows } = await admin.query<{ description: string }>(
      `select format('%s (%s, last: %s)', coalesce(nullif(application_name, ''), 'unnamed'), state, left(query, 80))
         as description
       from pg_stat_activity
       where datname = $1 and backend_type = 'client backend'`,
      [database],
    );
    if (rows.length === 0 || Date.now() >= deadline) return rows.map((row) => row.description);
    await sleep(20);
  }
}
