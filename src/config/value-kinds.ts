import { z } from 'zod';

import { databaseUrlProblem } from './database-url.ts';
import { MILLISECONDS, parseDuration, type DurationUnit } from './duration.ts';

/** What a setting may be, for a parser and for people. */
export interface ValueKind<Value> {
  readonly schema: z.ZodType<Value, string>;
  /** Follows "Allowed: " in a message; also shown in `--help` and the docs. */
  readonly allowed: string;
  /** What is wrong with a text that the schema refuses, as a predicate; left out: "is invalid". */
  readonly problem?: (text: string) => string | undefined;
}

/** A table's name, with its schema if one was given. */
export interface TableName {
  readonly schema: string | undefined;
  readonly table: string;
}

const UNITS = { ms: 'milliseconds', s: 'seconds', m: 'minutes', h: 'hours', d: 'days' } as const;

/**
 * A duration, read into whole numbers of `unit`.
 *
 * @param bareNumber - True when a number without a unit counts as that many of `unit`.
 */
export function durationIn(
  unit: DurationUnit,
  shortest: string,
  longest: string,
  { bareNumber = false } = {},
): ValueKind<number> {
  const length = MILLISECONDS[unit];
  const duration = z
    .string()
    .transform((text) => parseDuration(text, bareNumber ? unit : undefined) ?? Number.NaN)
    .pipe(z.number());
  const range = z.number().min(duration.parse(shortest)).max(duration.parse(longest));
  const bare = bareNumber ? `; a bare number is ${UNITS[unit]}` : '';
  return {
    allowed: `${shortest} to ${longest}, in whole ${UNITS[unit]}${bare}`,
    schema: duration.pipe(range.multipleOf(length)).transform((value) => value / length),
  };
}

/** How long a row is kept after its expiry. */
export const GRACE = durationIn('s', '0s', '3650d');

/** How long after the value of its column a row expires. */
export const LIFETIME = durationIn('s', '1s', '3650d');

/** A whole number, both limits included. */
export function wholeNumberBetween(least: number, most: number): ValueKind<number> {
  return {
    allowed: `a whole number from ${least} to ${most}`,
    // Coercion alone would read '' as 0 and '0x10' as 16.
    schema: z.string().regex(/^\d+$/).transform(Number).pipe(z.number().min(least).max(most)),
  };
}

/** A share of a whole: above 0, up to 1; `off` is null. */
export const SHARE_OR_OFF: ValueKind<number | null> = {
  allowed: '1% to 100%, or off',
  schema: z.union([
    z.literal('off').transform(() => null),
    z
      .string()
      .regex(/^(?!0+%)(?:\d{1,2}|100)%$/)
      .transform((text) => Number(text.slice(0, -1)) / 100),
  ]),
};

/** A yes or no, in upper or lower case. */
export const BOOLEAN: ValueKind<boolean> = {
  allowed: 'true or false (also yes/no, on/off, 1/0)',
  schema: z.stringbool({
    truthy: ['true', 'yes', 'on', '1'],
    falsy: ['false', 'no', 'off', '0'],
  }),
};

/** One of a few words. */
export function oneOf<const Word extends string>(words: readonly Word[]): ValueKind<Word> {
  return { allowed: words.join(', '), schema: z.string().pipe(z.enum(words)) };
}

/** PostgreSQL truncates longer names silently, and would then find another table. */
const LONGEST_NAME_BYTES = 63;

const EXACT_NAME =
  `spelled as in the catalogs, at most ${LONGEST_NAME_BYTES} bytes; ` +
  'in double quotes if it has dots, quotes or blanks at its ends';

/** Unquoted, or in double quotes with `""` for a quote. Never folded to lower case. */
const NAME = String.raw`(?!\s)[^".]+(?<!\s)|"(?:[^"]|"")+"`;
const TABLE = new RegExp(String.raw`^(?:(${NAME})\.)?(${NAME})$`);

const name = z
  .string()
  .regex(new RegExp(`^(?:${NAME})$`))
  .transform(unquote)
  .refine(isStorable);

/** The name of a table, with or without its schema. */
export const TABLE_NAME: ValueKind<TableName> = {
  allowed: `table or schema.table, each ${EXACT_NAME}`,
  schema: z
    .string()
    .regex(TABLE)
    .transform((text) => {
      const [, schema, table = ''] = TABLE.exec(text) ?? [];
      return { schema: schema === undefined ? undefined : unquote(schema), table: unquote(table) };
    })
    .refine(({ schema, table }) => isStorable(schema ?? '') && isStorable(table)),
};

function unquote(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text;
}

function isStorable(text: string): boolean {
  return (
    text.isWellFormed() && !text.includes('\0') && Buffer.byteLength(text) <= LONGEST_NAME_BYTES
  );
}

