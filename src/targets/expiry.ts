import type { ExpiryType } from '../config/expiry-types.ts';

/*
 * These expressions take part in the deleting transaction, which runs under the settings of the role and the
 * database. So nothing here depends on one: functions, operators and types are named with their schema, texts
 * and constants are typed, no literal has a backslash (`standard_conforming_strings`), and nothing is read by
 * `DateStyle` or `TimeZone`. `extract`, `coalesce`, `least`, `greatest`, `case` and `is null` are syntax, which
 * no search_path changes.
 */

/** A column that says when a row expires, or an expression made of such columns. */
export interface ExpiryColumn {
  /** Ready for SQL: a quoted name, or an expression in parentheses. */
  readonly column: string;
  readonly type: ExpiryType;
  /** SQL type in which the column is compared, and in which positions are kept; its index can be used. */
  readonly sqlType: string;
  /** The column's own type, as PostgreSQL names it; a domain counts as its base type. */
  readonly columnType: string;
  /**
   * IANA name; matters for `timestamp` and for ISO 8601 text without a zone. Undefined for text whose zone is
   * not known: then values that name no zone cannot be read.
   */
  readonly timeZone: string | undefined;
}

/** Days that exist in the Gregorian calendar. The year 0000, which PostgreSQL refuses, is tested apart. */
const DATE = [
  '[0-9]{4}-(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])',
  '[0-9]{4}-(0[469]|11)-(0[1-9]|[12][0-9]|30)',
  '[0-9]{4}-02-(0[1-9]|1[0-9]|2[0-8])',
  '([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)-02-29',
].join('|');

/** A leap second is the first one of the next minute. */
const TIME =
  '([01][0-9]|2[0-3]):[0-5][0-9](:([0-5][0-9]([.][0-9]{1,12}){0,1}|60)){0,1}|24:00(:00([.]0{1,12}){0,1}){0,1}';

/** PostgreSQL takes offsets of less than 16 hours. */
const ZONE = ' {0,1}([Zz]|[+-](0[0-9]|1[0-5])(:{0,1}[0-5][0-9](:[0-5][0-9]){0,1}){0,1})';

/**
 * What is read as an instant; any other text never expires. One value that PostgreSQL cannot cast would stop the
 * whole clean-up, so this takes no value that a cast refuses. `{0,1}` because a question mark would be taken
 * for a parameter.
 */
const ISO_8601 = `^(${DATE})([T ](${TIME})(${ZONE}){0,1}){0,1} *$`;

const INSTANT = 'timestamp with time zone';

/** By type; other numbers have an infinity. */
const SMALLEST: Readonly<Record<string, string>> = {
  smallint: '-32768',
  integer: '-2147483648',
  bigint: '-9223372036854775808',
};

/** A zone follows the date, which has hyphens of its own. */
const HAS_ZONE = '^.{10}.*[Zz+-]';

/**
 * SQL that turns the deadline into the greatest value of the column's own type that has expired by then,
 * as text. Comparing in the column's type lets the planner use its index and estimate rows by its
 * statistics.
 *
 * @param deadline - SQL for the deadline, a `timestamptz`; used once
 */
export function boundOf(expiry: ExpiryColumn, deadline: string): string {
  switch (expiry.type) {
    case 'timestamptz':
    case 'iso8601':
      return `${localTimeAsText(deadline, 'UTC')} operator(pg_catalog.||) 'Z'::pg_catalog.text`;
    case 'timestamp':
      return localTimeAsText(deadline, expiry.timeZone ?? 'UTC');
    case 'epoch-seconds':
      return epochBound(expiry, `extract(epoch from ${deadline})`);
    case 'epoch-milliseconds':
      return epochBound(expiry, product(`extract(epoch from ${deadline})`, 1_000));
  }
}

/**
 * The expiry as a `timestamptz`; NULL where text cannot be read as one. Never fails: what is outside the range of
 * timestamps is read as the nearest one.
 */
export function asInstant(expiry: ExpiryColumn): string {
  const { column } = expiry;
  switch (expiry.type) {
    case 'timestamptz':
      return column;
    case 'timestamp': {
      const [first, last] = ['4700-01-01 BC', '290000-01-01'].map((text) => timestamp(text));
      return (
        `(case when pg_catalog.isfinite(${column}) then ` +
        `${inZone(`greatest(least(${column}, ${last}), ${first})`, expiry.timeZone ?? 'UTC')} ` +
        // Casting an infinity needs no zone.
        `else ${column}::pg_catalog.timestamptz end)`
      );
    }
    case 'epoch-seconds':
    case 'epoch-milliseconds':
      return fromEpoch(epochOf(expiry));
    case 'iso8601': {
      const text = textOf(expiry);
      // Only digits and punctuation are left, so no abbreviation of a zone can take part.
      const digits = ['T', 'Z', 'z'].reduce(
        (sql, letter) =>
          `pg_catalog.replace(${sql}, '${letter}'::pg_catalog.text, '${letter === 'T' ? ' ' : '+00'}'::pg_catalog.text)`,
        text,
      );
      const local =
        expiry.timeZone === undefined
          ? ''
          : ` else ${inZone(`${digits}::pg_catalog.timestamp`, expiry.timeZone)}`;
      return (
        `(case when ${matches(text, ISO_8601)} and ${text} operator(pg_catalog.!~) '^0000'::pg_catalog.text ` +
        `then case when ${matches(text, HAS_ZONE)} then ${digits}::pg_catalog.timestamptz${local} end end)`
      );
    }
  }
}

