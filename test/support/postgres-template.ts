/** The database that every test's own database is a copy of. */
import pg from 'pg';

import { createOrm } from '../../src/database/orm.ts';
import { migrate } from '../../src/database/migrate.ts';
import { createLeastRole } from './least-rights.ts';
import { TEST_DATABASE_SETTINGS, TEST_TARGET } from './settings.ts';

/** Name of the migrated template. */
export const TEMPLATE_DATABASE = 'session_cleanup_template';

/**
 * Makes and migrates the template, then closes it to connections: one would block every copy.
 *
 * @param role - gets the rights in it, and so in every copy, that a worker needs; left out: no role
 */
export async function createTemplate(
  serverUrl: string,
  urlOf: (database: string) => string,
  role?: string,
): Promise<void> {
  const admin = new pg.Client({ connectionString: serverUrl });
  await admin.connect();
  try {
    await admin.query(`create database ${TEMPLATE_DATABASE}`);
    const url = urlOf(TEMPLATE_DATABASE);
    const orm = createOrm({ ...TEST_DATABASE_SETTINGS, url }, [TEST_TARGET]);
    try {
      await migrate(orm);
    } finally {
      await orm.close(true);
    }
    if (role !== undefined) await createLeastRole(url, role);
    await admin.query(`alter database ${TEMPLATE_DATABASE} allow_connections false`);
  } finally {
    await admin.end();
  }
}
