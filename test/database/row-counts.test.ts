import { describe, expect } from 'vitest';

import type { ExpiryType } from '../../src/config/expiry-types.ts';
import { checkApproval } from '../../src/deletion/approval-check.ts';
import { countExpired, countRows } from '../../src/targets/count-rows.ts';
import { expiredRowsOf, type ExpiredRows } from '../../src/targets/expired-rows.ts';
import { inspectTarget } from '../../src/targets/target.ts';
import { check, named } from '../support/check.ts';
import { openCleaner, type Cleaner } from '../support/cleaner.ts';
import { test } from '../support/fixtures.ts';
import { TEST_TARGET } from '../support/settings.ts';
import type { TestDatabase } from '../support/test-database.ts';

const TABLE = { table: 'odd', expiresColumns: ['expiry'] } as const;

/** Values at the limits of each column type, and those that stand for "never". */
const EXTREMES: readonly {
  readonly type: string;
  readonly expiresType: ExpiryType;
  readonly values: readonly string[];
  /** Of these values, those that have expired (the smallest of a type never does), and those that are well known. */
  readonly expired: number;
  readonly sentinels: readonly string[];
}[] = [
  {
    type: 'bigint',
    expiresType: 'epoch-seconds',
    values: ['0', '-1', '-9223372036854775808', '9223372036854775807', '1', '99999999999999'],
    expired: 3,
    sentinels: ['0', '-1', '-9223372036854775808', '9223372036854775807'],
  },
  {
    type: 'integer',
    expiresType: 'epoch-seconds',
    values: ['0', '-1', '-2147483648', '2147483647'],
    expired: 2,
    sentinels: ['0', '-1', '-2147483648', '2147483647'],
  },
  {
    type: 'numeric',
    expiresType: 'epoch-milliseconds',
    values: ['0', 'NaN', 'Infinity', '-Infinity', '1e300', '-1e300'],
    expired: 2,
    sentinels: ['0', '-Infinity', 'Infinity', 'NaN'],
  },
  {
    type: 'double precision',
    expiresType: 'epoch-seconds',
    values: ['0', '-1', 'NaN', 'Infinity', '-Infinity', '1e300', '-1e300'],
    expired: 3,
    sentinels: ['0', '-1', '-Infinity', 'Infinity', 'NaN'],
  },
  {
    type: 'timestamptz',
    expiresType: 'timestamptz',
    values: [
      '-infinity',
      'infinity',
      '0001-01-01Z',
      '1970-01-01Z',
      '4713-01-01Z BC',
      '294276-12-31Z',
    ],
    expired: 3,
    sentinels: ['-infinity', '0001-01-01 00:00:00', '1970-01-01 00:00:00', 'infinity'],
  },
  {
    type: 'timestamp',
    expiresType: 'timestamp',
    values: ['-infinity', 'infinity', '0001-01-01', '1970-01-01', '4713-01-01 BC', '294276-12-31'],
    expired: 3,
    sentinels: ['-infinity', '0001-01-01 00:00:00', '1970-01-01 00:00:00', 'infinity'],
  },
  {
    type: 'text',
    expiresType: 'iso8601',
    values: [
      '0001-01-01',
      '1970-01-01T00:00:00Z',
      '2026-02-30 00:00:00',
      '0000-00-00',
      '2020-01-01T00:00:00,5Z',
      'never',
      '',
      '0',
    ],
    expired: 2,
    sentinels: ['0001-01-01 00:00:00', '1970-01-01 00:00:00'],
  },
];

describe.for(EXTREMES)('extreme values of $type read as $expiresType', (extreme) => {
  const { type, expiresType, values, expired, sentinels } = extreme;
  const target = { ...TABLE, expiresType };

  test('fail no command, and the well-known ones are counted', async ({ database }) => {
    await database.sql(`create table odd (expiry ${type})`);
    await database.sql(`insert into odd select unnest($1::text[])::${type}`, [values]);
    await database.sql('insert into odd values (null)');

    const findings = await check(database, target);
    expect(findings.filter(({ message }) => message.includes('cannot be checked'))).toEqual([]);
    await using cleaner = openCleaner(database, { target });
    const preview = await cleaner.preview();
    expect(preview).toMatchObject({ eligibleRows: expired, noExpiryCount: 1 });
    expect(preview.sentinels?.map(({ value }) => value)).toEqual(sentinels);
    expect(preview.unreadableCount).toBe(type === 'text' ? 6 : undefined);
    expect(await cleaner.clean()).toMatchObject({ deletedCount: expired });
    expect(await database.sql('select from odd')).toHaveLength(values.length + 1 - expired);
  });
});