/** True for rows with a text that cannot be read as an instant; undefined where all values can be. */
export function unreadable(columns: readonly ExpiryColumn[]): string | undefined {
  const tests = columns
    .filter(({ type }) => type === 'iso8601')
    .map((column) => `(${column.column} is not null and ${asInstant(column)} is null)`);
  return tests.length === 0 ? undefined : `(${tests.join(' or ')})`;
}

/**
 * The latest of several columns. NULLs do not count; a row in which a text cannot be read has no expiry, since that
 * text may be the latest.
 */
export function latestOf(columns: readonly ExpiryColumn[]): ExpiryColumn {
  const latest = `greatest(${columns.map(asInstant).join(', ')})`;
  const isUnreadable = unreadable(columns);
  return {
    column:
      isUnreadable === undefined ? latest : `(case when not ${isUnreadable} then ${latest} end)`,
    type: 'timestamptz',
    sqlType: INSTANT,
    columnType: INSTANT,
    timeZone: undefined,
  };
}

/** A column that holds the lifetime of each row. */
export interface LifetimeColumn {
  /** Ready for SQL. */
  readonly column: string;
  /** As PostgreSQL names it. */
  readonly type: string;
  /** Seconds of which its numbers count so many; undefined: it is an interval. */
  readonly unitSeconds: number | undefined;
}

/** Early enough that any lifetime which is added is a timestamp, and late enough to be one in every zone. */
const LATEST_START = "'200000-01-01 00:00:00+00'::pg_catalog.timestamptz";
const EARLIEST_START = "'4700-01-01 00:00:00+00 BC'::pg_catalog.timestamptz";

const INTERVAL_PARTS = ['year', 'month', 'day', 'hour', 'minute', 'second'];

/** In seconds: longer than any lifetime, and short enough to be added to a start. */
const LONGEST_INTERVAL = "'1000000000000'::pg_catalog.numeric";

/**
 * A start and the lifetime of each row, added up in numbers that no column's value can exceed. NULL where either is
 * NULL or the lifetime, or a part of an interval, is negative. Days and months of an interval count in the start's zone.
 */
export function withLifetime(start: ExpiryColumn, lifetime: LifetimeColumn): ExpiryColumn {
  const { column, unitSeconds } = lifetime;
  const sum = (number: string): string => `(${epochOf(start)} operator(pg_catalog.+) ${number})`;
  let expiry: string;
  if (unitSeconds === undefined) {
    const seconds = `extract(epoch from ${column})`;
    // Parts of both signs could leave the range of timestamps on the way to a sum within it.
    const parts = INTERVAL_PARTS.map((part) => `extract(${part} from ${column})`);
    const zone = start.timeZone ?? 'UTC';
    const instant = asInstant(start);
    const local = `pg_catalog.timezone(${literal(zone)}, ${instant})`;
    const isInRange =
      `${seconds} operator(pg_catalog.<) ${LONGEST_INTERVAL} and ${instant} operator(pg_catalog.<) ${LATEST_START} ` +
      `and ${instant} operator(pg_catalog.>) ${EARLIEST_START}`;
    expiry =
      `(case when ${isPositive(`least(${parts.join(', ')})`)} and ${isInRange} then ` +
      `extract(epoch from ${inZone(`(${local} operator(pg_catalog.+) ${column})`, zone)}) end)`;
  } else {
    const number = `${column}::pg_catalog.numeric`;
    expiry = `(case when ${isPositive(number)} then ${sum(product(number, unitSeconds))} end)`;
    const quick = quickSum(start, lifetime);
    if (quick !== undefined) {
      const slow = `case when ${expiry} is not null then ${fromEpoch(expiry)} end`;
      return {
        column: `(case when ${quick.isExact} then ${quick.sum} else ${slow} end)`,
        type: 'timestamptz',
        sqlType: INSTANT,
        columnType: INSTANT,
        timeZone: undefined,
      };
    }
  }
  return {
    column: expiry,
    type: 'epoch-seconds',
    sqlType: 'numeric',
    columnType: 'numeric',
    timeZone: undefined,
  };
}

/**
 * The same in the arithmetic of timestamps, which takes half the time of that in numbers: for whole numbers in ranges
 * that are exact to the microsecond, and in which nothing overflows. Undefined for other types.
 */
