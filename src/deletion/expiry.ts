import type { ExpiryType } from '../config/config.ts';
import type { SqlFragment } from '../database/sql-fragment.ts';
import type { LocalSettings } from '../database/transaction.ts';

/** The column that says when a row expires, as the catalogue and the configuration describe it. */
export interface ExpiryColumn {
  /** Quoted, ready for SQL. */
  readonly column: string;
  readonly type: ExpiryType;
  /** The column's own SQL type, in which it is compared, so that its index can be used. */
  readonly sqlType: string;
  /** IANA name; matters for `timestamp` and for ISO 8601 text without a zone. */
  readonly timeZone: string;
}

/**
 * What may be read as an instant; anything else in a text column never expires. Without this guard
 * one odd value would make the cast fail and stop the whole clean-up.
 */
const ISO_8601 = [
  String.raw`^\d{4,6}-\d{2}-\d{2}`,
  String.raw`([T ]\d{2}:\d{2}(:\d{2}([.,]\d+){0,1}){0,1}`,
  String.raw`\s*(Z|z|[+-]\d{2}(:{0,1}\d{2}(:{0,1}\d{2}){0,1}){0,1}){0,1}){0,1}\s*$`,
].join(''); // `{0,1}` because a question mark would be taken for a parameter

/** Settings under which the expressions below mean the same on every server. */
export function expirySettings(expiry: ExpiryColumn): LocalSettings {
  return { TimeZone: expiry.timeZone, DateStyle: 'ISO, YMD' };
}

/**
 * SQL that turns the deadline into the greatest value of the column's own type that has expired by then,
 * as text. Comparing in the column's type lets the planner use its index and estimate rows by its
 * statistics.
 *
 * @param deadline - SQL for the deadline, a `timestamptz`; it stands there once
 */
export function boundOf(expiry: ExpiryColumn, deadline: string): string {
  switch (expiry.type) {
    case 'timestamptz':
    case 'iso8601':
      return `to_jsonb(${deadline}) #>> '{}'`;
    case 'timestamp':
      return `to_jsonb(${deadline} at time zone ${literal(expiry.timeZone)}) #>> '{}'`;
    case 'epoch-seconds':
      return epochBound(expiry, `extract(epoch from ${deadline})`);
    case 'epoch-milliseconds':
      return epochBound(expiry, `extract(epoch from ${deadline}) * 1000`);
  }
}

/** True for rows whose expiry is not after the deadline; a NULL expiry never is. */
export function expired(expiry: ExpiryColumn, bound: string, deadline: string): SqlFragment {
  const { column, sqlType } = expiry;
  switch (expiry.type) {
    case 'iso8601':
      return {
        sql: `${asInstant(expiry)} <= ?::timestamptz`,
        params: [deadline],
      };
    case 'timestamp':
      if (expiry.timeZone === 'UTC') return { sql: `${column} <= ?::${sqlType}`, params: [bound] };
      // The bound finds the rows by index; the second test is exact where local time jumps. An hour that
      // occurs twice is read as the later one, so whoever may be alive stays.
      return {
        sql: `${column} <= ?::${sqlType} and ${asInstant(expiry)} <= ?::timestamptz`,
        params: [bound, deadline],
      };
    case 'timestamptz':
    case 'epoch-seconds':
    case 'epoch-milliseconds':
      return { sql: `${column} <= ?::${sqlType}`, params: [bound] };
  }
}

/** The expiry as a `timestamptz`; NULL where text cannot be read as one. */
export function asInstant(expiry: ExpiryColumn): string {
  const { column } = expiry;
  switch (expiry.type) {
    case 'timestamptz':
      return column;
    case 'timestamp':
      return `(${column} at time zone ${literal(expiry.timeZone)})`;
    case 'epoch-seconds':
      return `to_timestamp(${column}::float8)`;
    case 'epoch-milliseconds':
      return `to_timestamp(${column}::float8 / 1000)`;
    case 'iso8601':
      return `(case when ${column}::text ~ ${literal(ISO_8601)} then ${column}::timestamptz end)`;
  }
}

/** Whether an index on the column can find expired rows; text has to be read row by row. */
export function isIndexable(expiry: ExpiryColumn): boolean {
  return expiry.type !== 'iso8601';
}

function epochBound(expiry: ExpiryColumn, epoch: string): string {
  const whole = /^(smallint|integer|bigint)$/.test(expiry.sqlType);
  return whole ? `floor(${epoch})::bigint::text` : `(${epoch})::${expiry.sqlType}::text`;
}

/** Configuration and constants only; values of rows never come here. */
function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
