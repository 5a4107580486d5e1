import { describe, expect } from 'vitest';

import type { Condition, TargetConfig } from '../../src/config/config.ts';
import { openCleaner } from '../support/cleaner.ts';
import { test } from '../support/fixtures.ts';
import { namesLeft, ruleTest, T } from '../support/rule-test.ts';
import type { TestDatabase } from '../support/test-database.ts';

function is(...anyOf: readonly (string | number | boolean | null)[]): Condition {
  return { anyOf };
}

function not(condition: Condition): Condition {
  return { not: condition };
}

/** A condition on a column of some type, and values that meet it and do not; null is NULL. */
type Meets = readonly [
  type: string,
  condition: Condition,
  gone: readonly (string | null)[],
  kept: readonly (string | null)[],
];

/** Cleans a table for each condition, whose rows expire at once. */
async function expectMet(database: TestDatabase, conditions: readonly Meets[]): Promise<void> {
  for (const [index, [type, condition, gone, kept]] of conditions.entries()) {
    const table = `odd_${index}`;
    await database.sql(`create table ${table} (v ${type})`);
    await database.sql(`insert into ${table} select unnest($1::text[])::${type}`, [
      [...gone, ...kept],
    ]);
    const rows = await database.sql<{ v: string | null }>(
      `select v::text from ${table} offset ${gone.length}`,
    );
    await using cleaner = openCleaner(database, {
      target: {
        table,
        expiresColumns: [],
        where: [{ column: 'v', condition }],
        timeZone: 'Asia/Kathmandu',
      },
    });
    const preview = await cleaner.preview();
    const outcome = await cleaner.clean();
    const left = await database.sql(`select v::text from ${table}`);
    expect([type, condition, left]).toEqual([type, condition, rows]);
    expect(outcome.deletedCount).toBe(gone.length);
    expect(preview.eligibleRows).toBe(gone.length);
  }
}

/** What a pattern, a literal or a parameter might take for something else. */
const ODD = String.raw`a%_\'?$1"`;

const UUID = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11';

test('a value, a list, null and their negations; a negation never takes NULL', async ({
  database,
}) => {
  await expectMet(database, [
    ['text', is('a'), ['a'], ['A', 'a ', '', null]],
    ['text', is('a', 'b'), ['a', 'b'], ['c', '', null]],
    ['text', is(null), [null], ['', 'null']],
    ['text', is('a', null), ['a', null], ['b']],
    ['text', not(is('a')), ['b', ''], ['a', null]],
    ['text', not(is('a', 'b')), ['c'], ['a', 'b', null]],
    ['text', not(is('a', null)), ['b'], ['a', null]],
    ['text', not(is(null)), ['a', ''], [null]],
    ['text', not(not(is('a'))), ['a'], ['b', null]],
    ['text', not(not(is(null))), [], ['a', null]],
    ['text', is(ODD), [ODD], ['a', null]],
  ]);
});

test('startsWith takes every character as it is', async ({ database }) => {
  await expectMet(database, [
    ['text', { startsWith: 'api_' }, ['api_1', 'api_'], ['api1', 'API_1', 'x api_', null]],
    ['text', not({ startsWith: 'a' }), ['b', ''], ['a', 'ab', null]],
    ['text', { startsWith: ODD }, [ODD, `${ODD}b`], ['ab', 'a%_b', ODD.slice(0, -1), '', null]],
    ['text', { startsWith: '🧹' }, ['🧹1'], ['🧼1']],
    ['char(3)', { startsWith: 'a' }, ['a', 'ab'], ['b']],
  ]);
});

test('numbers and truth values', async ({ database }) => {
  await expectMet(database, [
    ['int4', is(1, '2'), ['1', '2'], ['0', '-1', null]],
    ['int8', not(is(0)), ['9223372036854775807'], ['0', null]],
    ['numeric', is(0.1), ['0.1', '0.10'], ['0.1000000000000000055', 'NaN']],
    ['int2', { above: 5 }, ['6'], ['5', '-6', null]],
    ['int8', { above: '9007199254740993' }, ['9007199254740994'], ['9007199254740993', null]],
    ['float8', not({ above: 5 }), ['5', '-Infinity'], ['5.000001', 'Infinity', 'NaN', null]],
    ['boolean', is(true), ['true'], ['false', null]],
    ['boolean', not(is(true)), ['false'], ['true', null]],
  ]);
});