describe('rows at well-known values', () => {
  test('need approval when they are most of the expired rows', async ({ database }) => {
    await database.sql('create table odd (expiry bigint)');
    await database.sql(
      `insert into odd select 0 from generate_series(1, 10)
       union all select extract(epoch from now())::bigint - i from generate_series(1, 9) i
       union all select extract(epoch from now())::bigint + 3600 from generate_series(1, 500)`,
    );
    const look = async (): Promise<unknown> =>
      await withRows(database, async (em, rows) => await checkApproval(em, rows, 1));
    expect(await look()).toEqual({
      expiredRows: 19,
      totalRows: 519,
      sentinels: [{ value: '0', rows: 10 }],
    });
    expect(named(await check(database, EPOCH), 'sentinels')).toMatchObject({
      level: 'warning',
      message: expect.stringContaining('10 at 0'),
    });
    await database.sql('create index on odd (expiry)');
    expect(await look()).toMatchObject({ expiredRows: 19 });
    await database.sql(`insert into odd values (1000000000)`);
    expect(await look()).toBeUndefined();
  });
});

test('few expired rows of a large table are counted exactly by the index', async ({ database }) => {
  await database.sql('create table odd (expiry bigint, filler text)');
  await database.sql(
    `insert into odd select extract(epoch from now())::bigint + 3600, repeat('x', 400) from generate_series(1, 300000)`,
  );
  await database.sql(
    `insert into odd select extract(epoch from now())::bigint - i from generate_series(1, 3) i union all select 0`,
  );
  await database.sql('insert into odd values (null), (9223372036854775807)');
  await database.sql('create index on odd (expiry)');
  await database.sql('vacuum analyze odd');
  const counts = await withRows(database, async (em, rows) => await countExpired(em, rows, 50));
  expect(counts).toMatchObject({
    expiredRows: 4,
    nullRows: 1,
    oldest: '1970-01-01T00:00:00Z',
    sentinels: [
      { value: '0', rows: 1 },
      { value: '9223372036854775807', rows: 1 },
    ],
    expiredSentinels: [{ value: '0', rows: 1 }],
    isEstimate: false,
  });
});

describe('a table that takes too long to count', () => {
  test('is sampled and marked as an estimate, and no query stays', async ({ database }) => {
    await database.sql('create table odd (expiry bigint, filler text)');
    await database.sql(
      `insert into odd select extract(epoch from now())::bigint + case when i % 4 = 0 then 3600 else -3600 end,
         repeat('x', 200) from generate_series(1, 400000) i`,
    );
    const counts = await withRows(database, async (em, rows) => await countRows(em, rows, 1));
    expect(counts).toMatchObject({ isEstimate: true });
    expect(counts.totalRows / 400_000).toBeCloseTo(1, 0);
    expect(counts.expiredRows / 300_000).toBeCloseTo(1, 0);
    const report = await withRows(
      database,
      async (em, rows) => await checkApproval(em, rows, 0.5, { look: 1, count: 1 }),
    );
    expect(report).toMatchObject({ isEstimate: true });
    const active = await database.sql(
      `select from pg_stat_activity where datname = current_database() and state = 'active' and pid <> pg_backend_pid()`,
    );
    expect(active).toEqual([]);
  });
});

const EPOCH = { ...TABLE, expiresType: 'epoch-seconds' } as const;

async function withRows<T>(
  database: TestDatabase,
  work: (em: ReturnType<Cleaner['orm']['em']['fork']>, rows: ExpiredRows) => Promise<T>,
): Promise<T> {
  await using cleaner = openCleaner(database, { target: EPOCH });
  const em = cleaner.orm.em.fork();
  const target = await inspectTarget(em, { ...TEST_TARGET, ...EPOCH });
  return await work(em, await expiredRowsOf(em, target, { graceSeconds: 0 }));
}