/** The name of a column. */
export const COLUMN_NAME: ValueKind<string> = { allowed: `a column, ${EXACT_NAME}`, schema: name };

/** The name of a schema that the program creates. */
export const OWN_SCHEMA_NAME: ValueKind<string> = {
  allowed: 'a schema of at most 63 bytes; not pg_… or information_schema, no dot or question mark',
  // MikroORM takes a question mark for a parameter and a dot for the end of the schema.
  schema: name.refine((text) => !/^pg_|^information_schema$|[?.]/.test(text)),
};

/** A time zone of the IANA database. */
export const TIME_ZONE: ValueKind<string> = {
  allowed: 'an IANA time zone such as UTC or Europe/Berlin',
  schema: z.string().refine(isTimeZone),
};

/** Whether the text names a time zone of the IANA database, such as `UTC` or `Europe/Berlin`. */
export function isTimeZone(text: string): boolean {
  // PostgreSQL reads the sign of `+02:00` the other way round.
  if (!/^[A-Za-z][A-Za-z0-9_+\-/]*$/.test(text)) return false;
  try {
    // The constructor is the only check there is; it throws a RangeError for an unknown zone.
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** Where a server listens. */
export interface ListenAddress {
  /** A name or an IP address, an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
}

const LISTENER = /^(?:\[([\da-fA-F:.]+)\]|([^\s:/@[\]]+)):(\d{1,5})$/;

/** The address of a server that the program opens. */
export const LISTEN_ADDRESS: ValueKind<ListenAddress> = {
  allowed:
    'host:port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080, with a port from 1 to 65535',
  schema: z
    .string()
    .regex(LISTENER)
    .transform((text) => {
      const [, address, name = '', port] = LISTENER.exec(text) ?? [];
      return { host: address ?? name, port: Number(port) };
    })
    .refine(({ port }) => port >= 1 && port <= 65_535),
};

/** The address of a web service. */
export const WEB_ADDRESS: ValueKind<string> = {
  allowed: 'http://host:port or https://host:port, with an optional path',
  schema: z.url({ protocol: /^https?$/ }),
};

function isUrlEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** Headers as OpenTelemetry writes them. */
export const HEADERS: ValueKind<Readonly<Record<string, string>>> = {
  allowed: 'name=value, several separated by commas, with values in URL encoding',
  schema: z
    .string()
    .regex(/^[^=,\s]+=(?:[^,%]|%[\da-fA-F]{2})*(?:,\s*[^=,\s]+=(?:[^,%]|%[\da-fA-F]{2})*)*$/)
    .refine(isUrlEncoded)
    .transform((text) =>
      Object.fromEntries(
        text.split(',').map((pair) => {
          const at = pair.indexOf('=');
          return [pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1)).trim()];
        }),
      ),
    ),
};

/** The address of a database. */
export const DATABASE_ADDRESS: ValueKind<string> = {
  allowed: 'postgres://user:password@host:port/database',
  schema: z.string().refine((text) => databaseUrlProblem(text) === undefined),
  problem: databaseUrlProblem,
};

/** A name in Temporal, such as that of a task queue. */
export function temporalName(longestBytes: number): ValueKind<string> {
  return {
    allowed: `a name of at most ${longestBytes} bytes, without blanks at its ends or /_sys/ at its beginning`,
    schema: z
      .string()
      .refine((text) => text === text.trim() && !text.startsWith('/_sys/'))
      .refine((text) => Buffer.byteLength(text) <= longestBytes),
  };
}

/** The name of a Worker Deployment; Temporal reserves dots and colons, and its Worker Controller uses slashes. */
export const DEPLOYMENT_NAME: ValueKind<string> = {
  allowed: '1 to 200 letters, digits, _, - and /, not beginning with __',
  schema: z.string().regex(/^(?!__)[\w/-]{1,200}$/),
};

/** The build id of a worker, such as a release or a commit. */
export const BUILD_ID: ValueKind<string> = {
  allowed: '1 to 200 letters, digits, _, -, . and +, not beginning with __',
  schema: z.string().regex(/^(?!__)[\w.+-]{1,200}$/),
};

/** The name of a target, plain since inputs, results and the ledger contain it. */
export const TARGET_NAME = {
  allowed: 'a name of at most 40 a-z, 0-9, _ and -, beginning with a letter',
  pattern: /^[a-z][a-z0-9_-]{0,39}$/,
} as const;

/** The path of a file. */
export const FILE_PATH: ValueKind<string> = { allowed: 'the path of a file', schema: z.string() };

/** The name of a preset. */
export const PRESET_NAME: ValueKind<string> = {
  allowed: 'the name of a preset; `session-cleanup presets` lists them',
  schema: z.string(),
};
