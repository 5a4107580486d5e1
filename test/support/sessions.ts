/** Rows for the table `sessions`. */
import { randomUUID } from 'node:crypto';

import { hashToken } from '../../src/database/session-repository.ts';
import type { TestDatabase } from './test-database.ts';

/** The given columns of a session; all others are random. */
export interface SessionRow {
  /** Left out: a random one. */
  readonly id?: string;
  /** Left out: a random one. */
  readonly token?: string;
  /** An instant, or an SQL expression such as `now() - interval '1 microsecond'` (see `at`). */
  readonly expiresAt: Date | { readonly sql: string };
}

/** An expiry as an SQL expression: the database's clock, and its microseconds. */
export function at(sql: string): { readonly sql: string } {
  return { sql };
}

/** Inserts sessions, in this order, and returns their ids. */
export async function insertSessions(
  database: TestDatabase,
  rows: readonly SessionRow[],
): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const row of rows) {
    const id = row.id ?? randomUUID();
    const { expiresAt } = row;
    const [expiry, parameters] = 'sql' in expiresAt ? [expiresAt.sql, []] : ['$4', [expiresAt]];
    await database.sql(
      `insert into sessions (id, user_id, token_hash, created_at, last_seen_at, expires_at)
       values ($1, $2, $3, now() - interval '30 days', now() - interval '1 day', ${expiry})`,
      [id, `user-${id.slice(0, 8)}`, hashToken(row.token ?? id), ...parameters],
    );
    ids.push(id);
  }
  return ids;
}

/** A table of many sessions. */
export interface SessionMix {
  readonly expired: number;
  readonly live: number;
  /** True (the default): in no order of expiry, as a real table. False: the oldest expiry first. */
  readonly shuffled?: boolean;
}

/**
 * Fills `sessions` with many rows at once: expired within the last 30 days, but not in the last minute,
 * or live for the next 30 days, and at least for an hour, which no test outlasts. Statistics are up to
 * date afterwards.
 */
export async function fillSessions(database: TestDatabase, mix: SessionMix): Promise<void> {
  const order = mix.shuffled === false ? 'expires_at' : 'md5(number::text)';
  await database.sql(
    `insert into sessions (user_id, token_hash, user_agent, ip_address, created_at, last_seen_at, expires_at)
     select 'user-' || number % 1000, encode(sha256(gen_random_uuid()::text::bytea), 'hex'), 'test',
            '192.0.2.1', expires_at - interval '30 days', expires_at - interval '15 days', expires_at
     from (
       select number, now() + case
         when number <= $1::int then interval '-1 minute' - random() * interval '30 days'
         else interval '1 hour' + random() * interval '30 days' end as expires_at
       from generate_series(1, $1::int + $2::int) as number
     ) as made
     order by ${order}`,
    [mix.expired, mix.live],
  );
  await database.sql('vacuum analyze sessions');
}

/** How many rows of `sessions` have expired, and how many live. */
export async function countSessions(
  database: TestDatabase,
): Promise<{ readonly expired: number; readonly live: number }> {
  const [row] = await database.sql<{ expired: number; live: number }>(
    `select count(*) filter (where expires_at <= now())::int as expired,
            count(*) filter (where expires_at > now())::int as live
     from sessions`,
  );
  if (row === undefined) throw new Error('A count without a row.');
  return row;
}
