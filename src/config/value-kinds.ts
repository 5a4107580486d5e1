import { z } from 'zod';

import { BOOLEAN_SPELLINGS, parseBoolean } from './boolean.ts';
import { checkDatabaseUrl } from './database-url.ts';
import { parseDuration, unitMilliseconds } from './duration.ts';
import type { DurationUnit } from './duration.ts';
import type { ValueKind } from './setting.ts';
import { parseSqlName, parseTableName } from './sql-name.ts';
import type { TableName } from './sql-name.ts';
import { isTimeZone } from './time-zone.ts';

/** Temporal refuses longer ids and names. */
const LONGEST_TEMPORAL_NAME_BYTES = 1_000;

/** Temporal puts a prefix before it and appends the start time of a run to it. */
const LONGEST_SCHEDULE_ID_BYTES = LONGEST_TEMPORAL_NAME_BYTES - 100;

/** Of a deployment's name or a build id: well below what Temporal takes, and enough for any. */
const LONGEST_VERSION_PART = 200;

/** Schemas that PostgreSQL keeps for itself. */
const RESERVED_SCHEMA = /^(?:pg_.*|information_schema)$/;

const UNIT_WORDS: Readonly<Record<DurationUnit, string>> = {
  ms: 'milliseconds',
  s: 'seconds',
  m: 'minutes',
  h: 'hours',
  d: 'days',
};

/** A parser's answer: the value, or the reason why the text is none. */
type Reading<Value> = { readonly value: Value } | { readonly refusal: string };

/**
 * A duration, read into whole numbers of `unit`.
 *
 * @param bareNumber - True when a number without a unit is taken as that many of `unit`.
 */
export function durationIn(
  unit: DurationUnit,
  shortest: string,
  longest: string,
  { bareNumber = false } = {},
): ValueKind<number> {
  const least = limit(shortest);
  const most = limit(longest);
  const length = unitMilliseconds(unit);
  const bare = bareNumber ? `; a bare number is ${UNIT_WORDS[unit]}` : '';
  return {
    allowed: `${shortest} to ${longest}, in whole ${UNIT_WORDS[unit]}${bare}`,
    schema: reading((text) => {
      const milliseconds = parseDuration(text, bareNumber ? unit : undefined);
      if (milliseconds === undefined) {
        return { refusal: 'is not a duration such as 500ms, 20s, 5m, 6h or 1d' };
      }
      if (milliseconds < least) return { refusal: 'is too short' };
      if (milliseconds > most) return { refusal: 'is too long' };
      if (milliseconds % length !== 0)
        return { refusal: `is not a whole number of ${UNIT_WORDS[unit]}` };
      return { value: milliseconds / length };
    }),
  };
}

/** A whole number, both limits included. */
export function wholeNumberBetween(least: number, most: number): ValueKind<number> {
  return {
    allowed: `a whole number from ${least} to ${most}`,
    schema: reading((text) => {
      // Number('') is 0 and Number('0x10') is 16: only plain digits count as a number here.
      if (!/^-?\d+$/.test(text)) return { refusal: 'is not a whole number' };
      const value = Number(text);
      if (value < least) return { refusal: 'is too small' };
      if (value > most) return { refusal: 'is too large' };
      return { value };
    }),
  };
}

/** A share of a whole, read into a number above 0 and up to 1; `off`: null. */
export function shareOrOff(): ValueKind<number | null> {
  return {
    allowed: '1% to 100%, or off',
    schema: reading<number | null>((text) => {
      if (text === 'off') return { value: null };
      const percent = /^(\d{1,3})%$/.exec(text)?.[1];
      if (percent === undefined) return { refusal: 'is neither a percentage such as 90% nor off' };
      const share = Number(percent) / 100;
      return share > 0 && share <= 1 ? { value: share } : { refusal: 'is no share of a table' };
    }),
  };
}

/** A yes or no. */
export function truth(): ValueKind<boolean> {
  return {
    allowed: BOOLEAN_SPELLINGS,
    schema: reading((text) => {
      const value = parseBoolean(text);
      return value === undefined ? { refusal: 'is neither true nor false' } : { value };
    }),
  };
}

/** One of a few words. */
export function oneOf<const Word extends string>(words: readonly Word[]): ValueKind<Word> {
  return {
    allowed: words.join(', '),
    schema: reading((text) => {
      const value = words.find((word) => word === text);
      return value === undefined ? { refusal: 'is none of these' } : { value };
    }),
  };
}