test('instants, without a zone in UTC, and those with one compared with local time', async ({
  database,
}) => {
  await database.sql(`alter database ${database.name} set timezone = 'Asia/Tokyo'`);
  await database.sql(`alter database ${database.name} set datestyle = 'German, DMY'`);
  await expectMet(database, [
    [
      'timestamptz',
      { above: '2020-01-01T00:00:00+01:00' },
      ['2020-01-01 00:00:00.000001+01', 'infinity'],
      ['2020-01-01 00:00:00+01', '-infinity', null],
    ],
    ['timestamptz', { above: '2020-01-02' }, ['2020-01-02 00:00:01Z'], ['2020-01-02Z']],
    ['timestamptz', not(is('infinity')), ['2020-01-01', '-infinity'], ['infinity', null]],
    [
      'timestamp',
      { above: '2020-01-01T00:00:00Z' },
      ['2020-01-01 05:45:00.000001'],
      ['2020-01-01 05:45:00'],
    ],
    ['timestamp', is('2020-01-02 05:45'), ['2020-01-02 05:45'], ['2020-01-02 00:00']],
    ['date', { above: '2020-01-02' }, ['2020-01-03'], ['2020-01-02', null]],
  ]);
});

test('other types, each by its own equality', async ({ database }) => {
  await database.sql(`create type kind as enum ('web', 'api')`);
  await database.sql('create domain kind_of_domain as kind');
  await database.sql('create domain word as varchar(9) check (value is not null)');
  await database.sql('create domain positive as int4 check (value > 0)');
  await database.sql('create extension citext');
  await database.sql(
    `create collation no_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
  );
  await expectMet(database, [
    ['char(3)', is('a'), ['a', 'a  '], ['ab', null]],
    ['varchar(9)', is('a'), ['a'], ['b']],
    ['uuid', is(UUID.toUpperCase()), [UUID], [UUID.replace('a', 'b'), null]],
    ['inet', is('192.0.2.1'), ['192.0.2.1'], ['192.0.2.2', null]],
    ['jsonb', is(null), [null], ['null', '{}']],
    ['kind', is('web'), ['web'], ['api', null]],
    ['kind', not(is('web')), ['api'], ['web', null]],
    ['kind_of_domain', is('web'), ['web'], ['api', null]],
    ['word', not(is('b')), ['a'], ['b']],
    ['positive', { above: 1 }, ['2'], ['1']],
    ['citext', is('Web'), ['web', 'WEB'], ['api', null]],
    ['citext', not(is('Web')), ['api'], ['web', 'WEB', null]],
    ['citext', { startsWith: 'we' }, ['web'], ['WEB']],
    ['text collate no_case', is('Web'), ['web', 'WEB'], ['api']],
    ['text collate no_case', { startsWith: 'we' }, ['web'], ['WEB']],
  ]);
});

ruleTest({
  rule: 'conditions limit the rows that expire, and all must hold',
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

test('settings of the database change no condition', async ({ database }) => {
  await database.sql(`alter database ${database.name} set standard_conforming_strings = off`);
  await database.sql(`alter database ${database.name} set search_path = pg_temp, public`);
  await expectMet(database, [
    ['text', is(ODD), [ODD], ['a', null]],
    ['text', not({ startsWith: ODD }), ['a'], [ODD, null]],
  ]);
});

test('a value that does not fit its column is refused, with what is allowed', async ({
  database,
}) => {
  await database.sql(`create type kind as enum ('web', 'api')`);
  for (const [index, [type, target, says]] of (
    [
      ['text', on(is(5)), /5 is a number, and column "v" is of type text\. Quote it: "5"\./],
      ['text', on(not(is('a', true))), /true is a boolean.*Quote it: "true"\./],
      ['kind', on(is(1)), /Quote it: "1"\./],
      ['boolean', on(is(1)), /1 is a number.*boolean/],
      ['int4', on(is(true)), /true is a boolean.*integer/],
      ['timestamptz', on({ above: 0 }), /0 is a number.*timestamp with time zone/],
      ['int4', on(is('many')), /"many"/],
      ['int4', on(is(1.5)), /"1\.5"/],
      ['int4', on(is(2_147_483_648)), /"2147483648"/],
      ['kind', on(is('desktop')), /"desktop"/],
      ['uuid', on(is('x')), /"x"/],
      ['timestamptz', on(is('01/02/2026')), /not an instant in ISO 8601/],
      ['timestamptz', on({ above: 'now' }), /not an instant in ISO 8601/],
      ['timestamptz', on(is('2026-02-30')), /"2026-02-30/],
      [
        'timestamp',
        { ...on({ above: '2026-01-01T00:00:00Z' }), timeZone: undefined },
        /has a zone.*Set SESSION_CLEANUP_TIME_ZONE/,
      ],
      ['jsonb', on(is('{}')), /cannot be compared/],
      ['text[]', on(is('a')), /cannot be compared/],
      ['int4', on({ startsWith: '1' }), /startsWith is for text/],
      ['text', on({ above: '1' }), /above is for numbers and instants/],
      ['text', on(is('a'), 'w'), /no column "w"/],
      ['text', on(is('a'), 'v?'), /question mark/],
      ['timestamptz', expires({ never: [0] }), /0 is a number/],
      ['timestamptz', expires({ never: ['never'] }), /ISO 8601/],
      ['int8', expires({ expiresType: 'epoch-seconds', never: ['x'] }), /"x"/],
      ['text', ownLifetime('days'), /holds no lifetime/],
      ['int4', ownLifetime(undefined), /does not say its unit/],
      ['interval', ownLifetime('days'), /has no unit/],
    ] as const
  ).entries()) {
    const table = `odd_${index}`;
    await database.sql(`create table ${table} (v ${type}, t timestamptz default '2020-01-01')`);
    await using cleaner = openCleaner(database, { target: { table, ...target } });
    for (const attempt of [cleaner.clean, cleaner.preview]) {
      await expect(attempt()).rejects.toMatchObject({ message: expect.stringMatching(says) });
    }
  }
});

function on(condition: Condition, column = 'v'): Partial<TargetConfig> {
  return { expiresColumns: [], where: [{ column, condition }] };
}

function expires(rest: Partial<TargetConfig>): Partial<TargetConfig> {
  return { expiresColumns: ['v'], ...rest };
}

function ownLifetime(unit: 'days' | undefined): Partial<TargetConfig> {
  return { expiresColumns: ['t'], lifetimeColumn: { column: 'v', unit } };
}

describe('several targets on one table', () => {
  test('count what each deletes, with a grace of its own', async ({ database }) => {
    await database.sql('create table odd (name text, kind text, expiry timestamptz)');
    await database.sql(`insert into odd
      select coalesce(kind, 'none') || ' ' || age, kind, ${T} - make_interval(secs => age)
      from unnest('{web,api,null}'::text[]) kind, generate_series(9, 11) age`);
    const clean = async (target: Partial<TargetConfig>, condition: Condition): Promise<number> => {
      const where = [{ column: 'kind', condition }];
      await using cleaner = openCleaner(database, {
        target: { table: 'odd', expiresColumns: ['expiry'], where, ...target },
      });
      return (await cleaner.clean({ cutoff: T, runId: 'one run' })).deletedCount;
    };
    expect(await clean({ name: 'web', graceSeconds: 10 }, is('web'))).toBe(2);
    expect(await clean({ name: 'api', graceSeconds: 11 }, is('api'))).toBe(1);
    expect(await clean({ name: 'other', expiresColumns: [] }, not(is('web', 'api')))).toBe(0);
    expect(await namesLeft(database)).toEqual([
      'api 10',
      'api 9',
      'none 10',
      'none 11',
      'none 9',
      'web 9',
    ]);
  });
});
