import { describe, expect } from 'vitest';

import type { Condition, TargetConfig } from '../../src/config/config.ts';
import { forceWay, openCleaner } from '../support/cleaner.ts';
import { BOTH, EXPIRY_COLUMNS } from '../support/expiry-columns.ts';
import { test } from '../support/fixtures.ts';
import type { TestDatabase } from '../support/test-database.ts';

/** The cut-off of all rules. */
const T = `'2026-03-01T12:00:00Z'::timestamptz`;
const T_TEXT = '2026-03-01T12:00:00Z';

/** A table, and which of its rows a rule deletes. */
interface Rule {
  readonly rule: string;
  /** Statements before the table is created. */
  readonly before?: string;
  /** Columns besides `name`. */
  readonly columns: string;
  /** The values of these columns, in SQL, by the row's name. */
  readonly gone: Readonly<Record<string, string>>;
  readonly kept: Readonly<Record<string, string>>;
  readonly target: Partial<TargetConfig>;
  /** The column whose index a drain uses; left out: the rule can only be swept. */
  readonly index?: string;
}

function ruleTest(rule: Rule): void {
  const { columns, gone, kept, target, index } = rule;
  for (const way of index === undefined ? (['sweep'] as const) : BOTH) {
    test(`${rule.rule}: ${way}`, async ({ database }) => {
      if (rule.before !== undefined) await database.sql(rule.before);
      await database.sql(`create table odd (name text primary key, ${columns})`);
      if (index !== undefined) await database.sql(`create index on odd (${index})`);
      const rows = Object.entries({ ...gone, ...kept });
      await database.sql(
        `insert into odd values ${rows.map(([name, values]) => `('${name}', ${values})`).join(', ')}`,
      );
      await forceWay(database, way);
      await using cleaner = openCleaner(database, { target: { table: 'odd', ...target } });

      const preview = await cleaner.preview(T_TEXT);
      const outcome = await cleaner.clean({ cutoff: T });

      expect(await names(database)).toEqual(Object.keys(kept).toSorted());
      expect(outcome).toMatchObject({ deletedCount: Object.keys(gone).length, way });
      expect(preview).toMatchObject({ eligibleRows: Object.keys(gone).length, way });
    });
  }
}

/** Letters that differ in case only are equal. */
const NO_CASE =
  "create collation no_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)";

async function names(database: TestDatabase): Promise<readonly string[]> {
  const rows = await database.sql<{ name: string }>('select name from odd');
  return rows.map(({ name }) => name).toSorted();
}

describe('a lifetime', () => {
  for (const { name, columnType, expiresType, timeZone, write, step, ways } of EXPIRY_COLUMNS) {
    const at = (instant: string): string => write.replaceAll('instant', `(${instant})`);
    const start = `${T} - interval '30 days'`;
    ruleTest({
      rule: `counts from a column of ${name}`,
      columns: `used ${columnType}`,
      gone: { exactly: at(start), 'long ago': at(`${start} - interval '9 years'`) },
      kept: { after: at(`${start} + interval '${step}'`), now: at(T), none: 'null' },
      target: {
        expiresColumns: ['used'],
        expiresType,
        timeZone: timeZone ?? 'UTC',
        lifetimeSeconds: 30 * 86_400,
      },
      ...(ways.includes('drain') ? { index: 'used' } : {}),
    });
  }

  // On 2025-10-26 in Berlin, 02:30 occurs at 00:30Z and at 01:30Z; on 2025-03-30 it does not occur, and counts as 01:30Z.
  for (const [day, what] of [
    ['2025-10-26', 'an hour that occurs twice counts as the later one'],
    ['2025-03-30', 'an hour that is left out counts as the next one'],
  ] as const) {
    test(what, async ({ database }) => {
      await database.sql('create table odd (name text, used timestamp, lived int)');
      await database.sql(`insert into odd values ('half past two', '${day} 02:30', 86400)`);
      const target = { table: 'odd', expiresColumns: ['used'], timeZone: 'Europe/Berlin' };
      const end = `'${day}T01:30:00Z'::timestamptz + interval '1 day'`;
      for (const rule of [
        { lifetimeSeconds: 86_400 },
        { lifetimeColumn: { column: 'lived', unit: 'seconds' } as const },
      ]) {
        await using cleaner = openCleaner(database, { target: { ...target, ...rule } });
        const before = await cleaner.clean({ cutoff: `${end} - interval '1 microsecond'` });
        expect(before).toMatchObject({ deletedCount: 0 });
        const preview = await cleaner.preview(
          `${day.slice(0, -2)}${Number(day.slice(-2)) + 1}T01:30:00Z`,
        );
        expect(preview).toMatchObject({ eligibleRows: 1 });
      }
      await using cleaner = openCleaner(database, {
        target: { ...target, lifetimeSeconds: 86_400 },
      });
      expect(await cleaner.clean({ cutoff: end })).toMatchObject({ deletedCount: 1 });
    });
  }

  ruleTest({
    rule: 'and a grace are added',
    columns: 'used timestamptz',
    gone: { exactly: `${T} - interval '70 seconds'` },
    kept: { after: `${T} - interval '69.999999 seconds'` },
    target: { expiresColumns: ['used'], lifetimeSeconds: 60, graceSeconds: 10 },
    index: 'used',
  });

  ruleTest({
    rule: 'does not make the extremes of a type expire',
    columns: 'used int8',
    gone: { zero: '0', 'minus one': '-1' },
    kept: { smallest: '-9223372036854775808', largest: '9223372036854775807', none: 'null' },
    target: { expiresColumns: ['used'], expiresType: 'epoch-seconds', lifetimeSeconds: 1e11 / 100 },
    index: 'used',
  });
});

