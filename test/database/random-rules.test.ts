import fc from 'fast-check';
import { expect } from 'vitest';

import type { Condition, TargetConfig } from '../../src/config/config.ts';
import { LIFETIME_UNITS, type LifetimeUnit } from '../../src/config/expiry-types.ts';
import { addressForcing, openCleaner } from '../support/cleaner.ts';
import { test } from '../support/fixtures.ts';

/*
 * Random rules on random rows, compared with a plain evaluation: instants and lifetimes are whole microseconds, and
 * conditions are evaluated on the values themselves. Zones with daylight saving time and calendar intervals have tests
 * of their own in rules.test.ts.
 */

const CUTOFF = '2026-03-01T12:00:00Z';
const SECOND = 1_000_000n;
const T = BigInt(Date.parse(CUTOFF)) * 1_000n;

/** What a column holds: NULL, an instant in microseconds, or a value that never expires. */
type Meaning = bigint | null | 'never' | 'unreadable';

interface Cell {
  /** As PostgreSQL reads it; null is NULL. */
  readonly text: string | null;
  readonly means: Meaning;
}

const NULL: Cell = { text: null, means: null };

function instantText(micros: bigint, zone = 'Z'): string {
  const milliseconds = new Date(Number(micros / 1_000n)).toISOString().slice(0, -1);
  return `${milliseconds}${String(micros % 1_000n).padStart(3, '0')}${zone}`;
}

