import { randomBytes } from 'node:crypto';

import { expect, vi } from 'vitest';

import type { TargetConfig } from '../../src/config/config.ts';
import { createOrm } from '../../src/database/orm.ts';
import { checkDatabase } from '../../src/preflight/check-database.ts';
import type { Finding } from '../../src/preflight/finding.ts';
import { grantStatements } from '../../src/preflight/rights.ts';
import { openCleaner } from '../support/cleaner.ts';
import { test as base } from '../support/fixtures.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import { TEST_DATABASE_SETTINGS, TEST_TARGET } from '../support/settings.ts';
import type { TestDatabase } from '../support/test-database.ts';

/** Somebody new to the server, without any right. */
interface Newcomer {
  /** With a blank in it, so that it has to be quoted. */
  readonly role: string;
  readonly url: string;
}

const test = base.extend('newcomer', async ({ database }, { onCleanup }): Promise<Newcomer> => {
  const role = `new ${randomBytes(4).toString('hex')}`;
  const url = new URL(database.url);
  url.username = encodeURIComponent(role);
  url.password = 'new';
  await database.sql(`create role "${role}" login password 'new'`);
  onCleanup(async () => {
    await database.sql(`drop owned by "${role}"`);
    await database.sql(`drop role "${role}"`);
  });
  return { role, url: url.href };
});

async function check(
  database: TestDatabase,
  target: Partial<TargetConfig> = {},
  url = database.url,
): Promise<readonly Finding[]> {
  const settings = { ...TEST_DATABASE_SETTINGS, url };
  const targets = [{ ...TEST_TARGET, ...target }];
  const orm = createOrm(settings, targets);
  try {
    return await checkDatabase(orm, { database: settings, targets });
  } finally {
    await orm.close(true);
  }
}

const named = (findings: readonly Finding[], check: string): Finding | undefined =>
  findings.find((finding) => finding.check === check);

test('a database as migrate makes it passes every check', async ({ database }) => {
  await fillSessions(database, { expired: 100, live: 100 });
  const findings = await check(database);
  expect(findings.filter(({ level }) => level !== 'ok')).toEqual([]);
  expect(findings.map((finding) => finding.check)).toEqual([
    'server',
    'clock',
    'ledger',
    'rights',
    'view-of-others',
    'table',
    'expiry-unit',
    'index',
    'references',
    'triggers',
    'row-security',
  ]);
});

for (const [ahead, words] of [
  [3_600_000, "3600 s behind this machine's"],
  [-60_000, "60 s ahead of this machine's"],
] as const) {
  test(`a clock that differs by ${ahead / 1_000} s is told, and that it does no harm`, async ({
    database,
  }) => {
    const now = Date.now.bind(Date);
    vi.spyOn(Date, 'now').mockImplementation(() => now() + ahead);
    expect(named(await check(database), 'clock')).toMatchObject({
      level: 'warning',
      message: `the database's clock is ${words}`,
      remedy: expect.stringContaining('No live session goes'),
    });
  });
}

test('a ledger that was not migrated is an error that names the command', async ({
  emptyDatabase,
}) => {
  await emptyDatabase.sql('create table sessions (expires_at timestamptz)');
  expect(named(await check(emptyDatabase), 'ledger')).toMatchObject({
    level: 'error',
    remedy: 'Run: session-cleanup migrate',
  });
});

for (const [unit, other, factor] of [
  ['epoch-seconds', 'epoch-milliseconds', 1_000],
  ['epoch-milliseconds', 'epoch-seconds', 1],
] as const) {
  test(`${other} taken for ${unit} are found out by the data`, async ({ database }) => {
    await database.sql('create table odd (expiry bigint)');
    await database.sql(
      `insert into odd select (extract(epoch from now()) * ${factor})::bigint + i from generate_series(1, 100) i`,
    );
    const target = { table: 'odd', expiresColumn: 'expiry' };
    expect(
      named(await check(database, { ...target, expiresType: unit }), 'expiry-unit'),
    ).toMatchObject({
      level: 'error',
      remedy: expect.stringContaining(`SESSION_CLEANUP_EXPIRES_TYPE=${other}`),
    });
    expect(
      named(await check(database, { ...target, expiresType: other }), 'expiry-unit'),
    ).toMatchObject({ level: 'ok' });
  });
}

