/** The `test` of all chaos tests: fixtures that end whatever a test started, frozen or not. */
import path from 'node:path';

import { inject } from 'vitest';

import { test as base } from '../../support/fixtures.ts';
import { TEMPLATE_DATABASE } from '../../support/postgres-template.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';
import { createTestNamespace, type TestTemporal } from '../../support/test-namespace.ts';
import { createRunFolder, removeRunFolder } from '../../support/test-run.ts';
import { seededRandom, type Random } from './random.ts';
import { startRestartablePostgres, type RestartablePostgres } from './restartable-postgres.ts';
import { startRestartableTemporal, type RestartableTemporal } from './restartable-temporal.ts';

export const test = base
  /** Random numbers of this test, from the run's seed. */
  .extend('random', ({ task }): Random => seededRandom(inject('chaosSeed'), task.name))
  /** A folder for servers that are the test file's own. */
  .extend('folder', { scope: 'file' }, async ({}, { onCleanup }): Promise<string> => {
    const folder = createRunFolder();
    onCleanup(async () => {
      await removeRunFolder(folder);
    });
    return folder;
  })
  /** A PostgreSQL server that may be stopped, killed and started again. */
  .extend(
    'postgres',
    { scope: 'file' },
    async ({ folder }, { onCleanup }): Promise<RestartablePostgres> => {
      const postgres = await startRestartablePostgres(path.join(folder, 'postgres'));
      onCleanup(() => postgres[Symbol.asyncDispose]());
      return postgres;
    },
  )
  /** A Temporal server that may be stopped, killed and started again on its file. */
  .extend(
    'temporalServer',
    { scope: 'file' },
    async ({ folder }, { onCleanup }): Promise<RestartableTemporal> => {
      const server = await startRestartableTemporal(
        path.join(folder, 'temporal'),
        inject('temporalCli'),
      );
      onCleanup(() => server.stop());
      return server;
    },
  )
  /** A fresh, migrated database on the server that may die. */
  .extend('restartableDatabase', async ({ postgres }, { onCleanup }): Promise<TestDatabase> => {
    const database = await createTestDatabase(postgres.url, TEMPLATE_DATABASE);
    onCleanup(database.drop);
    return database;
  })
  /** A fresh namespace on the Temporal server that may die. */
  .extend(
    'restartableNamespace',
    async ({ temporalServer }, { onCleanup }): Promise<TestTemporal> => {
      const temporal = await createTestNamespace(temporalServer.address);
      onCleanup(temporal.close);
      return temporal;
    },
  );
