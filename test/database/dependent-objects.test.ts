import { expect } from 'vitest';

import { toApplicationFailure } from '../../src/failures/translate.ts';
import { FAILURE } from '../../src/contract/failures.ts';
import { createOrm } from '../../src/database/orm.ts';
import { sendTransaction, settingsStatement } from '../../src/database/transaction.ts';
import { grantStatements } from '../../src/checks/rights.ts';
import { test } from '../support/check.ts';
import { insertSessions } from '../support/sessions.ts';
import { TEST_DATABASE_SETTINGS, TEST_TARGET } from '../support/settings.ts';

/** A value of the rows that must be nowhere else. */
const SECRET = 'planted-4711-token';

const AUDIT = `create function audit() returns trigger language plpgsql as
    $$ begin execute format('insert into log values (%L)', old.user_agent); return old; end $$;
  create trigger audit before delete on sessions for each row execute function audit();`;

const REFUSE = `create function "Refuse it"() returns trigger language plpgsql as
  $$ begin raise exception using errcode = 'MY001', message = '${SECRET}', table = '${SECRET}', schema = '${SECRET}'; end $$;`;

const CHILD = `create table devices (id int generated always as identity primary key,
    session uuid references sessions on delete set null);
  insert into devices (session) select id from sessions;`;

const CASES: readonly {
  readonly words: string;
  readonly sql: string;
  readonly type: string;
  readonly names: readonly string[];
}[] = [
  {
    words: 'a trigger without rights of its own',
    sql: `create table log (entry text); ${AUDIT}`,
    type: FAILURE.dependentObject,
    names: ['function audit()', '(42501)'],
  },
  {
    words: 'a trigger whose table is gone',
    sql: AUDIT,
    type: FAILURE.dependentObject,
    names: ['function audit()', '(42P01)'],
  },
  {
    words: 'a trigger whose table refuses the value',
    sql: `create table log (entry text constraint short check (entry = '')); grant insert on log to public; ${AUDIT}`,
    type: FAILURE.dependentObject,
    names: ['function audit()', 'constraint "short"', 'table "public"."log"', '(23514)'],
  },
  {
    words: 'a trigger with a code of its own',
    sql: `${REFUSE} create trigger refuse before delete on sessions for each row execute function "Refuse it"()`,
    type: FAILURE.dependentObject,
    names: ['function "Refuse it"()', '(MY001)'],
  },
  {
    words: 'a trigger that refuses at the commit',
    sql: `${REFUSE} create constraint trigger refuse after delete on sessions initially deferred
      for each row execute function "Refuse it"()`,
    type: FAILURE.dependentObject,
    names: ['function "Refuse it"()'],
  },
  {
    words: 'SET NULL on a column that is NOT NULL',
    sql: `${CHILD} alter table devices alter column session set not null`,
    type: FAILURE.dependentObject,
    names: ['column "session"', 'table "public"."devices"', '(23502)'],
  },
  {
    words: "a child's trigger that refuses SET NULL",
    sql: `${CHILD} ${REFUSE} create trigger refuse before update on devices for each row execute function "Refuse it"()`,
    type: FAILURE.dependentObject,
    names: ['function "Refuse it"()', 'table "public"."devices"'],
  },
  {
    words: 'a foreign key that refuses, two tables away',
    sql: `create table devices (id uuid primary key references sessions on delete cascade);
      create table notes (device uuid constraint kept references devices on delete restrict);
      insert into devices select id from sessions; insert into notes select id from devices`,
    type: FAILURE.referenced,
    names: ['"public"."notes"', 'foreign key "kept"'],
  },
  {
    words: 'a table that is published without replica identity',
    sql: `alter table sessions drop constraint sessions_pkey; create publication changes for table sessions`,
    type: FAILURE.unsupportedTable,
    names: ['"sessions"', 'publication', '(55000)'],
  },
];

test.for(CASES)(
  '$words: the error is final, names that object, and holds no value',
  async ({ sql, type, names }, { database, newcomer: { role, url } }) => {
    await insertSessions(database, [{ expiresAt: new Date(0) }]);
    await database.sql('update sessions set user_agent = $1', [SECRET]);
    for (const grant of grantStatements([TEST_TARGET], 'session_cleanup', role)) {
      await database.sql(grant);
    }
    await database.sql(sql);
    const orm = createOrm({ ...TEST_DATABASE_SETTINGS, url }, [TEST_TARGET]);
    const error: unknown = await sendTransaction(orm.em.fork(), [
      settingsStatement({ lock_timeout: '1s' }),
      { sql: 'delete from sessions', params: [] },
    ]).catch((thrown: unknown) => thrown);
    await orm.close(true);

    const details = { target: 'sessions' };
    const failure = toApplicationFailure(error, TEST_TARGET, details);
    expect(failure).toMatchObject({ type, nonRetryable: true });
    for (const name of names) expect(failure.message).toContain(name);
    expect(JSON.stringify([failure.message, failure.stack, failure.cause])).not.toContain(SECRET);
  },
);
