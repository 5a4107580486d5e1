import type { ApplicationFailure } from '@temporalio/common';
import { describe, expect } from 'vitest';

import type { TargetConfig } from '../../src/config/config.ts';
import { FAILURE, RETRYABLE_FAILURE } from '../../src/contract/failures.ts';
import { check, named, test } from '../support/check.ts';
import { slowDownDeletions } from '../support/slow-deletion.ts';
import { fillSessions, insertSessions } from '../support/sessions.ts';
import { TEST_TARGET } from '../support/settings.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { failureOf, openActivities } from '../support/mock-activity.ts';

/** A value of the rows that must be nowhere else. */
const SECRET = 'planted-4711-token';

describe('what PostgreSQL itself reports', () => {
  test.for<{
    readonly words: string;
    readonly before?: string;
    readonly target?: Partial<TargetConfig>;
    readonly type: string;
    readonly advice: string;
  }>([
    {
      words: 'no such table',
      target: { table: 'gone' },
      type: FAILURE.noTable,
      advice: 'SESSION_CLEANUP_TABLE',
    },
    {
      words: 'no such column',
      target: { expiresColumns: ['ends'] },
      type: FAILURE.noColumn,
      advice: 'SESSION_CLEANUP_EXPIRES_COLUMN',
    },
    {
      words: 'a column that holds no time',
      target: { expiresColumns: ['ip_address'] },
      type: FAILURE.wrongColumnType,
      advice: 'ip_address',
    },
    {
      words: 'a column of another type than configured',
      target: { expiresType: 'epoch-seconds' },
      type: FAILURE.wrongColumnType,
      advice: 'SESSION_CLEANUP_EXPIRES_TYPE',
    },
    {
      words: 'a view',
      before: 'create view live_sessions as select * from sessions',
      target: { table: 'live_sessions' },
      type: FAILURE.unsupportedTable,
      advice: 'ordinary or a partitioned table',
    },
    {
      words: 'no ledger',
      before: 'drop schema session_cleanup cascade',
      type: FAILURE.noLedger,
      advice: 'session-cleanup migrate',
    },
    {
      words: 'rows that others refer to',
      before: `${MANY}; create table devices (session_id uuid references sessions, note text);
               insert into devices select id, '${SECRET}' from sessions`,
      type: FAILURE.referenced,
      advice: '"devices"',
    },
    {
      words: 'a trigger that refuses',
      before: `${MANY}; create function refuse() returns trigger language plpgsql as
                 $$ begin raise exception 'no: %', old.user_agent; end $$;
               create trigger refuse before delete on sessions for each row execute function refuse()`,
      type: FAILURE.dependentObject,
      advice: 'function refuse()',
    },
  ])(
    '$words fails at once, with what to do',
    async ({ before, target, type, advice }, { database }) => {
      await plant(database);
      if (before !== undefined) await database.sql(before);
      const failure = await failureOn(database, target);
      expect(failure).toMatchObject({
        type,
        nonRetryable: true,
        details: [{ target: 'sessions', deletedSoFar: 0 }],
      });
      expect(failure.message).toContain(advice);
      expectNoSecret(failure);
    },
  );

  test('a role without privileges fails, naming those it needs', async ({ database }) => {
    await plant(database);
    const role = `poor_${database.name}`;
    await database.sql(`create role ${role} login password '${SECRET}'`);
    await using _ = {
      async [Symbol.asyncDispose]() {
        await database.sql(`drop owned by ${role}; drop role ${role}`);
      },
    };
    const url = new URL(database.url);
    url.username = role;
    url.password = SECRET;
    await using activities = openActivities(url.href);
    const failure = await failureOf(activities.attempt({}).result);
    expect(failure).toMatchObject({ type: FAILURE.noRight, nonRetryable: true });
    expect(failure.message).toContain('SELECT, DELETE and UPDATE of one column on "sessions"');
    expectNoSecret(failure);
  });

  test('a database that does not exist fails at once', async ({ database }) => {
    const url = new URL(database.url);
    url.pathname = '/gone';
    url.password = SECRET;
    await using activities = openActivities(url.href);
    const failure = await failureOf(activities.attempt({}).result);
    expect(failure).toMatchObject({ type: FAILURE.noDatabase, nonRetryable: true });
    expectNoSecret(failure);
  });

  test('a server that is not there is tried again', async () => {
    const url = `postgres://user:${SECRET}@127.0.0.1:1/sessions`;
    await using activities = openActivities(url);
    const failure = await failureOf(activities.attempt({}).result);
    expect(failure).toMatchObject({
      type: RETRYABLE_FAILURE.databaseUnavailable,
      nonRetryable: false,
      details: [{ deletedSoFar: 0 }],
    });
    expect(failure.message).toContain('ECONNREFUSED');
    expectNoSecret(failure);
  });

  test.for([
    ['database', 'alter database DATABASE set default_transaction_read_only = on'],
    ['user', 'alter role ROLE set default_transaction_read_only = on'],
  ])(
    'a %s that is read-only by a setting fails at once, naming it',
    async ([source, sql], { database, newcomer: { role, url } }) => {
      await plant(database);
      await database.sql(
        (sql ?? '').replace('DATABASE', database.name).replace('ROLE', `"${role}"`),
      );
      const failure = await failureOn({ ...database, url });
      expect(failure).toMatchObject({ type: FAILURE.readOnly, nonRetryable: true });
      expect(failure.message).toContain(
        `default_transaction_read_only is on for this connection (source: ${source})`,
      );
      expect(named(await check(database, {}, url), 'server')).toMatchObject({ level: 'error' });
    },
  );

  test('a slice that loses its connection reports what it had deleted', async ({ database }) => {
    await fillSessions(database, { expired: 20_000, live: 0 });
    // So slow that a chunk is running at any moment.
    await slowDownDeletions(database, 2_000);
    await using activities = openActivities(database.url, { deletion: { chunkMilliseconds: 100 } });
    let cut: Promise<unknown> | undefined;
    const attempt = activities.attempt({}, {}, () => {
      // Once: the connection that is asked for the count afterwards is not to be hit.
      cut ??= database.sql(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name = 'session-cleanup'`,
      );
    });
    const failure = await failureOf(attempt.result);
    await cut;
    expect(failure).toMatchObject({
      type: RETRYABLE_FAILURE.databaseUnavailable,
      nonRetryable: false,
    });
    const [left] = await database.sql<{ count: number }>('select count(*)::int from sessions');
    expect(failure.details).toMatchObject([{ deletedSoFar: 20_000 - (left?.count ?? 0) }]);
  });

  test('a slice whose count is lost with the ledger does not claim that nothing was deleted', async ({
    database,
  }) => {
    await fillSessions(database, { expired: 20_000, live: 0 });
    await using activities = openActivities(database.url, { deletion: { chunkMilliseconds: 10 } });
    let dropped: Promise<unknown> | undefined;
    const attempt = activities.attempt({}, {}, () => {
      dropped ??= database.sql('drop table session_cleanup.session_cleanup_ledger');
    });
    expect(await failureOf(attempt.result)).toMatchObject({ type: FAILURE.noLedger });
    await dropped;
    expect((await failureOf(attempt.result)).details).toEqual([{ target: 'sessions' }]);
  });

  test('a slice that fails and loses the answer to its count asks again', async ({ database }) => {
    await fillSessions(database, { expired: 1_000, live: 0 });
    await using activities = openActivities(database.url);
    await activities.attempt({}).result;
    await database.sql('drop table sessions');
    const holder = await database.connect();
    await holder.query(
      'begin; lock table session_cleanup.session_cleanup_ledger in access exclusive mode',
    );
    const attempt = activities.attempt({}, { attempt: 2 });
    for (const _question of ['first', 'second']) {
      await expect
        .poll(async () => {
          const ended = await database.sql(
            `select pg_terminate_backend(pid) from pg_stat_activity
             where datname = current_database() and wait_event_type = 'Lock'`,
          );
          return ended.length;
        })
        .toBe(1);
    }
    await holder.query('rollback');

    expect(await failureOf(attempt.result)).toMatchObject({
      type: FAILURE.noTable,
      details: [{ deletedSoFar: 1_000 }],
    });
  });
});

/** One row that is refused does not stop a target. */
const MANY = `insert into sessions (user_id, token_hash, expires_at)
  select 'user', md5(number::text), now() - interval '1 day' from generate_series(1, 300) number`;

async function plant(database: TestDatabase): Promise<void> {
  await insertSessions(database, [{ expiresAt: new Date(0) }, { expiresAt: new Date(0) }]);
  await database.sql('update sessions set user_agent = $1', [SECRET]);
}

async function failureOn(
  database: TestDatabase,
  target: Partial<TargetConfig> = {},
): Promise<ApplicationFailure> {
  await using activities = openActivities(database.url, {
    targets: [{ ...TEST_TARGET, ...target }],
  });
  return await failureOf(activities.attempt({}).result);
}

function expectNoSecret(failure: ApplicationFailure, secret = SECRET): void {
  const { message, stack, details, cause } = failure;
  expect(JSON.stringify({ message, stack, details, cause })).not.toContain(secret);
}