/** The name of a table, with or without its schema. */
export function tableName(): ValueKind<TableName> {
  return {
    allowed: 'table or schema.table, exactly as PostgreSQL has it; double quotes round odd names',
    schema: reading((text) => {
      const name = parseTableName(text);
      return 'refusal' in name ? name : { value: name };
    }),
  };
}

/** The name of a column. */
export function columnName(): ValueKind<string> {
  return {
    allowed: 'a column, exactly as PostgreSQL has it; double quotes round odd names',
    schema: reading(readName),
  };
}

/** The name of a schema that is ours to create. */
export function ownSchemaName(): ValueKind<string> {
  return {
    allowed:
      'a schema, exactly as PostgreSQL has it; not pg_… or information_schema, no dot or question mark',
    schema: reading((text) => {
      const name = readName(text);
      // MikroORM takes one for a parameter and the other for the end of the schema, in a name as well.
      if ('value' in name && /[?.]/.test(name.value)) {
        return { refusal: 'holds a question mark or a dot' };
      }
      return 'value' in name && RESERVED_SCHEMA.test(name.value)
        ? { refusal: 'PostgreSQL keeps for itself' }
        : name;
    }),
  };
}

/** A time zone of the IANA database. */
export function timeZone(): ValueKind<string> {
  return {
    allowed: 'an IANA time zone such as UTC or Europe/Berlin',
    schema: reading((text) =>
      isTimeZone(text) ? { value: text } : { refusal: 'is no known time zone' },
    ),
  };
}

/** The address of a database. */
export function databaseUrl(): ValueKind<string> {
  return {
    allowed: 'postgres://user:password@host:port/database',
    schema: reading((text) => {
      const url = checkDatabaseUrl(text);
      return typeof url === 'string' ? { value: url } : url;
    }),
  };
}

/** The name of a Temporal task queue. */
export function taskQueueName(): ValueKind<string> {
  return temporalName(LONGEST_TEMPORAL_NAME_BYTES);
}

/** The id of a Temporal Schedule, which is also the base of the ids of its runs. */
export function temporalId(): ValueKind<string> {
  return temporalName(LONGEST_SCHEDULE_ID_BYTES);
}

function temporalName(longest: number): ValueKind<string> {
  return {
    allowed: `a name of at most ${longest} bytes, without blanks at its ends`,
    schema: reading((text) => {
      if (text !== text.trim()) return { refusal: 'begins or ends with a blank' };
      if (Buffer.byteLength(text) > longest) return { refusal: 'is too long' };
      if (text.startsWith('/_sys/')) return { refusal: 'Temporal keeps for itself' };
      return { value: text };
    }),
  };
}

/** The name of a Worker Deployment; Temporal keeps dots and colons to set the build id off. */
export function deploymentName(): ValueKind<string> {
  return versionPart(/^[\w-]+$/, 'letters, digits, _ and -');
}

/** The build id of a worker, such as a release or a commit. */
export function buildId(): ValueKind<string> {
  return versionPart(/^[\w.+-]+$/, 'letters, digits, _, -, . and +');
}

function versionPart(pattern: RegExp, characters: string): ValueKind<string> {
  return {
    allowed: `1 to ${LONGEST_VERSION_PART} ${characters}, not beginning with __`,
    schema: reading((text) => {
      if (!pattern.test(text)) return { refusal: 'holds another character' };
      if (text.length > LONGEST_VERSION_PART) return { refusal: 'is too long' };
      if (text.startsWith('__')) return { refusal: 'Temporal keeps for itself' };
      return { value: text };
    }),
  };
}

function readName(text: string): Reading<string> {
  const name = parseSqlName(text);
  return typeof name === 'string' ? { value: name } : name;
}

/** Makes a zod schema of a parser that tells why it refuses. */
export function reading<Value>(read: (text: string) => Reading<Value>): z.ZodType<Value, string> {
  return z.string().transform((text, context) => {
    const answer = read(text);
    if ('value' in answer) return answer.value;
    context.addIssue({ code: 'custom', message: answer.refusal });
    return z.NEVER;
  });
}

function limit(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined) throw new TypeError(`not a duration: ${text}`);
  return milliseconds;
}
