/** A database that refuses its worker. */
import pg from 'pg';
import { inject } from 'vitest';

import type { TestDatabase } from './test-database.ts';

/** Refuses or allows connections to the database; refusing also closes the worker's. */
export async function refuseConnections({ name }: TestDatabase, isRefused: boolean): Promise<void> {
  const admin = new pg.Client({ connectionString: inject('postgresUrl') });
  await admin.connect();
  try {
    await admin.query(`alter database ${name} with allow_connections ${!isRefused}`);
    if (!isRefused) return;
    await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = $1 and application_name = 'session-cleanup'`,
      [name],
    );
  } finally {
    await admin.end();
  }
}