function quickSum(
  start: ExpiryColumn,
  { column, type, unitSeconds }: LifetimeColumn,
): { readonly isExact: string; readonly sum: string } | undefined {
  const isEpoch = start.type.startsWith('epoch');
  if (unitSeconds === undefined || !WHOLE.has(type) || (isEpoch && !WHOLE.has(start.columnType)))
    return undefined;
  if (start.type === 'iso8601') return undefined;
  const between = (value: string, first: string, last: string): string =>
    `${value} operator(pg_catalog.>=) ${first} and ${value} operator(pg_catalog.<=) ${last}`;
  const perSecond = start.type === 'epoch-milliseconds' ? 1_000 : 1;
  const whole = (number: number): string => `'${number}'::pg_catalog.int8`;
  const seconds = `(${start.column}::pg_catalog.float8 operator(pg_catalog./) '${perSecond}'::pg_catalog.float8)`;
  const instant = isEpoch ? `pg_catalog.to_timestamp(${seconds})` : asInstant(start);
  const isExact = [
    between(`${column}::pg_catalog.int8`, whole(0), whole(Math.floor(LONGEST_EXACT / unitSeconds))),
    isEpoch
      ? between(`${start.column}::pg_catalog.int8`, whole(0), whole(4_000_000_000 * perSecond))
      : between(instant, EARLIEST_START, LATEST_START),
  ];
  const lifetime = `(${column}::pg_catalog.float8 operator(pg_catalog.*) '${unitSeconds}'::pg_catalog.float8)`;
  return {
    isExact: isExact.join(' and '),
    sum: `(${instant} operator(pg_catalog.+) pg_catalog.make_interval(secs => ${lifetime}))`,
  };
}

/** Seconds, some 3,000 years: a start and this are a timestamp, and a float holds it with its microseconds. */
const LONGEST_EXACT = 100_000_000_000;

const WHOLE: ReadonlySet<string> = new Set(['smallint', 'integer', 'bigint']);

/**
 * True for rows whose value is the smallest one of its type, or an infinite past: no application means an instant by it.
 */
export function isAboveSmallest({ column, type, sqlType, columnType }: ExpiryColumn): string {
  const smallest = type.startsWith('epoch') ? (SMALLEST[columnType] ?? '-Infinity') : '-infinity';
  return `${column} operator(pg_catalog.>) '${smallest}'::${sqlType}`;
}

/** SQL that writes a `timestamptz` as local time of a zone, in ISO 8601 with microseconds. */
export function localTimeAsText(instant: string, timeZone: string): string {
  const local = `pg_catalog.timezone(${literal(timeZone)}, ${instant})`;
  return `pg_catalog.to_char(${local}, 'YYYY-MM-DD"T"HH24:MI:SS.US'::pg_catalog.text)`;
}

function epochBound({ columnType }: ExpiryColumn, epoch: string): string {
  const whole = columnType === 'integer' || columnType === 'bigint';
  // Numbers are exact as numeric; a double precision prints as many digits as extra_float_digits allows.
  return whole
    ? `pg_catalog.floor(${epoch})::pg_catalog.int8::pg_catalog.text`
    : `(${epoch})::pg_catalog.text`;
}

/** The value as a number of seconds since 1970. */
function epochOf(expiry: ExpiryColumn): string {
  const number = `${expiry.column}::pg_catalog.numeric`;
  switch (expiry.type) {
    case 'epoch-seconds':
      return number;
    case 'epoch-milliseconds':
      return product(number, 0.001);
    case 'timestamptz':
    case 'timestamp':
    case 'iso8601':
      return `extract(epoch from ${asInstant(expiry)})`;
  }
}

function isPositive(number: string): string {
  return `${number} operator(pg_catalog.>=) '0'::pg_catalog.numeric`;
}

function fromEpoch(seconds: string): string {
  const [first, last] = ["'-210000000000'", "'9200000000000'"].map(
    (number) => `${number}::pg_catalog.numeric`,
  );
  // Of NULL and a limit, `least` takes the limit.
  return (
    `(case when ${seconds} is not null then ` +
    `pg_catalog.to_timestamp(greatest(least(${seconds}, ${last}), ${first})::pg_catalog.float8) end)`
  );
}

function product(number: string, factor: number): string {
  return `(${number} operator(pg_catalog.*) '${factor}'::pg_catalog.numeric)`;
}

function inZone(local: string, timeZone: string): string {
  return `pg_catalog.timezone(${literal(timeZone)}, ${local})`;
}

/** A nondeterministic collation of the column would refuse regular expressions. */
function textOf({ column }: ExpiryColumn): string {
  return `(${column}::pg_catalog.text collate pg_catalog."C")`;
}

function matches(text: string, pattern: string): string {
  return `${text} operator(pg_catalog.~) ${literal(pattern)}`;
}

function timestamp(text: string): string {
  return `'${text}'::pg_catalog.timestamp`;
}

/** A text constant. Configuration and constants only; values of rows never come here. */
function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'::pg_catalog.text`;
}