describe('a lifetime of its own for each row', () => {
  const target = (unit?: 'milliseconds' | 'seconds' | 'minutes' | 'hours' | 'days') => ({
    expiresColumns: ['started'],
    lifetimeColumn: { column: 'lived', unit },
  });
  for (const [unit, type, one, most] of [
    ['milliseconds', 'int8', "interval '1 millisecond'", '9223372036854775807'],
    ['seconds', 'int4', "interval '1 second'", '2147483647'],
    ['minutes', 'int2', "interval '1 minute'", '32767'],
    ['hours', 'numeric', "interval '1 hour'", "'1e300'"],
    ['days', 'float8', "interval '1 day'", "'1e300'"],
    ['seconds', 'int8', "interval '1 second'", '9223372036854775807'],
    ['days', 'int8', "interval '1 day'", '9223372036854775807'],
    ['days', 'numeric', "interval '1 day'", "'Infinity'"],
    ['days', 'numeric', "interval '1 day'", "'NaN'"],
    ['hours', 'float4', "interval '1 hour'", "'Infinity'"],
    [undefined, 'interval', "interval '1 day'", "'178000000 years'"],
  ] as const) {
    const three = type === 'interval' ? `${one} * 3` : '3';
    const zero = type === 'interval' ? "'0'" : '0';
    const minus = type === 'interval' ? "'-1 microsecond'" : '-1';
    ruleTest({
      rule: `in ${unit ?? 'no unit'} of ${type}, at most ${most}`,
      columns: `started timestamptz, lived ${type}`,
      gone: {
        exactly: `${T} - ${one} * 3, ${three}`,
        'no lifetime at all': `${T}, ${zero}`,
        'long ago': `${T} - interval '9 years', ${three}`,
        'year 1': `'0001-01-01Z', ${three}`,
        'earliest year': `'4700-01-02Z BC', ${zero}`,
      },
      kept: {
        after: `${T} - ${one} * 3 + interval '1 microsecond', ${three}`,
        'no lifetime at all, after': `${T} + interval '1 microsecond', ${zero}`,
        'lifetime is null': "'2000-01-01', null",
        'start is null': `null, ${three}`,
        negative: `'2000-01-01', ${minus}`,
        'most, now': `${T}, ${most}`,
        'most, from the largest start': `'294276-12-31Z', ${most}`,
        'largest start': `'294276-12-31Z', ${three}`,
        infinity: `'infinity', ${three}`,
        'minus infinity': `'-infinity', ${three}`,
        'infinity, negative': `'infinity', ${minus}`,
        'minus infinity, most': `'-infinity', ${most}`,
      },
      target: target(unit),
    });
  }

  for (const [what, type, expiresType, write, most] of [
    ['int4', 'int4', 'epoch-seconds', 'extract(epoch from instant)::int4', '2147483647'],
    [
      'int8',
      'int8',
      'epoch-milliseconds',
      '(extract(epoch from instant) * 1000)::int8',
      '9223372036854775807',
    ],
    ['numeric', 'numeric', 'epoch-seconds', 'extract(epoch from instant)', "'Infinity'"],
    ['float8', 'float8', 'epoch-seconds', 'extract(epoch from instant)', "'NaN'"],
    [
      'text',
      'text',
      'iso8601',
      `to_char(instant at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SSOF')`,
      "'soon'",
    ],
    ['timestamp', 'timestamp', 'timestamp', `instant at time zone 'Asia/Kathmandu'`, "'infinity'"],
  ] as const) {
    const at = (instant: string): string => write.replaceAll('instant', `(${instant})`);
    const smallest = { int4: '-2147483648', int8: '-9223372036854775808', text: "''" }[
      what as string
    ];
    for (const [lived, hour, zero] of [
      ['int4', '3600', '0'],
      ['interval', "'1 hour'", "'0'"],
    ] as const) {
      ruleTest({
        rule: `in ${lived}, of a start in ${what}`,
        columns: `started ${type}, lived ${lived}`,
        gone: { exactly: `${at(`${T} - interval '1 hour'`)}, ${hour}`, zero: `${at(T)}, ${zero}` },
        kept: {
          after: `${at(`${T} - interval '59 minutes 59 seconds'`)}, ${hour}`,
          'start is null': `null, ${hour}`,
          'lifetime is null': `${at(`${T} - interval '1 year'`)}, null`,
          'largest start': `${most}, ${hour}`,
          'smallest start': `${smallest ?? "'-infinity'"}, ${hour}`,
        },
        target: {
          ...target(lived === 'interval' ? undefined : 'seconds'),
          expiresType,
          timeZone: what === 'timestamp' ? 'Asia/Kathmandu' : 'UTC',
        },
      });
    }
  }

  ruleTest({
    rule: 'a real keeps its seven digits',
    columns: 'started timestamptz, lived float4',
    gone: { exactly: `${T} - interval '3155644 seconds', 3155644` },
    kept: { after: `${T} - interval '3155643.999999 seconds', 3155644` },
    target: target('seconds'),
  });

  ruleTest({
    rule: 'months and days of an interval count in the zone',
    columns: 'started timestamptz, lived interval',
    // Berlin: 2026-02-01 12:59:59 and a month is 2026-03-01 12:59:59; a part below zero makes the whole negative.
    gone: {
      month: "'2026-02-01T12:00:00Z', '1 month'",
      day: "'2026-02-28T11:00:00Z', '1 day 1 hour'",
    },
    kept: {
      'a month, after': "'2026-02-01T12:00:00.000001Z', '1 month'",
      '28 days and a microsecond': "'2026-02-01T12:00:00Z', '28 days 0.000001 seconds'",
      mixed: "'2020-01-01Z', '1 month -1 day'",
      'far in between': "'2020-01-01Z', '5000000 years -1826000000 days'",
      earliest: "'4714-11-24 00:00:00Z BC', '1 day'",
    },
    target: { ...target(), timeZone: 'America/New_York' },
  });

  test('an infinite interval never ends', async ({ database }) => {
    const [server] = await database.sql<{ version: number }>(
      `select current_setting('server_version_num')::int as version`,
    );
    if ((server?.version ?? 0) < 170_000) return;
    await database.sql('create table odd (name text, started timestamptz, lived interval)');
    await database.sql(`insert into odd values ('a', '2020-01-01', 'infinity'), ('b', '-infinity', 'infinity'),
      ('c', '2020-01-01', '-infinity'), ('d', 'infinity', '-infinity'), ('gone', '2020-01-01', '1 day')`);
    await using cleaner = openCleaner(database, { target: { table: 'odd', ...target() } });
    expect(await cleaner.preview()).toMatchObject({ eligibleRows: 1, noExpiryCount: 4 });
    expect(await cleaner.clean()).toMatchObject({ deletedCount: 1 });
    expect(await names(database)).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('the latest of several columns', () => {
  ruleTest({
    rule: 'decides, and NULL does not count',
    columns: 'access timestamptz, refresh timestamptz, device timestamptz',
    gone: {
      all: `${T} - interval '1 s', ${T}, ${T} - interval '1 year'`,
      one: `null, null, ${T}`,
      'one of the first': `${T}, null, null`,
    },
    kept: {
      after: `${T} - interval '1 s', ${T} + interval '1 microsecond', null`,
      'all null': 'null, null, null',
      infinity: `'infinity', ${T}, null`,
      'minus infinity': `'-infinity', ${T}, null`,
    },
    target: { expiresColumns: ['access', 'refresh', 'device'] },
  });

  ruleTest({
    rule: 'may be of several types, with a lifetime and a grace',
    columns: 'local timestamp, instant timestamptz',
    gone: {
      local: `${T} at time zone 'Asia/Kathmandu' - interval '70 s', ${T} - interval '1 day'`,
      instant: `null, ${T} - interval '70 s'`,
    },
    kept: {
      'local, after': `${T} at time zone 'Asia/Kathmandu' - interval '69.999999 s', ${T} - interval '1 day'`,
      'instant, after': `'2020-01-01', ${T} - interval '69.999999 s'`,
      'local at an extreme': `'infinity', ${T} - interval '1 day'`,
    },
    target: {
      expiresColumns: ['local', 'instant'],
      timeZone: 'Asia/Kathmandu',
      lifetimeSeconds: 60,
      graceSeconds: 10,
    },
  });

  ruleTest({
    rule: 'in numbers keeps rows at the extremes of their type',
    columns: 'small int4, large int8',
    gone: { both: `extract(epoch from ${T}), extract(epoch from ${T}) - 1`, zero: '0, -1' },
    kept: {
      after: `extract(epoch from ${T}) - 1, extract(epoch from ${T}) + 1`,
      'largest small': '2147483647, 0',
      'largest large': '0, 9223372036854775807',
      'smallest small': '-2147483648, 0',
      'smallest of both': '-2147483648, -9223372036854775808',
      'smallest and null': 'null, -9223372036854775808',
    },
    target: { expiresColumns: ['small', 'large'], expiresType: 'epoch-seconds' },
  });

  ruleTest({
    rule: 'with a text that cannot be read, or a value for never, is not known',
    columns: 'a text, b text',
    gone: { both: "'2026-03-01T12:00:00Z', '2020-01-01'", one: "null, '2020-01-01'" },
    kept: {
      unreadable: "'soon', '2020-01-01'",
      never: "'2019-01-01', '2020-01-01'",
      after: "'2020-01-01', '2026-03-01T12:00:00.000001Z'",
    },
    target: { expiresColumns: ['a', 'b'], expiresType: 'iso8601', never: ['2019-01-01'] },
  });

  ruleTest({
    rule: 'with a lifetime for each row',
    columns: 'a timestamptz, b timestamptz, lived int4',
    gone: { later: `null, ${T} - interval '1 s', 1` },
    kept: {
      after: `${T}, ${T} - interval '1 s', 1`,
      none: 'null, null, 1',
      smallest: `${T} - interval '1 s', '-infinity', 1`,
    },
    target: { expiresColumns: ['a', 'b'], lifetimeColumn: { column: 'lived', unit: 'seconds' } },
  });
});

describe('a value for never', () => {
  ruleTest({
    rule: 'in numbers',
    columns: 'expiry int8',
    gone: { one: '1', minus: '-2' },
    kept: { zero: '0', 'minus one': '-1', none: 'null' },
    target: { expiresColumns: ['expiry'], expiresType: 'epoch-milliseconds', never: [0, '-1'] },
    index: 'expiry',
  });
  ruleTest({
    rule: 'in instants, without a zone in UTC',
    before: `do $$ begin execute format('alter database %I set timezone = %L', current_database(), 'Asia/Tokyo'); end $$`,
    columns: 'expiry timestamptz',
    gone: { other: "'1970-01-01 00:00:00.000001Z'", day: "'1970-01-02Z'" },
    kept: {
      epoch: "'1970-01-01Z'",
      'year 1': "'0001-01-01 00:00:00Z'",
      Tokyo: "'2000-01-01 00:00:00+09'",
    },
    target: {
      expiresColumns: ['expiry'],
      never: ['1970-01-01', '0001-01-01 00:00:00', '2000-01-01T00:00:00+09:00'],
    },
    index: 'expiry',
  });
  ruleTest({
    rule: 'in local time, with a zone by the zone of the target',
    columns: 'expiry timestamp',
    gone: { other: "'1970-01-01 00:00:01'" },
    kept: { epoch: "'1970-01-01'", local: "'2000-01-01 09:00'" },
    target: {
      expiresColumns: ['expiry'],
      timeZone: 'Asia/Tokyo',
      never: ['1970-01-01', '2000-01-01T00:00:00Z'],
    },
    index: 'expiry',
  });
  ruleTest({
    rule: 'in text, besides what cannot be read',
    columns: 'expiry text',
    gone: { other: "'2020-01-01'" },
    kept: { never: "'2020-01-02'", unreadable: "'never'", none: 'null' },
    target: { expiresColumns: ['expiry'], expiresType: 'iso8601', never: ['2020-01-02', 'never'] },
  });
});

describe('conditions', () => {
  const immediately = (condition: Condition, column = 'v'): Partial<TargetConfig> => ({
    expiresColumns: [],
    where: [{ column, condition }],
  });
  const is = (...anyOf: readonly (string | number | boolean | null)[]): Condition => ({ anyOf });
  const odd = String.raw`a%_\'?$1"`;

  for (const { what, condition, before, type = 'text', gone, kept } of [
    { what: 'a value', condition: is('a'), gone: ["'a'"], kept: ["'A'", "'a '", "''", 'null'] },
    { what: 'a list', condition: is('a', 'b'), gone: ["'a'", "'b'"], kept: ["'c'", "''", 'null'] },
    { what: 'null', condition: is(null), gone: ['null'], kept: ["''", "'null'"] },
    { what: 'a list with null', condition: is('a', null), gone: ["'a'", 'null'], kept: ["'b'"] },
    {
      what: 'not a value',
      condition: { not: is('a') },
      gone: ["'b'", "''"],
      kept: ["'a'", 'null'],
    },
    {
      what: 'not a list',
      condition: { not: is('a', 'b') },
      gone: ["'c'"],
      kept: ["'a'", "'b'", 'null'],
    },
    {
      what: 'not a list with null',
      condition: { not: is('a', null) },
      gone: ["'b'"],
      kept: ["'a'", 'null'],
    },
    { what: 'not null', condition: { not: is(null) }, gone: ["'a'", "''"], kept: ['null'] },
    {
      what: 'not not a value',
      condition: { not: { not: is('a') } },
      gone: ["'a'"],
      kept: ["'b'", 'null'],
    },
    {
      what: 'not not null',
      condition: { not: { not: is(null) } },
      gone: [],
      kept: ["'a'", 'null'],
    },
    {
      what: 'a value with signs',
      condition: is(odd),
      gone: [`'${odd.replace("'", "''")}'`],
      kept: ["'a'", 'null'],
    },
    {
      what: 'a beginning with signs',
      condition: { startsWith: odd },
      gone: [`'${odd.replace("'", "''")}b'`, `'${odd.replace("'", "''")}'`],
      kept: ["'ab'", String.raw`'a%_b'`, String.raw`'abc\\'`, "''", 'null'],
    },
    {
      what: 'a beginning',
      condition: { startsWith: 'api_' },
      gone: ["'api_1'", "'api_'"],
      kept: ["'api1'", "'API_1'", "'x api_'", 'null'],
    },
    {
      what: 'not a beginning',
      condition: { not: { startsWith: 'a' } },
      gone: ["'b'", "''"],
      kept: ["'a'", "'ab'", 'null'],
    },
    { what: 'a wide character', condition: { startsWith: '🧹' }, gone: ["'🧹1'"], kept: ["'🧼1'"] },
    {
      what: 'a number',
      type: 'int4',
      condition: is(1, '2'),
      gone: ['1', '2'],
      kept: ['0', '-1', 'null'],
    },
    {
      what: 'not a number',
      type: 'int8',
      condition: { not: is(0) },
      gone: ['9223372036854775807'],
      kept: ['0', 'null'],
    },
    {
      what: 'a fraction',
      type: 'numeric',
      condition: is(0.1),
      gone: ['0.1', '0.10'],
      kept: ['0.1000000000000000055', "'NaN'"],
    },
    {
      what: 'above a number',
      type: 'int2',
      condition: { above: 5 },
      gone: ['6'],
      kept: ['5', '-6', 'null'],
    },
    {
      what: 'above a large number',
      type: 'int8',
      condition: { above: '9007199254740993' },
      gone: ['9007199254740994'],
      kept: ['9007199254740993', 'null'],
    },
    {
      what: 'not above a number',
      type: 'float8',
      condition: { not: { above: 5 } },
      gone: ['5', "'-Infinity'"],
      kept: ['5.000001', "'Infinity'", "'NaN'", 'null'],
    },
    { what: 'true', type: 'boolean', condition: is(true), gone: ['true'], kept: ['false', 'null'] },
    {
      what: 'not true',
      type: 'boolean',
      condition: { not: is(true) },
      gone: ['false'],
      kept: ['true', 'null'],
    },
    {
      what: 'padded text',
      type: 'char(3)',
      condition: is('a'),
      gone: ["'a'", "'a  '"],
      kept: ["'ab'", 'null'],
    },
    {
      what: 'the beginning of padded text',
      type: 'char(3)',
      condition: { startsWith: 'a' },
      gone: ["'a'", "'ab'"],
      kept: ["'b'"],
    },
    { what: 'a name', type: 'varchar(9)', condition: is('a'), gone: ["'a'"], kept: ["'b'"] },
    {
      what: 'a UUID',
      type: 'uuid',
      condition: is('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'),
      gone: ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"],
      kept: ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12'", 'null'],
    },
    {
      what: 'an address',
      type: 'inet',
      condition: is('192.0.2.1'),
      gone: ["'192.0.2.1'"],
      kept: ["'192.0.2.2'", 'null'],
    },
    {
      what: 'a document that is not there',
      type: 'jsonb',
      condition: is(null),
      gone: ['null'],
      kept: ["'null'", "'{}'"],
    },
    {
      what: 'above an instant',
      type: 'timestamptz',
      condition: { above: '2020-01-01T00:00:00+01:00' },
      gone: ["'2020-01-01 00:00:00.000001+01'", "'infinity'"],
      kept: ["'2020-01-01 00:00:00+01'", 'null'],
    },
    {
      what: 'above a day, in UTC',
      type: 'timestamptz',
      condition: { above: '2020-01-01' },
      gone: ["'2020-01-01 00:00:01Z'"],
      kept: ["'2020-01-01Z'"],
    },
    {
      what: 'above an instant in local time',
      type: 'timestamp',
      condition: { above: '2020-01-01T00:00:00Z' },
      gone: ["'2020-01-01 05:45:00.000001'"],
      kept: ["'2020-01-01 05:45:00'"],
    },
    {
      what: 'above a day',
      type: 'date',
      condition: { above: '2020-01-01' },
      gone: ["'2020-01-02'"],
      kept: ["'2020-01-01'", 'null'],
    },
    {
      what: 'not above infinity',
      type: 'timestamptz',
      condition: { not: is('infinity') },
      gone: ["'2020-01-01'", "'-infinity'"],
      kept: ["'infinity'", 'null'],
    },
    {
      what: 'a value of an enum',
      before: `create type kind as enum ('web', 'api')`,
      type: 'kind',
      condition: is('web'),
      gone: ["'web'"],
      kept: ["'api'", 'null'],
    },
    {
      what: 'not a value of an enum',
      before: `create type "Kind 2" as enum ('web', 'api')`,
      type: '"Kind 2"',
      condition: { not: is('web') },
      gone: ["'api'"],
      kept: ["'web'", 'null'],
    },
    {
      what: 'a domain of an enum',
      before: `create type kind as enum ('web', 'api'); create domain what as kind`,
      type: 'what',
      condition: is('web'),
      gone: ["'web'"],
      kept: ["'api'", 'null'],
    },
    {
      what: 'a domain of text',
      before: 'create domain what as varchar(9) check (value is not null)',
      type: 'what',
      condition: { not: is('b') },
      gone: ["'a'"],
      kept: ["'b'"],
    },
    {
      what: 'a domain of numbers',
      before: 'create domain what as int4 check (value > 0)',
      type: 'what',
      condition: { above: 1 },
      gone: ['2'],
      kept: ['1'],
    },
    {
      what: 'text in which case does not count',
      before: 'create extension citext',
      type: 'citext',
      condition: is('Web'),
      gone: ["'web'", "'WEB'"],
      kept: ["'api'", 'null'],
    },
    {
      what: 'not text in which case does not count',
      before: 'create extension citext',
      type: 'citext',
      condition: { not: is('Web') },
      gone: ["'api'"],
      kept: ["'web'", "'WEB'", 'null'],
    },
    {
      what: 'a beginning in citext, whose case counts',
      before: 'create extension citext',
      type: 'citext',
      condition: { startsWith: 'we' },
      gone: ["'web'"],
      kept: ["'WEB'"],
    },
    {
      what: 'a value in a nondeterministic collation',
      before: NO_CASE,
      type: 'text collate no_case',
      condition: is('Web'),
      gone: ["'web'", "'WEB'"],
      kept: ["'api'"],
    },
    {
      what: 'a beginning in a nondeterministic collation, whose case counts',
      before: NO_CASE,
      type: 'text collate no_case',
      condition: { startsWith: 'we' },
      gone: ["'web'"],
      kept: ["'WEB'"],
    },
  ] as readonly {
    readonly what: string;
    readonly condition: Condition;
    readonly before?: string;
    readonly type?: string;
    readonly gone: readonly string[];
    readonly kept: readonly string[];
  }[]) {
    const named = (values: readonly string[], prefix: string): Record<string, string> =>
      Object.fromEntries(values.map((value, index) => [`${prefix} ${index}`, value]));
    ruleTest({
      rule: `delete at once: ${what}`,
      ...(before === undefined ? {} : { before }),
      columns: `v ${type}`,
      gone: named(gone, 'gone'),
      kept: named(kept, 'kept'),
      target: { ...immediately(condition), timeZone: 'Asia/Kathmandu' },
    });
  }

  ruleTest({
    rule: 'limit the rows that expire, and all must hold',
    columns: 'expiry timestamptz, kind text, refresh text',
    gone: { both: `${T}, 'web', null` },
    kept: {
      'other kind': `${T}, 'api', null`,
      'no kind': `${T}, null, null`,
      refresh: `${T}, 'web', 'r'`,
      after: `${T} + interval '1 microsecond', 'web', null`,
      never: `null, 'web', null`,
    },
    target: {
      expiresColumns: ['expiry'],
      where: [
        { column: 'kind', condition: is('web', 'mobile') },
        { column: 'refresh', condition: is(null) },
      ],
    },
    index: 'expiry',
  });

  test('on a literal of the database with escapes in strings mean the same', async ({
    database,
  }) => {
    await database.sql(`alter database ${database.name} set standard_conforming_strings = off`);
    await database.sql(`alter database ${database.name} set search_path = pg_temp, public`);
    await database.sql('create table public.odd (name text, v text)');
    await database.sql('insert into public.odd values ($1, $2), ($3, $4)', [
      'gone',
      odd,
      'kept',
      'a',
    ]);
    await using cleaner = openCleaner(database, {
      target: { schema: 'public', table: 'odd', ...immediately(is(odd)) },
    });
    expect(await cleaner.clean()).toMatchObject({ deletedCount: 1 });
    expect(await database.sql('select name from public.odd')).toEqual([{ name: 'kept' }]);
  });

  describe.for<readonly [what: string, type: string, target: Partial<TargetConfig>, says: RegExp]>([
    [
      'a number for text',
      'text',
      immediately(is(5)),
      /5 is a number, and column "v" is of type text\. Quote it: "5"\./,
    ],
    [
      'true for text',
      'text',
      immediately({ not: is('a', true) }),
      /true is a boolean.*Quote it: "true"\./,
    ],
    ['a number for an enum', 'kind', immediately(is(1)), /Quote it: "1"\./],
    ['a number for a boolean', 'boolean', immediately(is(1)), /1 is a number.*boolean/],
    ['true for a number', 'int4', immediately(is(true)), /true is a boolean.*integer/],
    [
      'a number for an instant',
      'timestamptz',
      immediately({ above: 0 }),
      /0 is a number.*timestamp with time zone/,
    ],
    ['a word for a number', 'int4', immediately(is('many')), /"many"/],
    ['a fraction for an integer', 'int4', immediately(is(1.5)), /"1\.5"/],
    ['a number beyond the type', 'int4', immediately(is(2_147_483_648)), /"2147483648"/],
    ['no value of the enum', 'kind', immediately(is('desktop')), /"desktop"/],
    ['no UUID', 'uuid', immediately(is('x')), /"x"/],
    [
      'a date in another style',
      'timestamptz',
      immediately(is('01/02/2026')),
      /not an instant in ISO 8601/,
    ],
    [
      'a word for an instant',
      'timestamptz',
      immediately({ above: 'now' }),
      /not an instant in ISO 8601/,
    ],
    ['no day', 'timestamptz', immediately(is('2026-02-30')), /"2026-02-30/],
    [
      'a zone for local time, where no zone is set',
      'timestamp',
      { ...immediately({ above: '2026-01-01T00:00:00Z' }), timeZone: undefined },
      /has a zone.*Set SESSION_CLEANUP_TIME_ZONE/,
    ],
    ['a document', 'jsonb', immediately(is('{}')), /cannot be compared/],
    ['an array', 'text[]', immediately(is('a')), /cannot be compared/],
    ['startsWith for a number', 'int4', immediately({ startsWith: '1' }), /startsWith is for text/],
    ['above for text', 'text', immediately({ above: '1' }), /above is for numbers and instants/],
    ['a column that is not there', 'text', immediately(is('a'), 'w'), /no column "w"/],
    ['a column with a question mark', 'text', immediately(is('a'), 'v?'), /question mark/],
    [
      'a number for never in an instant',
      'timestamptz',
      { expiresColumns: ['v'], never: [0] },
      /expires\.never.*0 is a number/,
    ],
    [
      'a word for never in an instant',
      'timestamptz',
      { expiresColumns: ['v'], never: ['never'] },
      /expires\.never.*ISO 8601/,
    ],
    [
      'a word for never in a number',
      'int8',
      { expiresColumns: ['v'], expiresType: 'epoch-seconds', never: ['x'] },
      /"x"/,
    ],
    [
      'a lifetime in text',
      'text',
      { expiresColumns: ['t'], lifetimeColumn: { column: 'v', unit: 'days' } },
      /holds no lifetime/,
    ],
    [
      'a lifetime without a unit',
      'int4',
      { expiresColumns: ['t'], lifetimeColumn: { column: 'v', unit: undefined } },
      /does not say its unit.*lifetimeUnit/,
    ],
    [
      'an interval with a unit',
      'interval',
      { expiresColumns: ['t'], lifetimeColumn: { column: 'v', unit: 'days' } },
      /has no unit/,
    ],
  ])('%s', ([, type, target, says]) => {
    test('is refused, with what is allowed, and nothing is deleted', async ({ database }) => {
      await database.sql(`create type kind as enum ('web', 'api')`);
      await database.sql(`create table odd (v ${type}, t timestamptz default '2020-01-01')`);
      await database.sql('insert into odd (v) values (null)');
      await using cleaner = openCleaner(database, { target: { table: 'odd', ...target } });
      for (const attempt of [cleaner.clean, cleaner.preview]) {
        await expect(attempt()).rejects.toMatchObject({ message: expect.stringMatching(says) });
      }
    });
  });
});

describe('several targets on one table', () => {
  test('count what each deletes, with a grace of its own', async ({ database }) => {
    await database.sql('create table odd (name text, kind text, expiry timestamptz)');
    await database.sql(`insert into odd
      select coalesce(kind, 'none') || ' ' || age, kind, ${T} - make_interval(secs => age)
      from unnest('{web,api,null}'::text[]) kind, generate_series(9, 11) age`);
    const clean = async (target: Partial<TargetConfig>): Promise<number> => {
      await using cleaner = openCleaner(database, {
        target: { table: 'odd', expiresColumns: ['expiry'], ...target },
      });
      return (await cleaner.clean({ cutoff: T, runId: 'one run' })).deletedCount;
    };
    const kind = (value: string) => [{ column: 'kind', condition: { anyOf: [value] } }];
    expect(await clean({ name: 'web', where: kind('web'), graceSeconds: 10 })).toBe(2);
    expect(await clean({ name: 'api', where: kind('api'), graceSeconds: 11 })).toBe(1);
    expect(
      await clean({
        name: 'revoked',
        expiresColumns: [],
        where: [{ column: 'kind', condition: { not: { anyOf: ['web', 'api'] } } }],
      }),
    ).toBe(0);
    expect(await names(database)).toEqual([
      'api 10',
      'api 9',
      'none 10',
      'none 11',
      'none 9',
      'web 9',
    ]);
  });
});
