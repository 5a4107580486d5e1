import { asInstant, type ExpiryColumn } from './expiry.ts';
import type { Target } from './target.ts';

/** A value that many applications use for "never", or in place of no value. */
export interface Sentinel {
  /** As it is stored in the column. */
  readonly value: string;
  /** SQL that is true for rows that hold it; means the same under any setting. */
  readonly sql: string;
}

/** By SQL type: what is stored for "never", and the smallest and largest values. */
const NUMBERS: Readonly<Record<string, readonly string[]>> = {
  integer: ['0', '-1', '-2147483648', '2147483647'],
  bigint: ['0', '-1', '-9223372036854775808', '9223372036854775807'],
  numeric: ['0', '-1', '-Infinity', 'Infinity', 'NaN'],
  'double precision': ['0', '-1', '-Infinity', 'Infinity', 'NaN'],
};

const INSTANTS = ['-infinity', '0001-01-01 00:00:00', '1970-01-01 00:00:00', 'infinity'];

/** The well-known values of the columns of which a target's expiry is made; not those that are known to mean "never". */
export function sentinelsOf({ expiryColumns, config }: Target): readonly Sentinel[] {
  const never = new Set(config.never.map(String));
  return expiryColumns.flatMap(ofColumn).filter(({ value }) => !never.has(value));
}

function ofColumn(expiry: ExpiryColumn): readonly Sentinel[] {
  const { column, columnType, sqlType } = expiry;
  const isEpoch = expiry.type === 'epoch-seconds' || expiry.type === 'epoch-milliseconds';
  const operand = expiry.type === 'iso8601' ? asInstant(expiry) : column;
  const type = expiry.type === 'iso8601' ? 'pg_catalog.timestamptz' : sqlType;
  // Infinities have no zone.
  const zoneOf = (value: string): string =>
    isEpoch || expiry.type === 'timestamp' || value.includes('infinity') ? '' : '+00';
  const values = isEpoch ? (NUMBERS[columnType] ?? []) : INSTANTS;
  return values.map((value) => ({
    value,
    sql: `${operand} operator(pg_catalog.=) '${value}${zoneOf(value)}'::${type}`,
  }));
}