test('a missing index, unindexed and forbidding foreign keys, row triggers: each with the SQL or advice', async ({
  database,
}) => {
  await database.sql('drop index sessions_expires_at_index');
  await database.sql(
    'create table "de vices" (session uuid references sessions on delete cascade)',
  );
  await database.sql('create table audits (session uuid references sessions)');
  await database.sql(
    'create table good (session uuid primary key references sessions on delete cascade)',
  );
  await database.sql(
    'create function keep() returns trigger language plpgsql as $$ begin return old; end $$',
  );
  await database.sql(
    'create trigger keep before delete on sessions for each row execute function keep()',
  );

  const findings = await check(database);

  expect(named(findings, 'index')).toMatchObject({
    level: 'warning',
    remedy: 'CREATE INDEX CONCURRENTLY ON "sessions" ("expires_at");',
  });
  expect(named(findings, 'triggers')).toMatchObject({ level: 'warning' });
  const references = findings.filter((finding) => finding.check === 'references');
  expect(references.map(({ level, remedy }) => [level, remedy])).toEqual([
    ['error', expect.stringContaining('ON DELETE CASCADE')],
    ['warning', 'CREATE INDEX CONCURRENTLY ON "de vices" ("session");'],
    ['ok', undefined],
  ]);
});

test('an index that cannot serve the drain does not count as one', async ({ database }) => {
  await database.sql('drop index sessions_expires_at_index');
  await database.sql('create index on sessions using hash (expires_at)');
  await database.sql('create index on sessions (expires_at) where user_agent is null');
  expect(named(await check(database), 'index')).toMatchObject({ level: 'warning' });
});

test('a role with only the grants printed passes, cleans, and lacks each right it is not given by name', async ({
  database,
  newcomer: { role, url },
}) => {
  await fillSessions(database, { expired: 500, live: 100 });
  expect(named(await check(database, {}, url), 'rights')).toMatchObject({
    level: 'error',
    remedy: expect.stringContaining(`GRANT DELETE ON "sessions" TO "${role}";`),
  });

  const grants = grantStatements([TEST_TARGET], 'session_cleanup', role);
  for (const grant of grants) await database.sql(grant);
  const findings = await check(database, {}, url);
  expect(findings.filter(({ level }) => level !== 'ok')).toEqual([
    expect.objectContaining({ check: 'view-of-others', level: 'warning' }),
  ]);
  await using cleaner = openCleaner({ ...database, url });
  expect(await cleaner.clean()).toMatchObject({ deletedCount: 500 });
  expect(await countSessions(database)).toEqual({ expired: 0, live: 100 });

  for (const grant of grants) {
    await database.sql(grant.replace('GRANT', 'REVOKE').replace(' TO ', ' FROM '));
    const rights = await check(database, {}, url).then((all) => named(all, 'rights'));
    expect(rights).toMatchObject({ level: 'error', remedy: grant });
    await database.sql(grant);
  }
});

test('a role that does not see what others do is told what it misses, until it is granted', async ({
  database,
  newcomer: { role, url },
}) => {
  const blind = named(await check(database, {}, url), 'view-of-others');
  expect(blind).toMatchObject({
    level: 'warning',
    remedy: `GRANT pg_read_all_stats TO "${role}";`,
  });
  await database.sql(blind?.remedy ?? '');
  expect(named(await check(database, {}, url), 'view-of-others')).toMatchObject({ level: 'ok' });
});

test('row-level security that may hide rows is told', async ({
  database,
  newcomer: { role, url },
}) => {
  await database.sql('alter table sessions enable row level security');
  for (const grant of grantStatements([TEST_TARGET], 'session_cleanup', role)) {
    await database.sql(grant);
  }
  expect(named(await check(database, {}, url), 'row-security')).toMatchObject({
    level: 'warning',
    remedy: expect.stringContaining('BYPASSRLS'),
  });
});
