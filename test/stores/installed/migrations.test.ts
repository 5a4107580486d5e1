/**
 * Presets at work on the tables of programs that are too large to install, made by the migrations in their packages.
 * Rows are written and read by SQL like theirs.
 */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import knex, { type Knex } from 'knex';
import { beforeAll, describe } from 'vitest';

import type { SessionStore } from '../../../scripts/dev/stores/session-store.ts';
import { test } from '../../support/fixtures.ts';
import { INSTALL_MILLISECONDS, installOnce, run, whyMissing } from '../../support/library-cache.ts';
import { expectExactCleanUp } from '../../support/store-clean-up.ts';
import type { TestDatabase } from '../../support/test-database.ts';

/** A store with rows that are written and found by statements with these parameters. */
function bySql(
  database: TestDatabase,
  insert: string,
  findLive: string,
  parametersOf: (id: string, expires: Date) => readonly unknown[] = (id, expires) => [id, expires],
): SessionStore {
  return {
    write: async (expires) => {
      const id = randomUUID();
      await database.sql(insert, parametersOf(id, expires));
      return id;
    },
    accepts: async (id) => (await database.sql(findLive, [id])).length === 1,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Unpacks a package of npm without what it depends on, apart from the packages that are named. */
async function unpack(name: string, spec: string, needs: readonly string[]): Promise<string> {
  return await installOnce(name, [spec, ...needs], async (folder) => {
    await run('npm', ['pack', '--silent', '--pack-destination', folder, spec]);
    const [archive = ''] = readdirSync(folder);
    await run('tar', ['-xzf', path.join(folder, archive), '-C', folder]);
    if (needs.length > 0) {
      await run('npm', [
        'install',
        '--no-audit',
        '--no-fund',
        '--ignore-scripts',
        '--prefix',
        folder,
        ...needs,
      ]);
    }
  });
}

describe('n8n', () => {
  /** How its migrations declare a column. */
  interface Column {
    toOptions(driver: object): {
      name: string;
      type: string;
      isPrimary?: true;
      isNullable?: boolean;
    };
  }

  type Migration = new () => { up(context: object): Promise<void> };

  let folder = '';

  beforeAll(async () => {
    folder = await unpack('n8n', '@n8n/db@1.41.2', []);
  }, INSTALL_MILLISECONDS);

  async function createTable(database: TestDatabase): Promise<void> {
    const load = createRequire(path.join(folder, 'package/dist/migrations/index.js'));
    const { Column }: { Column: new (name: string) => Column } = load('./dsl/column');
    const { CreateInvalidAuthTokenTable1723627610222: CreateTable }: Record<string, Migration> =
      load('./common/1723627610222-CreateInvalidAuthTokenTable');
    if (CreateTable === undefined) throw new Error('The migration has another name.');
    await new CreateTable().up({
      schemaBuilder: {
        column: (name: string) => new Column(name),
        createTable: (table: string) => ({
          withColumns: async (...columns: readonly Column[]) => {
            const lines = columns.map((column) => {
              const { name, type, isPrimary } = column.toOptions({ postgres: true });
              return `"${name}" ${type} ${isPrimary === true ? 'primary key' : 'not null'}`;
            });
            await database.sql(`create table ${table} (${lines.join(', ')})`);
          },
        }),
      },
    });
  }

  test('its preset deletes exactly what has expired', async ({ emptyDatabase: database }) => {
    await expectExactCleanUp(database, {
      preset: 'n8n-invalid-tokens',
      open: async () => {
        await createTable(database);
        return bySql(
          database,
          'insert into invalid_auth_token values ($1, $2)',
          'select from invalid_auth_token where token = $1',
        );
      },
    });
  });
});

describe('Directus', () => {
  type Change = (client: Knex) => Promise<void>;

  /** Those that change the table of sessions, apart from one that only changes what deletes its rows. */
  const MIGRATIONS = [
    '20201105A-add-cascade-system-relations',
    '20210903A-add-auth-provider',
    '20211211A-add-shares',
    '20220826A-add-origin-to-accountability',
    '20240305A-change-useragent-type',
    '20240515A-add-session-window',
    '20260512B-add-mcp-oauth',
  ];

  /** Of its helpers for several databases, what these migrations use. */
  const HELPERS = `
    export const getHelpers = (knex) => ({
      schema: {
        getTableNameMaxLength: () => 63,
        getColumnNameMaxLength: () => 63,
        changeToType: (table, column, type, { length, nullable } = {}) =>
          knex.schema.alterTable(table, (builder) => {
            const changed = builder[type](column, length);
            (nullable === false ? changed.notNullable() : changed.nullable()).alter();
          }),
      },
    });`;

  let folder = '';

  beforeAll(async () => {
    const needs = ['fs-extra@11', 'js-yaml@4', 'lodash-es@4'];
    folder = await unpack('directus', '@directus/api@39.2.1', needs);
    const helpers = path.join(folder, 'package/dist/database/helpers');
    await mkdir(helpers, { recursive: true });
    await writeFile(path.join(helpers, 'index.js'), HELPERS);
  }, INSTALL_MILLISECONDS);

  async function createTables(connection: string): Promise<void> {
    const dist = pathToFileURL(path.join(folder, 'package/dist/database/')).href;
    const client = knex({ client: 'pg', connection });
    try {
      const seeds: { default: Change } = await import(`${dist}seeds/run.js`);
      await seeds.default(client);
      for (const name of MIGRATIONS) {
        const migration: { up: Change } = await import(`${dist}migrations/${name}.js`);
        await migration.up(client);
      }
    } finally {
      await client.destroy();
    }
  }

  test('its preset deletes exactly what has expired', async ({ emptyDatabase: database }) => {
    await expectExactCleanUp(database, {
      preset: 'directus-sessions',
      open: async () => {
        await createTables(database.url);
        return bySql(
          database,
          'insert into directus_sessions (token, expires) values ($1, $2)',
          'select from directus_sessions where token = $1 and expires >= now()',
        );
      },
    });
  });
});

describe('Ory Hydra', () => {
  const missing = whyMissing('go', 'version');
  const HOUR = 3_600_000;
  const NETWORK = randomUUID();
  const CLIENT = `
    insert into hydra_client (id, nid, client_name, client_secret, scope, owner, policy_uri, tos_uri, client_uri, logo_uri,
      sector_identifier_uri, jwks, jwks_uri, metadata, redirect_uris, grant_types, response_types, audience,
      allowed_cors_origins, contacts, request_uris)
    values ('client', '${NETWORK}', '', '', '', '', '', '', '', '', '', '', '', '', '[]', '[]', '[]', '[]', '[]', '[]', '[]')`;
  let folder = '';

  beforeAll(async () => {
    if (missing !== undefined) return;
    const output = await run('go', ['mod', 'download', '-json', 'github.com/ory/hydra/v2@v2.3.0']);
    const { Dir }: { Dir: string } = JSON.parse(output);
    folder = path.join(Dir, 'persistence/sql/migrations');
  }, INSTALL_MILLISECONDS);

  async function createTables(database: TestDatabase): Promise<void> {
    const files = readdirSync(folder).filter(
      (file) => file.endsWith('.up.sql') && !/\.(cockroach|mysql|sqlite)\./.test(file),
    );
    for (const file of files.toSorted()) {
      await database.sql(readFileSync(path.join(folder, file), 'utf8'));
    }
    await database.sql(`insert into networks values ('${NETWORK}', now(), now())`);
    await database.sql(CLIENT);
  }

  test.for([
    ['hydra-access-tokens', 'hydra_oauth2_access', 1],
    ['hydra-refresh-tokens', 'hydra_oauth2_refresh', 30 * 24],
  ] as const)(
    'the preset %s deletes exactly what has expired',
    async ([preset, table, lifetimeHours], { emptyDatabase: database, skip }) => {
      if (missing !== undefined) return skip(missing);
      await expectExactCleanUp(database, {
        preset,
        open: async () => {
          await createTables(database);
          return bySql(
            database,
            `insert into ${table} (signature, request_id, requested_at, client_id, scope, granted_scope, form_data,
               session_data, nid)
             values ($1, $1, $2, 'client', '', '', '', '', '${NETWORK}')`,
            `select from ${table} where signature = $1`,
            // Hydra writes its times in UTC.
            (id, expires) => [id, new Date(expires.getTime() - lifetimeHours * HOUR).toISOString()],
          );
        },
      });
    },
  );
});
