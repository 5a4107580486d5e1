import { describe, expect } from 'vitest';

import type { TargetConfig } from '../../src/config/config.ts';
import type { LifetimeUnit } from '../../src/config/expiry-types.ts';
import { openCleaner } from '../support/cleaner.ts';
import { EXPIRY_COLUMNS } from '../support/expiry-columns.ts';
import { test } from '../support/fixtures.ts';
import { namesLeft, ruleTest, T } from '../support/rule-test.ts';

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

function ownLifetime(unit?: LifetimeUnit): Partial<TargetConfig> {
  return { expiresColumns: ['started'], lifetimeColumn: { column: 'lived', unit } };
}

describe('a lifetime of its own for each row', () => {
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
      target: ownLifetime(unit),
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
          ...ownLifetime(lived === 'interval' ? undefined : 'seconds'),
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
    target: ownLifetime('seconds'),
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
    target: { ...ownLifetime(), timeZone: 'America/New_York' },
  });

  test('an infinite interval never ends', async ({ database }) => {
    const [server] = await database.sql<{ version: number }>(
      `select current_setting('server_version_num')::int as version`,
    );
    if ((server?.version ?? 0) < 170_000) return;
    await database.sql('create table odd (name text, started timestamptz, lived interval)');
    await database.sql(`insert into odd values ('a', '2020-01-01', 'infinity'), ('b', '-infinity', 'infinity'),
      ('c', '2020-01-01', '-infinity'), ('d', 'infinity', '-infinity'), ('gone', '2020-01-01', '1 day')`);
    await using cleaner = openCleaner(database, { target: { table: 'odd', ...ownLifetime() } });
    expect(await cleaner.preview()).toMatchObject({ eligibleRows: 1, noExpiryCount: 4 });
    expect(await cleaner.clean()).toMatchObject({ deletedCount: 1 });
    expect(await namesLeft(database)).toEqual(['a', 'b', 'c', 'd']);
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
    gone: {
      both: `extract(epoch from ${T}), extract(epoch from ${T}) - 1`,
      zero: '0, -1',
      one: 'null, 0',
    },
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
