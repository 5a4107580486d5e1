import { expect } from 'vitest';

import { check, named, test } from '../support/check.ts';
import { fillSessions } from '../support/sessions.ts';

const OLD = { maxTransactionAgeSeconds: 0.01 };

test('names the session that holds the xmin horizon, its role and age', async ({ database }) => {
  const holder = await database.connect();
  await holder.query("set application_name = 'monthly report'");
  const { rows } = await holder.query<{ pid: number }>('select pg_backend_pid() as pid');
  await holder.query('begin isolation level repeatable read; select count(*) from sessions');
  await expect
    .poll(async () => named(await check(database, {}, database.url, OLD), 'xmin-horizon'))
    .toMatchObject({
      level: 'warning',
      message: expect.stringMatching(
        new RegExp(
          `^session ${rows[0]?.pid} \\(application "monthly report", role ".*"\\) keeps dead rows`,
        ),
      ),
      remedy: expect.stringContaining(`pg_terminate_backend(${rows[0]?.pid})`),
    });
  expect(named(await check(database), 'xmin-horizon')).toMatchObject({ level: 'ok' });
});

test('a VACUUM is never taken for one', async ({ database }) => {
  await fillSessions(database, { expired: 5_000, live: 5_000 });
  await database.sql('delete from sessions where expires_at < now()');
  const vacuum = await database.connect();
  await vacuum.query('set vacuum_cost_delay = 100; set vacuum_cost_limit = 1');
  const done = vacuum.query('vacuum sessions').catch(() => undefined);
  await expect
    .poll(() =>
      database.sql('select from pg_stat_progress_vacuum where datname = current_database()'),
    )
    .toHaveLength(1);
  expect(named(await check(database, {}, database.url, OLD), 'xmin-horizon')).toMatchObject({
    level: 'ok',
  });
  await database.sql(
    `select pg_cancel_backend(pid) from pg_stat_progress_vacuum where datname = current_database()`,
  );
  await done;
});
