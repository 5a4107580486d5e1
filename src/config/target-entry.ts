/** The shape of `session-cleanup.yaml`: the loader, its messages and the JSON Schema come from this. */
import { z } from 'zod';

import { parseInstant } from '../contract/instants.ts';
import { EXPIRY_TYPES, LIFETIME_UNITS } from './expiry-types.ts';
import {
  COLUMN_NAME,
  GRACE,
  LIFETIME,
  SHARE_OR_OFF,
  TABLE_NAME,
  TARGET_NAME,
  TIME_ZONE,
  type ValueKind,
} from './value-kinds.ts';

/** What a message says of the names of keys: those that exist. */
const KEYS_SEPARATOR = ', ';

/** The keys that a message about an unknown one lists. */
export function knownKeys(allowed: string): readonly string[] {
  return allowed.split(KEYS_SEPARATOR);
}

/** Every message of this schema is what is allowed; the loader adds place, key and value. */
function text(kind: ValueKind<unknown>, description: string, pattern?: RegExp): z.ZodString {
  const schema = z.string({ error: kind.allowed });
  return (
    pattern === undefined ? schema : schema.regex(pattern, { error: kind.allowed, abort: true })
  )
    .refine((value) => kind.schema.safeParse(value).success, { error: kind.allowed })
    .meta({ description });
}

function map<Shape extends z.ZodRawShape>(shape: Shape, description: string) {
  return z
    .strictObject(shape, { error: Object.keys(shape).join(KEYS_SEPARATOR) })
    .meta({ description });
}

function word<const Word extends string>(words: readonly Word[], description: string) {
  return z.enum(words, { error: words.join(', ') }).meta({ description });
}

function list<Item extends z.ZodType>(item: Item, allowed: string, description: string) {
  const error = `a list of ${allowed}, not empty`;
  return z.array(item, { error }).min(1, { error }).meta({ description });
}

const DURATION = /^\d+[smhd]$/;
const timeZone = text(TIME_ZONE, 'IANA time zone of values that have none');
const column = text(COLUMN_NAME, 'Name of a column, as in the catalogs');

const STORABLE_TEXT = 'a text without NUL characters';

/** PostgreSQL stores no other text. */
const storableText = z
  .string({ error: STORABLE_TEXT })
  .refine((value) => value.isWellFormed() && !value.includes('\0'), { error: STORABLE_TEXT })
  .meta({ description: 'Compared in the type of the column' });

const scalar = z.union([storableText, z.number(), z.boolean()], {
  error: `${STORABLE_TEXT}, a number, true or false`,
});

/** What a column's value has to meet, as written. */
export type ConditionEntry =
  | z.input<typeof scalar>
  | null
  | (z.input<typeof scalar> | null)[]
  | { readonly not: ConditionEntry }
  | { readonly startsWith: string }
  | { readonly above: number | string };

const prefix = storableText.min(1, { error: 'a text, not empty' });

const NUMBER_OR_INSTANT = 'a number, or an instant with a time zone';

/** A number beyond 2^53 has to be in quotes. */
const numberOrInstant = z
  .string()
  .refine((value) => /^-?\d+(?:\.\d+)?$/.test(value) || parseInstant(value) !== undefined, {
    error: NUMBER_OR_INSTANT,
  });

const CONDITION_ALLOWED =
  'a value, a list of values, null, { not: … }, { startsWith: text }, { above: number or instant }';

const condition: z.ZodType<ConditionEntry, ConditionEntry> = z
  .lazy(() =>
    z.union(
      [
        scalar,
        z.null(),
        list(z.union([scalar, z.null()], { error: 'a value or null' }), 'values', 'One of these'),
        z.strictObject({ not: condition }),
        z.strictObject({ startsWith: prefix }),
        z.strictObject({
          above: z.union([z.number(), numberOrInstant], { error: NUMBER_OR_INSTANT }),
        }),
      ],
      { error: CONDITION_ALLOWED },
    ),
  )
  .meta({ id: 'condition', description: `A condition: ${CONDITION_ALLOWED}` });

/** The map below `expires:`. */
export const expiresEntry = map(
  {
    column: column.optional(),
    latestOf: list(
      column,
      'columns',
      'The latest of these columns counts; NULL does not',
    ).optional(),
    type: word(EXPIRY_TYPES, 'How the columns store an instant').optional(),
    timeZone: timeZone.optional(),
    lifetime: text(
      LIFETIME,
      'The column holds a start; a row expires so long after it',
      DURATION,
    ).optional(),
    lifetimeColumn: text(
      COLUMN_NAME,
      "Column with each row's own lifetime; NULL or negative: never expires",
    ).optional(),
    lifetimeUnit: word(
      // The keys of the record are its units.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      Object.keys(LIFETIME_UNITS) as (keyof typeof LIFETIME_UNITS)[],
      'Unit of the numbers in lifetimeColumn',
    ).optional(),
    never: list(scalar, 'values', 'Values that mean "never", besides NULL').optional(),
  },
  'When a row expires',
);

