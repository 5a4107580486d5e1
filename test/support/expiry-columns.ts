/** The kinds of columns that can hold an expiry. */
import type { ExpiryType } from '../../src/config/expiry-types.ts';

/** A kind of expiry column, and how it writes an instant. */
export interface ExpiryColumnKind {
  readonly name: string;
  readonly columnType: string;
  readonly expiresType?: ExpiryType;
  readonly timeZone?: string;
  /** SQL that turns the `timestamptz` `instant` into the column's type. */
  readonly write: string;
  /** The smallest step that the column can represent, as an interval. */
  readonly step: string;
  readonly ways: readonly ('sweep' | 'drain')[];
}

export const BOTH = ['sweep', 'drain'] as const;

/** One of each type that can hold an expiry. */
export const EXPIRY_COLUMNS: readonly ExpiryColumnKind[] = [
  {
    name: 'timestamptz',
    columnType: 'timestamptz',
    write: 'instant',
    step: '1 microsecond',
    ways: BOTH,
  },
  {
    name: 'timestamp, taken as UTC',
    columnType: 'timestamp',
    write: `instant at time zone 'UTC'`,
    step: '1 microsecond',
    ways: BOTH,
  },
  {
    name: 'timestamp in a configured zone',
    columnType: 'timestamp',
    timeZone: 'Asia/Kathmandu',
    write: `instant at time zone 'Asia/Kathmandu'`,
    step: '1 microsecond',
    ways: BOTH,
  },
  {
    name: 'epoch seconds in a bigint',
    columnType: 'bigint',
    expiresType: 'epoch-seconds',
    write: 'extract(epoch from instant)::bigint',
    step: '1 second',
    ways: BOTH,
  },
  {
    name: 'epoch seconds in an integer',
    columnType: 'integer',
    expiresType: 'epoch-seconds',
    write: 'extract(epoch from instant)::integer',
    step: '1 second',
    ways: BOTH,
  },
  {
    name: 'epoch milliseconds in a bigint',
    columnType: 'bigint',
    expiresType: 'epoch-milliseconds',
    write: '(extract(epoch from instant) * 1000)::bigint',
    step: '1 millisecond',
    ways: BOTH,
  },
  {
    name: 'epoch seconds with a fraction in a numeric',
    columnType: 'numeric',
    expiresType: 'epoch-seconds',
    write: 'extract(epoch from instant)',
    step: '1 microsecond',
    ways: BOTH,
  },
  {
    name: 'epoch seconds in a double precision',
    columnType: 'double precision',
    expiresType: 'epoch-seconds',
    write: 'extract(epoch from instant)',
    step: '1 microsecond',
    ways: BOTH,
  },
  {
    name: 'ISO 8601 text with a zone',
    columnType: 'text',
    expiresType: 'iso8601',
    write: `to_char(instant at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`,
    step: '1 microsecond',
    ways: ['sweep'],
  },
  {
    name: 'ISO 8601 text without a zone, in the configured one',
    columnType: 'varchar(40)',
    expiresType: 'iso8601',
    timeZone: 'America/New_York',
    write: `to_char(instant at time zone 'America/New_York', 'YYYY-MM-DD HH24:MI:SS.US')`,
    step: '1 microsecond',
    ways: ['sweep'],
  },
];
