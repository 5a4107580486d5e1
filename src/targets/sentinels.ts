import { asInstant, type ExpiryColumn } from './expiry.ts';

/** A value that many applications use for "never", or that stands for no value at all. */
export interface Sentinel {
  /** As it stands in the column. */
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

/** The well-known values of an expiry's type. */
export function sentinelsOf(expiry: ExpiryColumn): readonly Sentinel[] {
  const { column, columnType, sqlType } = expiry;
  switch (expiry.type) {
    case 'timestamptz':
      return INSTANTS.map((value) => ({
        value,
        sql: equals(column, value.includes('-01') ? `${value}+00` : value, sqlType),
      }));
    case 'timestamp':
      return INSTANTS.map((value) => ({ value, sql: equals(column, value, sqlType) }));
    case 'iso8601':
      return INSTANTS.map((value) => ({
        value,
        sql: equals(
          asInstant(expiry),
          value.includes('-01') ? `${value}+00` : value,
          'pg_catalog.timestamptz',
        ),
      }));
    case 'epoch-seconds':
    case 'epoch-milliseconds':
      return (NUMBERS[columnType] ?? []).map((value) => ({
        value,
        sql: equals(column, value, sqlType),
      }));
  }
}

function equals(operand: string, value: string, type: string): string {
  return `${operand} operator(pg_catalog.=) '${value}'::${type}`;
}
