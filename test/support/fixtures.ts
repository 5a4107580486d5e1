/** The `test` of all tests that need a database or Temporal: each gets its own, cleared up after it. */
import { inject, test as base } from 'vitest';

import { asRole } from './least-rights.ts';
import { TEMPLATE_DATABASE } from './postgres-template.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';
import { createTestNamespace, type TestTemporal } from './test-namespace.ts';

export const test = base
  /**
   * A fresh, migrated database; dropped after the test, which fails if it left a connection open. Its
   * address is that of the role which the project names; the test's own statements are its owner's.
   */
  .extend('database', async ({}, { onCleanup }): Promise<TestDatabase> => {
    const database = await createTestDatabase(inject('postgresUrl'), TEMPLATE_DATABASE);
    onCleanup(database.drop);
    return { ...database, url: asRole(database.url, inject('databaseRole')) };
  })
  /** The same, but empty: for tests about migrations and about tables that belong to others. */
  .extend('emptyDatabase', async ({}, { onCleanup }): Promise<TestDatabase> => {
    const database = await createTestDatabase(inject('postgresUrl'));
    onCleanup(database.drop);
    return database;
  })
  /** A fresh namespace of the Temporal server, with a client and a task queue. */
  .extend('temporal', async ({}, { onCleanup }): Promise<TestTemporal> => {
    const temporal = await createTestNamespace(inject('temporalAddress'));
    onCleanup(temporal.close);
    return temporal;
  });
