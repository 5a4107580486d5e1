import { expect } from 'vitest';

import { FAILURE } from '../../src/contract/failures.ts';
import { grantStatements } from '../../src/checks/rights.ts';
import { check, named, test, type Newcomer } from '../support/check.ts';
import { openCleaner } from '../support/cleaner.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import { TEST_TARGET } from '../support/settings.ts';
import type { TestDatabase } from '../support/test-database.ts';

async function secure(database: TestDatabase, { role }: Newcomer, policies: string): Promise<void> {
  await fillSessions(database, { expired: 50, live: 50 });
  for (const grant of grantStatements([TEST_TARGET], 'session_cleanup', role)) {
    await database.sql(grant);
  }
  await database.sql(
    `alter table sessions enable row level security; ${policies.replaceAll('ROLE', `"${role}"`)}`,
  );
}

test.for([
  ['no policy', ''],
  ['a policy of some rows', 'create policy own on sessions using (user_agent is null)'],
  [
    'a policy that fails',
    `create policy tenant on sessions using (user_agent = current_setting('app.tenant'))`,
  ],
  ['a policy for another role', 'create policy all_rows on sessions to pg_monitor using (true)'],
  ['a policy for SELECT only', 'create policy all_rows on sessions for select using (true)'],
  [
    'a restrictive policy beside one of all rows',
    `create policy all_rows on sessions using (true);
     create policy some_rows on sessions as restrictive for delete using (user_agent is null)`,
  ],
])(
  '%s: the target is refused by name, by run, preview and check',
  async ([, policies], { database, newcomer }) => {
    await secure(database, newcomer, policies ?? '');
    await using cleaner = openCleaner({ ...database, url: newcomer.url });
    for (const attempt of [cleaner.clean, cleaner.preview]) {
      await expect(attempt()).rejects.toMatchObject({
        failure: FAILURE.hiddenRows,
        message: expect.stringMatching(/"public"\."sessions".*BYPASSRLS/),
      });
    }
    expect(named(await check(database, {}, newcomer.url), 'table')).toMatchObject({
      level: 'error',
      message: expect.stringContaining('row-level security'),
    });
    expect(await countSessions(database)).toEqual({ expired: 50, live: 50 });
  },
);

test.for([
  ['a policy of all rows', 'create policy all_rows on sessions using (true)'],
  [
    'a policy of all rows for this role',
    `create policy tenant on sessions to pg_monitor using (user_agent = current_setting('app.tenant'));
     create policy all_rows on sessions to ROLE using (true)`,
  ],
  ['a role that bypasses policies', 'alter role ROLE bypassrls'],
])('%s: the target is cleaned', async ([, policies], { database, newcomer }) => {
  await secure(database, newcomer, policies ?? '');
  await using cleaner = openCleaner({ ...database, url: newcomer.url });
  expect(await cleaner.clean()).toMatchObject({ deletedCount: 50 });
  expect(named(await check(database, {}, newcomer.url), 'row-security')).toMatchObject({
    level: 'ok',
  });
});

test('row-level security on the ledger is an error', async ({ database, newcomer }) => {
  await secure(
    database,
    newcomer,
    `create policy all_rows on sessions using (true);
     alter table session_cleanup.session_cleanup_ledger enable row level security`,
  );
  expect(named(await check(database, {}, newcomer.url), 'ledger')).toMatchObject({
    level: 'error',
    remedy: expect.stringContaining('DISABLE ROW LEVEL SECURITY'),
  });
});

test('a check that fails is a finding of its target; all others are made', async ({ database }) => {
  const held = { ...TEST_TARGET, name: 'held', table: 'held', expiresColumns: ['ends'] };
  await database.sql('create table held (ends bigint)');
  await database.sql(`alter database ${database.name} set lock_timeout = '200ms'`);
  const holder = await database.connect();
  await holder.query('begin; lock table held in access exclusive mode');
  const found = await check(database, [{ ...held, expiresType: 'epoch-seconds' }, TEST_TARGET]);
  await holder.query('rollback');
  const ofHeld = found.filter(({ subject, level }) => subject === 'held' && level === 'error');
  expect(ofHeld.map(({ check: name }) => name)).toEqual(['expiry-unit', 'never-expire', 'index']);
  expect(ofHeld[0]?.message).toBe(
    'cannot be checked: other sessions hold locks that conflict. (55P03)',
  );
  expect(found.filter(({ subject, level }) => subject === 'sessions' && level === 'error')).toEqual(
    [],
  );
});
