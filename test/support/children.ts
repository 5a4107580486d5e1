/** Tables whose rows refer to sessions, and clients that are about to add such a row. */
import { randomUUID } from 'node:crypto';

import type pg from 'pg';
import { expect, vi } from 'vitest';

import type { ChildTable } from '../../src/config/config.ts';
import { forceWay, openCleaner, type Cleaner } from './cleaner.ts';
import type { TestDatabase } from './test-database.ts';

/** Foreign keys, by what a deletion or an open transaction meets. */
export const FOREIGN_KEYS = {
  cascade: 'references sessions on delete cascade',
  'no action': 'references sessions',
  deferred: 'references sessions deferrable initially deferred',
  'deferred cascade': 'references sessions on delete cascade deferrable initially deferred',
} as const;

export type ForeignKeyKind = keyof typeof FOREIGN_KEYS;

/** A child table as `dependents` and `unlink` name it: by one column that refers to the target's key. */
export function child(table: string, column = 'session_id'): ChildTable {
  return { schema: undefined, table, columns: [{ child: column, parent: undefined }] };
}

/** Makes a child table; each of its rows has a session, or had one. */
export async function createChildren(
  database: TestDatabase,
  kind: ForeignKeyKind = 'no action',
  table = 'devices',
): Promise<void> {
  await database.sql(
    `create table ${table} (id uuid primary key default gen_random_uuid(), session_id uuid ${FOREIGN_KEYS[kind]})`,
  );
  await database.sql(`create index on ${table} (session_id)`);
}

/** Adds so many rows for each expired session, or for those that a condition leaves. */
export async function addChildren(
  database: TestDatabase,
  each: number,
  { table = 'devices', where = 'expires_at <= now()' } = {},
): Promise<void> {
  await database.sql(
    `insert into ${table} (session_id) select id from sessions cross join generate_series(1, $1) where ${where}`,
    [each],
  );
  await database.sql(`analyze ${table}`);
}

export async function countRowsOf(database: TestDatabase, table: string): Promise<number> {
  const [row] = await database.sql<{ count: number }>(
    `select count(*)::int as count from ${table}`,
  );
  return row?.count ?? 0;
}

/** Makes the clean-up take one way: nearly all rows have expired, and children are found by their indexes. */
export async function chooseWay(database: TestDatabase, way: 'sweep' | 'drain'): Promise<void> {
  if (way === 'drain') await forceWay(database, way);
}

/** A client that has inserted a row for one expired session, in a transaction that is still open. */
export async function beginInsert(
  database: TestDatabase,
): Promise<{ readonly client: pg.Client; readonly session: string; readonly device: string }> {
  const [row] = await database.sql<{ id: string }>(
    'select id from sessions where expires_at <= now() order by id limit 1',
  );
  const [session, device] = [row?.id ?? '', randomUUID()];
  const client = await database.connect();
  await client.query('begin');
  await client.query('insert into devices (id, session_id) values ($1, $2)', [device, session]);
  return { client, session, device };
}

/** A cleaner that waits for row locks for as long as a test takes. */
export function openWaitingCleaner(
  database: TestDatabase,
  target: Parameters<typeof openCleaner>[1] & object,
): Cleaner {
  return openCleaner(database, {
    ...target,
    settings: { lanes: 1, lockTimeoutMilliseconds: 20_000, chunkMilliseconds: 5_000 },
  });
}

/** Waits until a statement of the clean-up waits for another session's lock. */
export async function untilBlocked(database: TestDatabase): Promise<void> {
  await vi.waitFor(
    async () => {
      const waiting = await database.sql(
        `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      expect(waiting).toHaveLength(1);
    },
    { timeout: 10_000, interval: 10 },
  );
}