function decimal(micros: bigint): string {
  const digits = String(micros < 0n ? -micros : micros).padStart(7, '0');
  return `${micros < 0n ? '-' : ''}${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

function cell(text: string, means: Meaning): Cell {
  return { text, means };
}

const INFINITE = [cell('infinity', 'never'), cell('-infinity', 'never')];
const KATHMANDU = 20_700n * SECOND;

/** The columns: how they write an instant, their smallest step in microseconds, and special values. */
const COLUMNS = {
  tz: { step: 1n, write: (at: bigint) => instantText(at), special: INFINITE },
  ts: { step: 1n, write: (at: bigint) => instantText(at + KATHMANDU, ''), special: INFINITE },
  s4: {
    step: SECOND,
    write: (at: bigint) => String(at / SECOND),
    special: [cell('0', 0n), cell('-2147483648', 'never'), cell('2147483647', T + T)],
  },
  s8: {
    step: SECOND,
    write: (at: bigint) => String(at / SECOND),
    special: [
      cell('-1', -SECOND),
      cell('-9223372036854775808', 'never'),
      cell('9223372036854775807', 'never'),
    ],
  },
  num: {
    step: 1n,
    write: decimal,
    special: [
      cell('NaN', 'never'),
      cell('Infinity', 'never'),
      cell('-Infinity', 'never'),
      cell('1e300', 'never'),
      cell('-1e300', -(10n ** 306n)),
    ],
  },
  f8: {
    step: SECOND / 2n,
    write: decimal,
    special: [cell('NaN', 'never'), cell('-Infinity', 'never'), cell('-1e300', -(10n ** 306n))],
  },
  ms: {
    step: 1_000n,
    write: (at: bigint) => String(at / 1_000n),
    special: [cell('0', 0n), cell('9223372036854775807', 'never')],
  },
  iso: {
    step: 1n,
    write: (at: bigint) => instantText(at),
    special: [cell('', 'unreadable'), cell('soon', 'unreadable'), cell('0', 'unreadable')],
  },
  iso2: {
    step: 1n,
    write: (at: bigint) => instantText(at + KATHMANDU, '+05:45'),
    special: [cell('2026-02-30', 'unreadable')],
  },
} as const;

type ExpiryColumn = keyof typeof COLUMNS;

/** Columns of which one rule may take the latest, by their type. */
const TOGETHER: readonly (readonly [TargetConfig['expiresType'], readonly ExpiryColumn[]])[] = [
  [undefined, ['tz', 'ts']],
  ['epoch-seconds', ['s4', 's8', 'num', 'f8']],
  ['epoch-milliseconds', ['ms']],
  ['iso8601', ['iso', 'iso2']],
];

/** Lifetimes and graces in seconds: few, so that rows often lie at the end of one. */
const LIFETIMES = [0, 60, 3_600, 2_592_000];
const GRACES = [0, 10];

function cellOf(name: ExpiryColumn): fc.Arbitrary<Cell> {
  const { step, write, special } = COLUMNS[name];
  const atSomeEnd = fc
    .tuple(
      fc.constantFrom(...LIFETIMES),
      fc.constantFrom(...GRACES),
      fc.bigInt({ min: -1n, max: 1n }),
    )
    .map(([lifetime, grace, steps]) => T - BigInt(lifetime + grace) * SECOND + steps * step);
  const anywhere = fc
    .bigInt({ min: -50_000n, max: 2_000n })
    .map((hours) => T + hours * 3_600n * SECOND);
  return fc.oneof(
    { weight: 6, arbitrary: atSomeEnd.map((at) => cell(write(at), at)) },
    { weight: 2, arbitrary: anywhere.map((at) => cell(write(at), at)) },
    { weight: 1, arbitrary: fc.constant(NULL) },
    { weight: 1, arbitrary: fc.constantFrom<Cell>(...special) },
  );
}

/** Lifetimes in the unit of the rule, and values by which a row never expires. */
const LIFETIME_COLUMNS = {
  l4: ['0', '1', '60', '3600', '2147483647', '-1', null],
  l8: ['0', '1', '30', '9223372036854775807', '-9223372036854775808', null],
  lnum: ['0', '0.5', '60', '1e300', 'NaN', 'Infinity', '-0.5', null],
  lint: ['0', '60 s', '3600 s', '30 d', '178000000 y', '-1 d', '1 d -1 h', null],
} as const;

type LifetimeName = keyof typeof LIFETIME_COLUMNS;

/** Microseconds; undefined: the row never expires. */
function lifetimeOf(text: string | null, unit: LifetimeUnit | undefined): bigint | undefined {
  if (text === null || text.includes('-') || text === 'NaN' || text.endsWith('y')) return undefined;
  if (unit === undefined) {
    const [amount = '0', of] = text.split(' ');
    return BigInt(amount) * (of === 'd' ? 86_400n : 1n) * SECOND;
  }
  const micros = BigInt(Math.round(LIFETIME_UNITS[unit] * 1e6));
  if (/^\d+$/.test(text)) return BigInt(text) * micros;
  return text === '0.5' ? micros / 2n : undefined;
}

/** Columns of conditions, with their values. */
const VALUES = {
  kind: ['web', 'api', 'Web', 'web_1', '', null],
  n: ['0', '5', '-1', null],
  flag: ['true', 'false', null],
} as const;

type ValueColumn = keyof typeof VALUES;

type Row = Readonly<Record<ExpiryColumn, Cell> & Record<LifetimeName | ValueColumn, string | null>>;

function record<Name extends string, Value>(
  names: readonly Name[],
  of: (name: Name) => fc.Arbitrary<Value>,
): fc.Arbitrary<Record<Name, Value>> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return fc.record(Object.fromEntries(names.map((name) => [name, of(name)]))) as fc.Arbitrary<
    Record<Name, Value>
  >;
}

function keysOf<Name extends string>(of: Readonly<Record<Name, unknown>>): readonly Name[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.keys(of) as Name[];
}

const anyRow: fc.Arbitrary<Row> = fc
  .tuple(
    record(keysOf(COLUMNS), cellOf),
    record(keysOf(LIFETIME_COLUMNS), (name) => fc.constantFrom(...LIFETIME_COLUMNS[name])),
    record(keysOf(VALUES), (name) => fc.constantFrom<string | null>(...VALUES[name])),
  )
  .map(([cells, lifetimes, values]) => ({ ...cells, ...lifetimes, ...values }));

interface Where {
  readonly column: ValueColumn;
  readonly condition: Condition;
}

function conditionOf(column: ValueColumn): fc.Arbitrary<Condition> {
  const value = fc.constantFrom<string | null>(...VALUES[column]);
  const typed = value.map((text) =>
    text === null
      ? null
      : column === 'n'
        ? Number(text)
        : column === 'flag'
          ? text === 'true'
          : text,
  );
  const plain: fc.Arbitrary<Condition>[] = [
    fc.array(typed, { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
    ...(column === 'kind'
      ? [fc.constantFrom('w', 'web_', 'W').map((startsWith) => ({ startsWith }))]
      : []),
    ...(column === 'n' ? [fc.constantFrom(-1, 0, 4).map((above) => ({ above }))] : []),
  ];
  return fc.oneof(
    ...plain,
    ...plain.map((each) => each.map((not) => ({ not }))),
    ...plain.map((each) => each.map((not) => ({ not: { not } }))),
  );
}

function meets(value: string | null, condition: Condition): boolean {
  if ('not' in condition) return value !== null && !meets(value, condition.not);
  if ('anyOf' in condition) {
    return condition.anyOf.some((each) =>
      each === null ? value === null : String(each) === value,
    );
  }
  if (value === null) return false;
  return 'startsWith' in condition
    ? value.startsWith(condition.startsWith)
    : Number(value) > Number(condition.above);
}

interface Rule {
  readonly expiresType: TargetConfig['expiresType'];
  readonly columns: readonly ExpiryColumn[];
  readonly lifetimeSeconds: number;
  readonly lifetime:
    { readonly column: LifetimeName; readonly unit: LifetimeUnit | undefined } | undefined;
  readonly never: readonly string[];
  readonly where: readonly Where[];
  readonly graceSeconds: number;
}

const anyWhere: fc.Arbitrary<Where> = fc
  .constantFrom(...keysOf(VALUES))
  .chain((column) => conditionOf(column).map((condition) => ({ column, condition })));

const anyLifetime: fc.Arbitrary<Pick<Rule, 'lifetimeSeconds' | 'lifetime'>> = fc.oneof(
  fc
    .constantFrom(...LIFETIMES)
    .map((lifetimeSeconds) => ({ lifetimeSeconds, lifetime: undefined })),
  fc
    .tuple(fc.constantFrom(...keysOf(LIFETIME_COLUMNS)), fc.constantFrom(...keysOf(LIFETIME_UNITS)))
    .map(([column, unit]) => ({
      lifetimeSeconds: 0,
      lifetime: { column, unit: column === 'lint' ? undefined : unit },
    })),
);

const anyRule: fc.Arbitrary<Rule> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .tuple(
        fc
          .constantFrom(...TOGETHER)
          .chain(([expiresType, columns]) =>
            fc
              .subarray([...columns], { minLength: 1 })
              .map((some) => ({ expiresType, columns: some })),
          ),
        anyLifetime,
        fc.subarray(['0', '-1', 'soon'], { maxLength: 2 }),
        fc.array(anyWhere, { maxLength: 2 }),
        fc.constantFrom(...GRACES),
      )
      .map(([columns, lifetime, never, where, graceSeconds]) => ({
        ...columns,
        ...lifetime,
        // Instants have none of these values.
        never: never.filter((value) =>
          columns.expiresType === undefined
            ? false
            : columns.expiresType === 'iso8601' || value !== 'soon',
        ),
        where,
        graceSeconds,
      })),
  },
  {
    weight: 1,
    arbitrary: fc.array(anyWhere, { minLength: 1, maxLength: 3 }).map((where) => ({
      expiresType: undefined,
      columns: [],
      lifetimeSeconds: 0,
      lifetime: undefined,
      never: [],
      where,
      graceSeconds: 0,
    })),
  },
);

function hasExpired(row: Row, rule: Rule): boolean {
  if (!rule.where.every(({ column, condition }) => meets(row[column], condition))) return false;
  if (rule.columns.length === 0) return true;
  const cells = rule.columns.map((column) => row[column]);
  if (cells.some(({ text }) => text !== null && rule.never.includes(text))) return false;
  const starts = cells.map(({ means }) => means).filter((means) => means !== null);
  if (starts.length === 0 || starts.some((means) => typeof means !== 'bigint')) return false;
  const instants = starts.filter((means) => typeof means === 'bigint');
  const start = instants.reduce((latest, at) => (at > latest ? at : latest));
  const lifetime =
    rule.lifetime === undefined
      ? BigInt(rule.lifetimeSeconds) * SECOND
      : lifetimeOf(row[rule.lifetime.column], rule.lifetime.unit);
  return lifetime !== undefined && start + lifetime <= T - BigInt(rule.graceSeconds) * SECOND;
}

test('any rule deletes exactly the rows that a plain evaluation names', async ({ database }) => {
  await database.sql(`create table odd (id int4, tz timestamptz, ts timestamp, s4 int4, s8 int8, num numeric, f8 float8,
    ms int8, iso text, iso2 varchar(40), l4 int4, l8 int8, lnum numeric, lint interval, kind text, n int4, flag boolean)`);
  for (const column of keysOf(COLUMNS)) await database.sql(`create index on odd (${column})`);
  const types = await database.sql<{ name: keyof Row; type: string }>(
    `select attname as name, format_type(atttypid, null) as type from pg_attribute
     where attrelid = 'odd'::regclass and attnum > 1 order by attnum`,
  );
  const insert = `insert into odd select ordinality, ${types.map(({ name, type }) => `${name}::${type}`).join(', ')}
    from unnest(${types.map((_, i) => `$${i + 1}::text[]`).join(', ')}) with ordinality
      as given (${types.map(({ name }) => name).join(', ')}, ordinality)`;
  await fc.assert(
    fc.asyncProperty(
      anyRule,
      fc.array(anyRow, { minLength: 30, maxLength: 60 }),
      fc.constantFrom('sweep' as const, 'drain' as const),
      async (rule, rows, way) => {
        await database.sql('truncate odd');
        await database.sql(
          insert,
          types.map(({ name }) =>
            rows.map((row) => {
              const value = row[name];
              return value === null || typeof value === 'string' ? value : value.text;
            }),
          ),
        );
        const { columns, expiresType, lifetimeSeconds, lifetime, never, where, graceSeconds } =
          rule;
        await using cleaner = openCleaner(
          { ...database, url: addressForcing(way, database) },
          {
            target: {
              table: 'odd',
              expiresColumns: columns,
              expiresType,
              timeZone: 'Asia/Kathmandu',
              lifetimeSeconds,
              lifetimeColumn: lifetime,
              never,
              where,
              graceSeconds,
            },
          },
        );
        const preview = await cleaner.preview(CUTOFF);
        const outcome = await cleaner.clean({ cutoff: `'${CUTOFF}'::timestamptz` });

        const left = await database.sql<{ id: number }>('select id from odd order by id');
        const kept = rows.flatMap((row, index) => (hasExpired(row, rule) ? [] : [index + 1]));
        expect(left.map(({ id }) => id)).toEqual(kept);
        expect(outcome.deletedCount).toBe(rows.length - kept.length);
        expect(preview.eligibleRows).toBe(rows.length - kept.length);
      },
    ),
    { numRuns: 100, interruptAfterTimeLimit: 25_000 },
  );
}, 60_000);
