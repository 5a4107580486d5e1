import { describe, expect } from 'vitest';

import type { Condition, TargetConfig } from '../../src/config/config.ts';
import { checkApproval } from '../../src/deletion/approval-check.ts';
import { expiredRowsOf } from '../../src/targets/expired-rows.ts';
import { inspectTarget } from '../../src/targets/target.ts';
import { check, named } from '../support/check.ts';
import { openCleaner } from '../support/cleaner.ts';
import { test } from '../support/fixtures.ts';
import { TEST_TARGET } from '../support/settings.ts';
import type { TestDatabase } from '../support/test-database.ts';

const DAY = 86_400;

/** What the check of the column and that of approval say of the table `odd`. */
async function findings(
  database: TestDatabase,
  target: Partial<TargetConfig>,
): Promise<{ readonly level: string | undefined; readonly needsApproval: boolean }> {
  const config = { ...TEST_TARGET, table: 'odd', ...target };
  const level = named(await check(database, config), 'expiry-unit')?.level;
  await using cleaner = openCleaner(database, { target: config });
  const em = cleaner.orm.em.fork();
  const rows = await expiredRowsOf(em, await inspectTarget(em, config));
  return { level, needsApproval: (await checkApproval(em, rows, 1)) !== undefined };
}

/** A table with so many values at such ages in seconds; a negative one lies in the future. */
async function fill(
  database: TestDatabase,
  column: string,
  ages: readonly (readonly [rows: number, age: number | null])[],
): Promise<void> {
  await database.sql(`create table odd (${column} timestamptz)`);
  for (const [rows, age] of ages) {
    await database.sql(
      `insert into odd select now() - make_interval(secs => $2::float8) from generate_series(1, $1::int)`,
      [rows, age],
    );
  }
  await database.sql('analyze odd');
}

const SUSPICIOUS = { level: 'warning', needsApproval: true };
const FINE = { level: 'ok', needsApproval: false };

describe.for<
  readonly [
    what: string,
    column: string,
    ages: readonly (readonly [rows: number, age: number | null])[],
    target: Partial<TargetConfig>,
    found: { readonly level: string; readonly needsApproval: boolean },
  ]
>([
  ['the last use, long ago', 'updated_at', [[25, 3 * DAY]], {}, SUSPICIOUS],
  [
    'the last use, with a stray value in the future',
    'updated_at',
    [
      [24, DAY],
      [1, -DAY],
    ],
    {},
    SUSPICIOUS,
  ],
  [
    'the last use, with two values in the future',
    'updated_at',
    [
      [24, DAY],
      [2, -DAY],
    ],
    {},
    FINE,
  ],
  [
    'the last use, 1 % of it in the future',
    'updated_at',
    [
      [495, DAY],
      [5, -DAY],
    ],
    {},
    SUSPICIOUS,
  ],
  [
    'the last use, more than 1 % in the future',
    'updated_at',
    [
      [494, DAY],
      [6, -DAY],
    ],
    {},
    FINE,
  ],
  [
    'the last use, which some rows lack',
    'last_seen',
    [
      [25, DAY],
      [9, null],
    ],
    {},
    SUSPICIOUS,
  ],
  [
    'a column without a telling name, used lately',
    'ts',
    [
      [24, DAY],
      [1, 3_500],
    ],
    {},
    SUSPICIOUS,
  ],
  [
    'a column without a telling name, not used lately',
    'ts',
    [[25, 3_700]],
    {},
    { level: 'warning', needsApproval: false },
  ],
  ['the last use with a lifetime', 'updated_at', [[25, 3 * DAY]], { lifetimeSeconds: DAY }, FINE],
  ['tokens all of which have expired', 'expires', [[25, 3 * DAY]], {}, FINE],
  ['tokens that have expired just now', 'access_token_expires_at', [[25, 60]], {}, FINE],
  [
    'tokens that were revoked just now',
    'revoked',
    [
      [25, 60],
      [9, null],
    ],
    {},
    FINE,
  ],
])('%s', ([, column, ages, target, found]) => {
  for (const index of ['without', 'with'] as const) {
    test(`is reported as it should be, ${index} an index`, async ({ database }) => {
      await fill(database, column, ages);
      if (index === 'with') await database.sql(`create index on odd (${column})`);
      expect(await findings(database, { expiresColumns: [column], ...target })).toEqual(found);
    });
  }
});

