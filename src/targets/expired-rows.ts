import type { EntityManager } from '@mikro-orm/postgresql';
import { ask } from '../database/transaction.ts';
import type { SqlFragment } from '../database/sql.ts';
import { asInstant, boundOf, localTimeAsText } from './expiry.ts';
import type { Target } from './target.ts';

/** Which rows go: a target's rows that had expired by the deadline. */
export interface ExpiredRows {
  readonly target: Target;
  /** `deadline` in the column's own type, as text. */
  readonly bound: string;
  readonly deadline: string;
}

/**
 * The rows that had expired by `least(cutoff, database now()) - grace`, once the database has said what that
 * is. Its clock has the last word, so a cut-off that lies in the future by that clock removes nothing that
 * lives.
 *
 * @param cutoff - ISO 8601; the database's present when left out
 */
export async function expiredRowsOf(
  em: EntityManager,
  target: Target,
  { cutoff, graceSeconds }: { readonly cutoff?: string | undefined; readonly graceSeconds: number },
): Promise<ExpiredRows> {
  const [row] = await ask<{ deadline: string; bound: string }>(
    em,
    {},
    {
      sql: `select ${instantAsText('deadline')} as deadline, ${boundOf(target.expiry, 'deadline')} as bound
       from (select ${DEADLINE} as deadline) fixed`,
      params: [cutoff ?? 'infinity', graceSeconds],
    },
  );
  if (row === undefined) throw new Error('PostgreSQL answered a question without a row.');
  return { target, ...row };
}

/** True for rows whose expiry is not after the deadline; a NULL expiry never is. */
export function isExpired({ target, bound, deadline }: ExpiredRows): SqlFragment {
  const { expiry } = target;
  const { column, sqlType } = expiry;
  const upToBound = { sql: `${column} operator(pg_catalog.<=) ?::${sqlType}`, params: [bound] };
  switch (expiry.type) {
    case 'iso8601':
      return {
        sql: `${asInstant(expiry)} operator(pg_catalog.<=) ?::pg_catalog.timestamptz`,
        params: [deadline],
      };
    case 'timestamp':
      if (expiry.timeZone === 'UTC') return upToBound;
      // The bound finds the rows by index; the second test is exact where local time jumps. An hour that
      // occurs twice is read as the later one, so a row that may be live stays. No zone's time jumps by two days.
      return {
        sql:
          `${upToBound.sql} and case when ${column} operator(pg_catalog.<) ` +
          `(?::pg_catalog.timestamp operator(pg_catalog.-) pg_catalog.make_interval(days => 2)) then true ` +
          `else ${asInstant(expiry)} operator(pg_catalog.<=) ?::pg_catalog.timestamptz end`,
        params: [bound, bound, deadline],
      };
    case 'timestamptz':
    case 'epoch-seconds':
    case 'epoch-milliseconds':
      return upToBound;
  }
}

/** The deadline: parameters are the cut-off and the grace in seconds. Means the same under any search_path. */
export const DEADLINE =
  'least(?::pg_catalog.timestamptz, pg_catalog.now()) operator(pg_catalog.-) ' +
  'pg_catalog.make_interval(secs => ?::pg_catalog.float8)';

/**
 * SQL that writes an instant in ISO 8601, UTC, with the microseconds that a JavaScript Date would lose,
 * whatever the session's settings and search_path.
 */
export function instantAsText(instant: string): string {
  return `(${localTimeAsText(instant, 'UTC')} operator(pg_catalog.||) 'Z'::pg_catalog.text)`;
}