const expires = z.union(
  [
    z.literal('immediately').meta({ description: 'Rows that meet `where` expire at once' }),
    expiresEntry,
  ],
  { error: 'immediately, or a map with column or latestOf' },
);

const child = map(
  {
    table: text(TABLE_NAME, 'Table whose rows refer to the target'),
    column: column.optional(),
    columns: z
      .record(column, column, { error: 'a map of child column: parent column' })
      .meta({ description: 'Child column: parent column' })
      .optional(),
  },
  'A table whose rows refer to those of the target',
);

/** One entry below `targets:`, as written. */
export const targetEntry = map(
  {
    preset: z
      .string({ error: 'the name of a preset; `session-cleanup presets` lists them' })
      .meta({
        description: 'Name of a preset; `session-cleanup presets` lists them',
      })
      .optional(),
    table: text(TABLE_NAME, 'Table to clean').optional(),
    schemas: z
      .string({ error: 'a pattern such as tenant_*' })
      .meta({ description: 'One table in each of these schemas (not supported yet)' })
      .optional(),
    database: z
      .string({ error: 'a key of databases' })
      .meta({ description: 'A key of databases (not supported yet)' })
      .optional(),
    expires: expires.optional(),
    timeZone: timeZone.optional(),
    where: z
      .record(column, condition, { error: 'a map of column: condition' })
      .refine((conditions) => Object.keys(conditions).length > 0, {
        error: 'a map of column: condition, not empty',
      })
      .meta({ description: 'Conditions on columns, all of which must hold', minProperties: 1 })
      .optional(),
    grace: text(GRACE, 'How long a row is kept after its expiry', DURATION).optional(),
    unlessReferenced: z
      .boolean({ error: 'true or false' })
      .meta({ description: 'Keep a row while a foreign key refers to it' })
      .optional(),
    dependents: list(child, 'tables', 'Rows of these tables are deleted first').optional(),
    unlink: list(child, 'tables', 'References of these tables are set to NULL first').optional(),
    cascade: word(
      ['refuse', 'allow'],
      'Whether ON DELETE CASCADE may delete rows that may be live',
    ).optional(),
    partitions: word(
      ['rows', 'drop'],
      'How a partitioned table is cleaned (drop is not supported yet)',
    ).optional(),
    approval: text(
      SHARE_OR_OFF,
      'Share of the rows from which a run waits for approval, or off',
    ).optional(),
  },
  'A set of rows to clean: a table and a rule',
);

/** One entry below `targets:`, as written. */
export type TargetEntry = z.input<typeof targetEntry>;

const TARGETS_ALLOWED = 'a map of targets, not empty';

/** The whole file. */
export const configFile = map(
  {
    defaults: map(
      {
        timeZone: timeZone.optional(),
        grace: text(GRACE, 'How long rows are kept after their expiry', DURATION).optional(),
        approval: text(
          SHARE_OR_OFF,
          'Share of the rows from which a run waits for approval, or off',
        ).optional(),
      },
      'For every target that does not say otherwise',
    ).optional(),
    targets: z
      .record(z.string().regex(TARGET_NAME.pattern, { error: TARGET_NAME.allowed }), targetEntry, {
        error: TARGETS_ALLOWED,
      })
      .refine((targets) => Object.keys(targets).length > 0, { error: TARGETS_ALLOWED })
      .meta({
        description: 'The targets, by name; a run cleans them in this order',
        minProperties: 1,
      }),
    databases: z
      .record(
        z.string(),
        map(
          {
            urlFrom: z
              .string({ error: 'the name of an environment variable' })
              .regex(/^[A-Za-z_]\w*$/, { error: 'the name of an environment variable' })
              .meta({ description: 'Environment variable with the address of the database' }),
          },
          'A database',
        ),
        { error: 'a map of databases' },
      )
      .meta({ description: 'Further databases (not supported yet)' })
      .optional(),
  },
  'Configuration of session-cleanup',
);

/** The whole file, as written. */
export type ConfigFile = z.input<typeof configFile>;

/** The keys of an entry in one level; the time zone may be written in either place. */
export type FlatEntry = Omit<TargetEntry, 'expires'> & {
  readonly expires?: 'immediately' | undefined;
} & {
  readonly [Key in Exclude<keyof ExpiresEntry, 'timeZone'> as `expires.${Key}`]?: ExpiresEntry[Key];
};

type ExpiresEntry = Exclude<NonNullable<TargetEntry['expires']>, string>;
