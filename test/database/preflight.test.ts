import { expect, vi } from 'vitest';

import { grantStatements } from '../../src/checks/rights.ts';
import { check, named, test } from '../support/check.ts';
import { openCleaner } from '../support/cleaner.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import { TEST_TARGET } from '../support/settings.ts';

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
    'xmin-horizon',
    'table',
    'expiry-unit',
    'never-expire',
    'sentinels',
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
  test(`a clock that differs by ${ahead / 1_000} s is a warning, which says that it does no harm`, async ({
    database,
  }) => {
    const now = Date.now.bind(Date);
    vi.spyOn(Date, 'now').mockImplementation(() => now() + ahead);
    expect(named(await check(database), 'clock')).toMatchObject({
      level: 'warning',
      message: `the database's clock is ${words}`,
      remedy: expect.stringContaining('No live session is deleted'),
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
      `insert into odd select (extract(epoch from now()) * ${factor})::bigint + i * 60 * ${factor} from generate_series(1, 100) i`,
    );
    const target = { table: 'odd', expiresColumns: ['expiry'] };
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

test('a missing index and row triggers: each with the SQL or advice', async ({ database }) => {
  await database.sql('drop index sessions_expires_at_index');
  await database.sql(
    'create function keep() returns trigger language plpgsql as $$ begin return old; end $$',
  );
  await database.sql(
    'create trigger keep before delete on sessions for each row execute function keep()',
  );
  await database.sql(
    `create table devices (session uuid primary key references sessions on delete cascade);
     create trigger audit after delete on devices for each row execute function keep();
     create trigger other after update on devices for each row execute function keep()`,
  );

  const findings = await check(database);

  expect(named(findings, 'index')).toMatchObject({
    level: 'warning',
    remedy: 'CREATE INDEX CONCURRENTLY ON "public"."sessions" ("expires_at");',
  });
  expect(named(findings, 'triggers')).toMatchObject({
    level: 'warning',
    message: 'fires for each deleted row: "keep", "audit" on delete in "public"."devices"',
  });
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

test('a role that does not see the activity of other sessions is warned until it is granted', async ({
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

test('session_replication_role = replica is a warning that names where it is set', async ({
  database,
}) => {
  const url = new URL(database.url);
  url.searchParams.set('options', '-c session_replication_role=replica');
  expect(named(await check(database, {}, url.href), 'replication-role')).toMatchObject({
    level: 'warning',
    message: expect.stringContaining('(source: client): foreign keys do not cascade'),
    remedy: 'Remove it from the options in DATABASE_URL.',
  });
  await database.sql(`alter database ${database.name} set session_replication_role = replica`);
  expect(named(await check(database), 'replication-role')).toMatchObject({
    level: 'warning',
    remedy: `ALTER DATABASE "${database.name}" RESET session_replication_role;`,
  });
  await database.sql(`alter database ${database.name} set session_replication_role = local`);
  expect(named(await check(database), 'replication-role')).toBeUndefined();
});