test('the remedy for a column without values in the future is a lifetime', async ({ database }) => {
  await fill(database, 'created_at', [[25, DAY]]);
  const found = await check(database, { table: 'odd', expiresColumns: ['created_at'] });
  expect(named(found, 'expiry-unit')?.remedy).toContain('SESSION_CLEANUP_LIFETIME');
});

/** Level and message of each finding about conditions. */
async function conditions(
  database: TestDatabase,
  ...where: readonly (readonly [column: string, condition: Condition])[]
): Promise<readonly unknown[]> {
  const found = await check(database, {
    table: 'odd',
    expiresColumns: ['expiry'],
    where: where.map(([column, condition]) => ({ column, condition })),
  });
  return found
    .filter((finding) => finding.check === 'conditions')
    .map(({ level, message }) => [level, message]);
}

describe('a condition', () => {
  test('that no row meets, or a negation that excludes none, is a warning', async ({
    database,
  }) => {
    await database.sql('create table odd (expiry timestamptz, kind text, note text)');
    const web = ['kind', { anyOf: ['web'] }] as const;
    expect(await conditions(database, web)).toEqual([['ok', expect.stringContaining('no rows')]]);
    await database.sql(
      `insert into odd values ('2020-01-01', 'web', null), ('2020-01-01', 'api', 'x')`,
    );
    expect(await conditions(database)).toEqual([]);
    expect(await conditions(database, web, ['note', { anyOf: [null] }])).toEqual([
      ['ok', expect.any(String)],
    ]);
    expect(
      await conditions(database, ['kind', { anyOf: ['Web'] }], ['note', { anyOf: ['y'] }]),
    ).toEqual([
      ['warning', 'no row meets the condition on "kind", so nothing is deleted'],
      ['warning', 'no row meets the condition on "note", so nothing is deleted'],
    ]);
    expect(await conditions(database, ['kind', { not: { anyOf: ['Api'] } }])).toEqual([
      ['warning', 'no row is excluded by the negation on "kind"'],
    ]);
    expect(
      await conditions(
        database,
        ['kind', { not: { anyOf: ['api'] } }],
        ['note', { not: { anyOf: [null] } }],
      ),
    ).toEqual([['ok', expect.any(String)]]);
  });
});

test('rows without an expiry are counted by check and preview, those of the conditions only', async ({
  database,
}) => {
  await database.sql('create table odd (kind text, expiry text, other text, lived int4)');
  await database.sql(`insert into odd values ('web', null, null, 1), ('web', 'soon', '2020-01-01', 1), ('web', '2020-01-02', null, 1),
    ('web', 'never', null, 1), ('web', '2020-01-01', null, -1), ('web', '2020-01-01', null, null), ('api', null, null, 1)`);
  const config: Partial<TargetConfig> = {
    table: 'odd',
    expiresType: 'iso8601',
    never: ['2020-01-02', 'never'],
    where: [{ column: 'kind', condition: { anyOf: ['web'] } }],
  };
  for (const [rule, eligible, none, unreadable] of [
    [{ expiresColumns: ['expiry'] }, 2, 3, 1],
    [{ expiresColumns: ['expiry', 'other'] }, 2, 3, 1],
    [{ expiresColumns: ['expiry'], lifetimeColumn: { column: 'lived', unit: 'days' } }, 0, 5, 1],
  ] as const) {
    const target = { ...config, ...rule };
    await using cleaner = openCleaner(database, { target });
    expect(await cleaner.preview()).toMatchObject({
      eligibleRows: eligible,
      noExpiryCount: none,
      unreadableCount: unreadable,
    });
    expect(named(await check(database, target), 'never-expire')?.message).toContain(
      `${none} rows have no expiry, and ${unreadable} rows have one that cannot be read`,
    );
  }
});
