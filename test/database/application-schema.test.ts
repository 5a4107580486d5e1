import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { defineEntity, MikroORM, p } from '@mikro-orm/postgresql';
import { Migrator } from '@mikro-orm/migrations';
import { describe, expect } from 'vitest';

import { keepLedger } from '../../src/database/orm.ts';
import { test } from '../support/fixtures.ts';
import type { TestDatabase } from '../support/test-database.ts';

const UserSession = defineEntity({
  name: 'UserSession',
  tableName: 'user_sessions',
  properties: { id: p.integer().primary(), validUntil: p.datetime(6) },
});

const LEDGER = 'session_cleanup';

/** Its migrations import a package, so they lie in the checkout. */
const CACHE = fileURLToPath(new URL('../../.cache/', import.meta.url));

/** An application's ORM on the database in which the ledger is. */
async function openApplication(
  database: TestDatabase,
  folder: string,
  schemaGenerator: { ignoreSchema?: string[]; skipTables?: string[] },
  snapshot = false,
): Promise<MikroORM> {
  return await MikroORM.init({
    clientUrl: database.url,
    entities: [UserSession],
    extensions: [Migrator],
    schemaGenerator,
    migrations: { path: folder, snapshot },
  });
}

describe("an application's own MikroORM", () => {
  test('would drop the ledger without the option', async ({ database }) => {
    await using folder = temporaryFolder();
    const orm = await openApplication(database, folder.path, {});
    expect(await orm.schema.getUpdateSchemaSQL()).toContain(LEDGER);
    await orm.close(true);
  });

  test('would drop a table of sessions that it does not describe, unless told to skip it', async ({
    database,
  }) => {
    await using folder = temporaryFolder();
    const updateWith = async (options: { skipTables?: string[] }): Promise<string> => {
      await using orm = await openApplication(database, folder.path, {
        ...keepLedger(),
        ...options,
      });
      return await orm.schema.getUpdateSchemaSQL();
    };
    expect(await updateWith({})).toContain('drop table if exists "sessions"');
    expect(await updateWith({ skipTables: ['sessions'] })).not.toContain('"sessions"');
  });

  test.for([true, false])(
    'keeps the ledger with the option, in diffs, migrations (snapshot: %s) and a drop of its schema',
    async (snapshot, { database }) => {
      await using folder = temporaryFolder();
      await using orm = await openApplication(database, folder.path, keepLedger(), snapshot);
      const update = await orm.schema.getUpdateSchemaSQL();
      expect(update).toContain('user_sessions');
      expect(update).not.toContain(LEDGER);
      expect((await orm.migrator.create()).code).toContain('user_sessions');
      await orm.migrator.up();
      // From the snapshot, where there is one.
      expect((await orm.migrator.create(undefined, true)).code).not.toContain('drop');
      const files = readdirSync(folder.path).map((file) => path.join(folder.path, file));
      const written = files.map((file) => readFileSync(file, 'utf8')).join('\n');
      expect(written).not.toContain(LEDGER);
      expect(await orm.schema.getDropSchemaSQL()).not.toContain(LEDGER);
      await orm.schema.drop({ dropMigrationsTable: true });
      await orm.close(true);
      expect(await database.sql('select from session_cleanup.session_cleanup_ledger')).toEqual([]);
    },
  );
});

function temporaryFolder(): { readonly path: string } & AsyncDisposable {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(path.join(CACHE, 'application-'));
  return {
    path: folder,
    [Symbol.asyncDispose]: () => {
      rmSync(folder, { recursive: true, force: true });
      return Promise.resolve();
    },
  };
}
