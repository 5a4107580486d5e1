import type { EntityManager } from '@mikro-orm/postgresql';
import { allOf, type SqlFragment } from '../database/sql.ts';
import { ask } from '../database/transaction.ts';
import {
  asInstant,
  boundOf,
  isAboveSmallest,
  localTimeAsText,
  type ExpiryColumn,
} from './expiry.ts';
import type { Target } from './target.ts';

/** Which rows go: a target's rows that had expired by the deadline. */
export interface ExpiredRows extends Bounds {
  readonly target: Target;
  readonly deadline: string;
}

/** Where the values of expired rows end. */
interface Bounds {
  /** In the type of the expiry's column, as text. */
  readonly bound: string;
  /** As an instant: the deadline, less the lifetime of the rule. */
  readonly latest: string;
}

/**
 * The rows that had expired by `least(cutoff, database now()) - grace`, once the database has said what that
 * is. Its clock has the last word, so a cut-off that lies in the future by that clock removes nothing that
 * lives.
 *
 * @param cutoff - ISO 8601; the database's present when left out
 * @param graceSeconds - the target's own when left out
 */
export async function expiredRowsOf(
  em: EntityManager,
  target: Target,
  {
    cutoff,
    graceSeconds = target.graceSeconds,
  }: {
    readonly cutoff?: string | undefined;
    readonly graceSeconds?: number;
  } = {},
): Promise<ExpiredRows> {
  const [row] = await ask<Bounds & { deadline: string }>(
    em,
    {},
    {
      sql: `select ${instantAsText('deadline')} as deadline, ${boundsOf(target, 'deadline')}
       from (select ${DEADLINE} as deadline) fixed`,
      params: [cutoff ?? 'infinity', graceSeconds],
    },
  );
  if (row === undefined) throw new Error('PostgreSQL answered a question without a row.');
  return { target, ...row };
}

/** SQL for the columns of {@link Bounds}, from that of a deadline. */
export function boundsOf(
  { expiry, lifetimeSeconds }: Pick<Target, 'expiry' | 'lifetimeSeconds'>,
  deadline: string,
): string {
  const latest = `(${deadline} operator(pg_catalog.-) ${secondsOf(lifetimeSeconds)})`;
  const bound = expiry === undefined ? "''::pg_catalog.text" : boundOf(expiry, latest);
  return `${bound} as bound, ${instantAsText(latest)} as latest`;
}

/** SQL for an interval. */
export function secondsOf(seconds: number): string {
  return `pg_catalog.make_interval(secs => '${seconds}'::pg_catalog.float8)`;
}

/**
 * True for rows of the target whose expiry is not after the deadline. Not true for a NULL, the smallest value of a type
 * and values that mean "never".
 */
export function isExpired(rows: ExpiredRows): SqlFragment {
  const { expiry, expiryColumns, never, where } = rows.target;
  if (expiry === undefined) return allOf(...where);
  if (expiry === expiryColumns[0]) return allOf(hasPassed(expiry, rows), ...never, ...where);
  // A computed one is evaluated once, and the smallest values are those of its columns.
  const passed = {
    sql: `${expiry.column} operator(pg_catalog.<=) ?::${expiry.sqlType}`,
    params: [rows.bound],
  };
  const smallest = expiryColumns
    // No text is read as an infinity.
    .filter(({ type }) => type !== 'iso8601')
    .map((column) => ({ sql: `coalesce(${isAboveSmallest(column)}, true)`, params: [] }));
  return allOf(passed, ...smallest, ...never, ...where);
}

function hasPassed(expiry: ExpiryColumn, { bound, latest }: Bounds): SqlFragment {
  const { column, sqlType } = expiry;
  const upToBound = {
    sql: `${column} operator(pg_catalog.<=) ?::${sqlType} and ${isAboveSmallest(expiry)}`,
    params: [bound],
  };
  switch (expiry.type) {
    case 'iso8601':
      return {
        sql: `${asInstant(expiry)} operator(pg_catalog.<=) ?::pg_catalog.timestamptz`,
        params: [latest],
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
        params: [bound, bound, latest],
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
