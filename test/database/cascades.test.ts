import { describe, expect } from 'vitest';

import type { TargetConfig } from '../../src/config/config.ts';
import { FAILURE } from '../../src/contract/failures.ts';
import { failureOf, openActivities } from '../support/mock-activity.ts';
import { openCleaner } from '../support/cleaner.ts';
import { test } from '../support/fixtures.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import { TEST_TARGET } from '../support/settings.ts';
import type { TestDatabase } from '../support/test-database.ts';

const OTHER: TargetConfig = {
  ...TEST_TARGET,
  name: 'codes',
  table: 'codes',
  expiresColumns: ['gone'],
};

/** 50 expired parents with a live row each that a cascade would delete. */
const CASES: readonly {
  readonly words: string;
  readonly sql: string;
  readonly names: RegExp;
  readonly others?: readonly TargetConfig[];
}[] = [
  {
    words: 'the same table',
    sql: `alter table sessions add parent uuid constraint parents references sessions on delete cascade;
      update sessions child set parent = (select id from sessions where expires_at < now()
        offset (abs(hashtext(child.id::text)) % 50) limit 1) where expires_at > now()`,
    names:
      /"public"\."sessions" \(the same table; "public"\."sessions" -> "public"\."sessions" by foreign key "parents"\)/,
  },
  {
    words: 'another target',
    sql: `create table codes (session uuid references sessions on delete cascade, gone timestamptz);
      insert into codes select id, 'infinity' from sessions where expires_at < now()`,
    names: /"public"\."codes" \(the table of the target "codes"; /,
    others: [OTHER],
  },
  {
    words: 'rows with an expiry of their own, two tables away',
    sql: `create table devices (id uuid primary key references sessions on delete cascade);
      create table tokens (device uuid references devices on delete cascade, "expiresAt" bigint);
      insert into devices select id from sessions where expires_at < now();
      insert into tokens select id, 4e9 from devices`,
    names:
      /"public"\."tokens" \(with an expiry of its own in "expiresAt"; "public"\."sessions" -> "public"\."devices" -> "public"\."tokens" by/,
  },
  {
    words: 'a partition that is another target',
    sql: `create table devices (id uuid references sessions on delete cascade, gone timestamptz) partition by hash (id);
      create table codes partition of devices for values with (modulus 1, remainder 0);
      insert into devices select id, 'infinity' from sessions where expires_at < now()`,
    names:
      /"public"\."codes" \(the table of the target "codes"; "public"\."sessions" -> "public"\."devices" -> "public"\."codes"\)/,
    others: [OTHER],
  },
];

describe.for(CASES)('a cascade into $words', ({ sql, names, others = [] }) => {
  test('is refused before the first deletion, and names path and remedy', async ({ database }) => {
    await fillSessions(database, { expired: 50, live: 50 });
    await database.sql(sql);
    await using activities = openActivities(database.url, { targets: [TEST_TARGET, ...others] });
    for (const request of [{}, { dryRun: true }]) {
      const failure = await failureOf(activities.attempt(request).result);
      expect(failure).toMatchObject({ type: FAILURE.unsafeCascade, nonRetryable: true });
      expect(failure.message).toMatch(names);
      expect(failure.message).toContain('SESSION_CLEANUP_CASCADE=allow');
      expect(failure.message).toContain('ON DELETE NO ACTION');
    }
    expect(await countSessions(database)).toEqual({ expired: 50, live: 50 });
  });

  test('works with permission, and the result names what is not counted', async ({ database }) => {
    await fillSessions(database, { expired: 50, live: 50 });
    await database.sql(sql);
    const allowed: TargetConfig = { ...TEST_TARGET, cascade: 'allow' };
    await using activities = openActivities(database.url, { targets: [allowed, ...others] });
    expect(await activities.attempt({}).result).toMatchObject({
      deletedCount: 50,
      uncountedCascades: [expect.stringMatching(/^"public"\."(sessions|codes|tokens)"$/)],
    });
    expect(await countSessions(database)).toMatchObject({ expired: 0 });
  });
});

describe('no permission is needed', () => {
  test.for([
    [
      'for plain children, which have times but no expiry',
      `create table devices (id uuid primary key references sessions on delete cascade, created_at timestamptz default now(),
         updated_at timestamptz, expired boolean);
       create table notes (device uuid references devices on delete cascade, noted timestamptz)`,
    ],
    [
      'where rows are unlinked or kept',
      `create table tokens (session uuid references sessions on delete set null, expires_at timestamptz);
       create table codes (session uuid references sessions, expires_at timestamptz)`,
    ],
    [
      'where the foreign key has no effect',
      `alter table sessions add parent uuid references sessions on delete cascade;
       alter table sessions disable trigger all`,
    ],
    [
      'where children cascade in a cycle',
      `create table a (id uuid primary key references sessions on delete cascade, b uuid);
       create table b (id uuid primary key, a uuid references a on delete cascade);
       alter table a add foreign key (b) references b on delete cascade`,
    ],
  ] as const)('%s', async ([, sql], { database }) => {
    await fillSessions(database, { expired: 50, live: 50 });
    await database.sql(sql);
    await using cleaner = openCleaner(database);
    expect(await cleaner.clean()).toMatchObject({ deletedCount: 50 });
    expect(await countSessions(database)).toEqual({ expired: 0, live: 50 });
  });

  test('for another target on the same table', async ({ database }) => {
    await fillSessions(database, { expired: 50, live: 50 });
    await database.sql('alter table sessions add gone timestamptz');
    await database.sql('create table devices (id uuid references sessions on delete cascade)');
    const other = { ...OTHER, table: 'sessions' };
    await using activities = openActivities(database.url, { targets: [TEST_TARGET, other] });
    const result = await activities.attempt({}).result;
    expect(result).toMatchObject({ deletedCount: 50 });
    expect(result).not.toHaveProperty('uncountedCascades');
  });
});

test.for([
  ['expires_at timestamptz', true],
  ['"expiresAt" bigint', true],
  ['session_expire int', true],
  ['expiration text', true],
  ['valid_until date', true],
  ['"validUntil" timestamp', true],
  ['valid_to timestamp', true],
  ['not_after timestamptz', true],
  ['ttl interval', true],
  ['created_at timestamptz', false],
  ['invalid_tokens int', false],
  ['expired boolean', false],
  ['settled_at timestamptz', false],
] as const)(
  'a child with the column %s: does it have an expiry of its own? %s',
  async ([column, has], { database }) => {
    await fillSessions(database, { expired: 5, live: 5 });
    await database.sql(`create table c (id uuid references sessions on delete cascade, ${column})`);
    await using cleaner = openCleaner(database);
    const refusal: unknown = await cleaner.preview().then(
      () => undefined,
      (error: unknown) => error,
    );
    if (has) expect(refusal).toMatchObject({ failure: FAILURE.unsafeCascade });
    else expect(refusal).toBeUndefined();
  },
);

test('quoted names are found with standard_conforming_strings off', async ({ database }) => {
  const name = String.raw`it's "a\b`;
  const quoted = `"${name.replaceAll('"', '""')}"`;
  await fillSessions(database, { expired: 5, live: 5 });
  await database.sql(
    `create table ${quoted} (id uuid references sessions on delete cascade, gone timestamptz)`,
  );
  await database.sql(`alter database ${database.name} set standard_conforming_strings = off`);
  await using activities = openActivities(database.url, {
    targets: [TEST_TARGET, { ...OTHER, table: name }],
  });
  const failure = await failureOf(activities.attempt({}).result);
  expect(failure).toMatchObject({ type: FAILURE.unsafeCascade });
  expect(failure.message).toContain(`"public".${quoted} (the table of the target "codes"`);
});

test('a missing target does not stop the clean-up of another one', async ({ database }) => {
  await fillSessions(database, { expired: 50, live: 50 });
  await database.sql('create table devices (id uuid references sessions on delete cascade)');
  const other = { ...OTHER, schema: 'nowhere' };
  await using activities = openActivities(database.url, { targets: [TEST_TARGET, other] });
  expect(await activities.attempt({}).result).toMatchObject({ deletedCount: 50 });
});

describe('a partition as a target', () => {
  test.for([
    ['the partitioned table', 'parts', 'parts'],
    ['the partition itself', 'part', 'part'],
  ] as const)('is refused for a cascade that refers to %s', async ([, parent], { database }) => {
    await createPartition(database, parent);
    const target = { ...TEST_TARGET, table: 'part' };
    await using activities = openActivities(database.url, { targets: [target] });
    const failure = await failureOf(activities.attempt({}).result);
    expect(failure.type).toBe(FAILURE.unsafeCascade);
    expect(failure.message).toContain('"public"."part" -> "public"."tokens"');
  });
});

async function createPartition(database: TestDatabase, parent: string): Promise<void> {
  await database.sql(`
    create table parts (id int primary key, expires_at timestamptz) partition by range (id);
    create table part partition of parts for values from (0) to (1000);
    create table tokens (part int references ${parent} on delete cascade, valid_until timestamptz);
    insert into parts values (1, '2020-01-01'); insert into tokens values (1, 'infinity')`);
}
