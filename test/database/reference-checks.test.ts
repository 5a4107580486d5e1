import { expect } from 'vitest';

import type { TargetConfig } from '../../src/config/config.ts';
import type { Finding } from '../../src/checks/finding.ts';
import { check, named, test } from '../support/check.ts';
import { fillSessions } from '../support/sessions.ts';
import { TEST_TARGET } from '../support/settings.ts';
import type { TestDatabase } from '../support/test-database.ts';

const DEVICES = 'create table devices (id uuid primary key references sessions on delete cascade);';

async function references(
  database: TestDatabase,
  sql: string,
  target?: Partial<TargetConfig> | readonly TargetConfig[],
): Promise<readonly (readonly [Finding['level'], string, string | undefined])[]> {
  await database.sql(sql);
  return (await check(database, target))
    .filter((finding) => finding.check === 'references')
    .map(({ level, message, remedy }) => [level, message, remedy]);
}

test('a foreign key that restricts keeps some rows only, at any depth, and the remedy deletes no other rows', async ({
  database,
}) => {
  const found = await references(
    database,
    `${DEVICES} create table audits (id uuid primary key references sessions);
     create table notes (device uuid primary key references devices on delete restrict)`,
  );
  expect(found).toEqual([
    [
      'warning',
      'foreign key "audits_id_fkey" of "public"."audits" keeps rows that it refers to: they are left and counted, and all others are deleted',
      expect.stringContaining('a target of its own before "sessions" in session-cleanup.yaml'),
    ],
    ['ok', expect.stringContaining('"devices_id_fkey"'), undefined],
    [
      'warning',
      expect.stringContaining('("public"."sessions" -> "public"."devices" -> "public"."notes")'),
      expect.not.stringContaining('CASCADE'),
    ],
  ]);
});

test('a foreign key that restricts is fine when an earlier target cleans the child, and not when a later one does', async ({
  database,
}) => {
  const child: TargetConfig = { ...TEST_TARGET, name: 'codes', table: 'codes' };
  const sql =
    'create table codes (session uuid primary key references sessions, expires_at timestamptz)';
  expect(await references(database, sql, [child, TEST_TARGET])).toEqual([
    ['ok', 'no other table refers to it', undefined],
    ['ok', expect.stringContaining('the target "codes" cleans "public"."codes" first'), undefined],
  ]);
  expect(await references(database, 'select', [TEST_TARGET, child])).toEqual([
    ['warning', expect.any(String), 'List "codes" before "sessions" in session-cleanup.yaml.'],
    ['ok', 'no other table refers to it', undefined],
  ]);
});

test('a foreign key that sets a NOT NULL column to NULL is an error that names the column', async ({
  database,
}) => {
  const found = await references(
    database,
    `create table a (session uuid not null references sessions on delete set null);
     create table b (session uuid not null references sessions on delete set default);
     create table c (session uuid references sessions on delete set null);
     create table d (session uuid not null default '00000000-0000-0000-0000-000000000000' references sessions on delete set default);
     create index on c (session); create index on d (session)`,
  );
  expect(found).toEqual([
    [
      'error',
      'foreign key "a_session_fkey" of "public"."a" is ON DELETE SET NULL, but "session" is NOT NULL: deleting a row that it refers to fails',
      expect.stringContaining('ALTER TABLE "public"."a" ALTER COLUMN "session" DROP NOT NULL;'),
    ],
    ['error', expect.stringContaining('"b_session_fkey"'), expect.any(String)],
    ['ok', expect.stringContaining('"c_session_fkey"'), undefined],
    ['ok', expect.stringContaining('"d_session_fkey"'), undefined],
  ]);
});

test.for([
  ['a whole index', 'create index on "de vices" (session)', true],
  [
    'an index of the rows that refer to one',
    'create index on "de vices" (session) where session is not null',
    true,
  ],
  ['a hash index', 'create index on "de vices" using hash (session)', true],
  ['an index that has it first', 'create index on "de vices" (session, note)', true],
  ['no index', 'select', false],
  [
    'an index of other rows',
    `create index on "de vices" (session) where session is not null and note = 'x'`,
    false,
  ],
  ['an index that has it second', 'create index on "de vices" (note, session)', false],
  ['an index that only includes it', 'create index on "de vices" (note) include (session)', false],
  ['a block range index', 'create index on "de vices" using brin (session)', false],
] as const)('%s: does it serve the foreign key?', async ([, sql, serves], { database }) => {
  const found = await references(
    database,
    `create table "de vices" (session uuid references sessions on delete cascade, note text); ${sql}`,
  );
  expect(found.filter(([level]) => level === 'warning')).toEqual(
    serves
      ? []
      : [
          [
            'warning',
            'foreign key "de vices_session_fkey" has no suitable index: every deleted row reads all of "public"."de vices"',
            'CREATE INDEX CONCURRENTLY ON "public"."de vices" ("session");',
          ],
        ],
  );
});

test('an index on a column of a type that it cannot be found by does not serve, one on several columns in any order does', async ({
  database,
}) => {
  const found = await references(
    database,
    `create table accounts (a numeric, b int, expires_at timestamptz, primary key (a), unique (a, b));
     create table one (a int references accounts on delete cascade); create index on one (a);
     create table two (b int, a numeric, foreign key (a, b) references accounts (a, b) on delete cascade);
     create index on two (b, a);
     create table parts (a numeric references accounts on delete cascade) partition by hash (a)`,
    { table: 'accounts' },
  );
  expect(found.filter(([level]) => level === 'warning')).toEqual([
    ['warning', expect.stringContaining('"one_a_fkey"'), expect.any(String)],
    [
      'warning',
      expect.stringContaining('"parts_a_fkey"'),
      'CREATE INDEX ON "public"."parts" ("a");',
    ],
  ]);
});

test('a cascade into live rows is an error, and with permission a warning; never just "indexed"', async ({
  database,
}) => {
  await fillSessions(database, { expired: 5, live: 5 });
  await database.sql(
    `create table tokens (session uuid primary key references sessions on delete cascade, expires_at timestamptz)`,
  );
  expect(named(await check(database), 'table')).toMatchObject({
    level: 'error',
    message: expect.stringContaining('SESSION_CLEANUP_CASCADE=allow'),
  });
  expect(await references(database, 'select', { cascade: 'allow' })).toEqual([
    [
      'warning',
      expect.stringContaining('deletes rows that may be live, uncounted'),
      expect.stringContaining('NO ACTION'),
    ],
  ]);
});

test('what is found about a table that two targets share is reported once, naming both', async ({
  database,
}) => {
  await database.sql('alter table sessions add idle_until timestamptz');
  await database.sql('create table devices (session uuid references sessions on delete cascade)');
  const idle: TargetConfig = { ...TEST_TARGET, name: 'idle', expiresColumns: ['idle_until'] };
  const found = await check(database, [TEST_TARGET, idle]);
  const about = (name: string): readonly (string | undefined)[] =>
    found.filter((finding) => finding.check === name).map(({ subject }) => subject);
  expect(about('references')).toEqual(['sessions, idle', 'sessions, idle']);
  expect(about('index')).toEqual(['sessions', 'idle']);
});
