/** What `init` finds in a database. */
import { describe, expect } from 'vitest';

import { PRESETS } from '../../src/config/presets.ts';
import { closeOrm, createOrm } from '../../src/database/orm.ts';
import { discover, type Discovery } from '../../src/discovery/discover.ts';
import type { Examined } from '../../src/discovery/examine.ts';
import { test } from '../support/check.ts';
import { TEST_DATABASE_SETTINGS } from '../support/settings.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { DDL } from '../stores/ddl.ts';
import { STORE_CASES } from '../stores/rows.ts';

async function discoverIn(
  { url }: Pick<TestDatabase, 'url'>,
  examineWithin?: number,
): Promise<Discovery> {
  const settings = { ...TEST_DATABASE_SETTINGS, url };
  const orm = createOrm(settings, []);
  try {
    return await discover(orm, settings, 'session-cleanup.yaml', examineWithin);
  } finally {
    await closeOrm(orm);
  }
}

function named({ targets }: Discovery, name: string): Examined | undefined {
  return targets.find((target) => target.name === name);
}

describe('a known store', () => {
  test('is recognised among all others, by its own presets', async ({
    emptyDatabase: database,
  }) => {
    const client = await database.connect();
    for (const [store, ddl] of Object.entries(DDL)) {
      if (!ddl.includes('CREATE SCHEMA')) {
        await client.query(`create schema "${store}"; set search_path = "${store}"`);
      }
      await client.query(ddl);
    }
    const { targets } = await discoverIn(database);
    const stores = Object.entries(DDL).map(([store, ddl]) => {
      const schema = /CREATE SCHEMA (\w+)/.exec(ddl)?.[1] ?? store;
      const found = targets.filter(({ table }) => table.schema === schema);
      const own = Object.keys(STORE_CASES).filter((name) => STORE_CASES[name]?.ddl.includes(ddl));
      return {
        found: [store, new Set(found.flatMap(({ entry: { preset = [] } }) => preset))] as const,
        own: [store, new Set(own)] as const,
      };
    });
    expect(new Map(stores.map(({ found }) => found))).toEqual(
      new Map(stores.map(({ own }) => own)),
    );
    expect(targets.filter(({ store }) => store !== undefined)).toHaveLength(
      Object.keys(PRESETS).length,
    );
  });

  test('is described by its rows, its size and its index', async ({ emptyDatabase: database }) => {
    await database.sql(DDL.django);
    await database.sql(
      `insert into django_session
       select number::text, '', case when number <= 30 then timestamptz '2020-01-01' else now() end + number * interval '1 hour'
       from generate_series(1, 100) number`,
    );
    const { targets, excluded } = await discoverIn(database);
    expect(targets).toEqual([
      {
        name: 'django-sessions',
        table: expect.objectContaining({ schema: 'public', name: 'django_session' }),
        store: 'Django',
        entry: { preset: 'django-sessions' },
        blanks: {},
        openPoints: [],
        notes: [],
        facts: {
          rows: 100,
          expiredRows: 30,
          oldest: '2020-01-01T01:00:00Z',
          isEstimate: false,
          index: 'index "django_session_expire_date_a5c62663" finds expired rows',
          bytes: expect.any(Number) as unknown,
        },
      },
    ]);
    expect(excluded).toEqual([]);
  });

  test('beside another of the same kind has its schema in name and table', async ({
    emptyDatabase: database,
  }) => {
    const simplejwt = DDL.simplejwt
      .replace(/CREATE TABLE auth_user.*/, '')
      .replaceAll('REFERENCES auth_user', 'REFERENCES public.auth_user');
    await database.sql('create table auth_user (id integer primary key)');
    await database.sql(`create schema "Tenant.1"; set search_path = "Tenant.1"; ${simplejwt}`);
    await database.sql(`set search_path = public; ${simplejwt}`);
    const { targets } = await discoverIn(database);
    expect(targets.map(({ name, entry }) => [name, entry])).toEqual([
      ['simplejwt-public', { preset: 'simplejwt' }],
      [
        'simplejwt-tenant-1',
        {
          preset: 'simplejwt',
          table: '"Tenant.1".token_blacklist_outstandingtoken',
          dependents: [
            { table: '"Tenant.1".token_blacklist_blacklistedtoken', column: 'token_id' },
          ],
        },
      ],
    ]);
  });

  test('may be partitioned', async ({ emptyDatabase: database }) => {
    await database.sql(`
      create table sessions (token text, data bytea, expiry timestamptz) partition by range (expiry);
      create table sessions_old partition of sessions for values from ('2020-01-01') to ('2021-01-01');
      create table sessions_new partition of sessions default;
      insert into sessions values ('old', '', '2020-06-01'), ('new', '', now() + interval '1 hour')`);
    const { targets } = await discoverIn(database);
    expect(targets).toMatchObject([
      {
        entry: { preset: 'scs', partitions: 'rows' },
        openPoints: [],
        facts: { rows: 2, expiredRows: 1, bytes: 32_768 },
      },
    ]);
  });

  test('of our own migration is known, too', async ({ database }) => {
    const { targets } = await discoverIn(database);
    expect(targets.map(({ name, openPoints }) => ({ name, openPoints }))).toEqual([
      { name: 'sessions', openPoints: [] },
    ]);
  });
});

describe('a target is off', () => {
  test('while the zone of its times is not known', async ({ emptyDatabase: database }) => {
    await database.sql(DDL.connectPgSimple);
    await database.sql(DDL.sanctum);
    await database.sql(`alter database ${database.name} set timezone = 'UTC'`);
    const inUtc = await discoverIn(database);
    expect(named(inUtc, 'connect-pg-simple')).toMatchObject({ openPoints: [], blanks: {} });
    // Laravel writes in the zone of its configuration.
    expect(named(inUtc, 'sanctum')?.blanks).toHaveProperty('timeZone');

    await database.sql(`alter database ${database.name} set timezone = 'America/New_York'`);
    expect(named(await discoverIn(database), 'connect-pg-simple')).toMatchObject({
      blanks: { timeZone: expect.any(String) as unknown },
      openPoints: [expect.stringContaining('America/New_York')],
      facts: { rows: 0 },
    });
  });

  test('while its rows contradict its rule', async ({ emptyDatabase: database }) => {
    await database.sql(DDL.gitea);
    await database.sql(
      `insert into session select number::text, '', extract(epoch from now()) * 1000 from generate_series(1, 30) number`,
    );
    await database.sql(DDL.django);
    await database.sql(`insert into django_session values ('never', '', '1970-01-01 00:00:00+00')`);
    const discovery = await discoverIn(database);
    expect(named(discovery, 'gitea')?.openPoints).toContainEqual(
      expect.stringContaining('epoch-milliseconds'),
    );
    expect(named(discovery, 'django-sessions')?.openPoints).toEqual([
      expect.stringContaining('1970-01-01'),
    ]);
  });

  test('while only the site knows its lifetime', async ({ emptyDatabase: database }) => {
    await database.sql(DDL.laravel);
    expect(named(await discoverIn(database), 'laravel-sessions')).toMatchObject({
      openPoints: [expect.stringContaining('lifetime')],
      notes: ['A row expires 2h after "last_activity".', expect.stringContaining('default')],
    });
  });

  test('while the role may not read its table', async ({ database, newcomer }) => {
    await database.sql(DDL.django);
    await database.sql('create schema other');
    await database.sql('create table other.sessions (token text, data bytea, expiry timestamptz)');
    await database.sql(`grant select on django_session to "${newcomer.role}"`);
    const discovery = await discoverIn(newcomer);
    expect(named(discovery, 'django-sessions')).toMatchObject({
      openPoints: [],
      facts: { rows: 0 },
    });
    expect(named(discovery, 'scs')).toMatchObject({
      openPoints: [expect.stringContaining('"other"."sessions"')],
      facts: undefined,
    });
  });

  test('while another session locks its table; no other waits for that', async ({
    emptyDatabase: database,
  }) => {
    await database.sql(DDL.django);
    await database.sql(DDL.scs);
    const locking = await database.connect();
    await locking.query('begin; lock table django_session in access exclusive mode');
    const startedAt = performance.now();
    const discovery = await discoverIn(database);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(named(discovery, 'django-sessions')).toMatchObject({
      openPoints: [expect.any(String)],
      facts: undefined,
    });
    expect(named(discovery, 'scs')).toMatchObject({ openPoints: [], facts: { rows: 0 } });
  });

  test('while there was no time to examine it', async ({ emptyDatabase: database }) => {
    await database.sql(DDL.django);
    expect(named(await discoverIn(database, 0), 'django-sessions')).toMatchObject({
      openPoints: [expect.any(String)],
      facts: undefined,
    });
  });
});

describe('a table of no known store', () => {
  test('is listed, off, with what its columns do not say', async ({ emptyDatabase: database }) => {
    await database.sql(`
      create table "Refresh?""Tokens" ("Expires.At" bigint);
      create table app_sessions (id int, created_at timestamptz, last_seen_at timestamptz);
      create table otp_codes (issued_at timestamp, ttl int);
      create table user_tokens (token text, valid_until timestamptz);
      create table session_notes (note text);
      create table invoices (expires_at timestamptz)`);
    await database.sql(
      `insert into user_tokens select '', '2020-01-01' from generate_series(1, 7)`,
    );
    const { targets } = await discoverIn(database);
    expect(targets.map(({ name, entry, blanks }) => [name, entry, Object.keys(blanks)])).toEqual([
      [
        'refresh-tokens',
        { table: '"Refresh?""Tokens"', expires: { column: '"Expires.At"' } },
        ['expires.type'],
      ],
      [
        'app_sessions',
        { table: 'app_sessions', expires: { column: 'last_seen_at' } },
        ['expires.lifetime'],
      ],
      [
        'otp_codes',
        { table: 'otp_codes', expires: { column: 'issued_at', lifetimeColumn: 'ttl' } },
        ['timeZone', 'expires.lifetimeUnit'],
      ],
      ['user_tokens', { table: 'user_tokens', expires: { column: 'valid_until' } }, []],
    ]);
    expect(targets.every(({ openPoints }) => openPoints.length > 0)).toBe(true);
    expect(targets.map(({ facts }) => facts?.expiredRows)).toEqual([
      undefined,
      undefined,
      undefined,
      7,
    ]);
  });

  test('is left out if its rows must not be deleted by their expiry', async ({
    emptyDatabase: database,
  }) => {
    await database.sql(DDL.simplejwt);
    await database.sql('create schema projections');
    await database.sql('create table projections.sessions8 (id text, expiration timestamptz)');
    const { targets, excluded } = await discoverIn(database);
    // The block list goes with its store.
    expect(targets.map(({ name }) => name)).toEqual(['simplejwt']);
    expect(excluded).toMatchObject([{ table: { name: 'sessions8' } }]);
  });
});

test(
  'a database of 5,000 tables takes seconds',
  { timeout: 120_000 },
  async ({ emptyDatabase: database }) => {
    await database.sql(`
    do $$ begin
      for number in 1 .. 5000 loop
        execute format('create table %I (id int, a text, b text, created_at timestamptz, expires_at timestamptz)',
          case when number % 50 = 0 then 'session_' else 'thing_' end || number);
        if number % 500 = 0 then commit; end if;
      end loop;
    end $$`);
    await database.sql(DDL.django);
    const startedAt = performance.now();
    const discovery = await discoverIn(database);
    const seconds = (performance.now() - startedAt) / 1_000;
    expect(discovery.targets).toHaveLength(101);
    expect(named(discovery, 'django-sessions')?.facts).toBeDefined();
    expect(seconds).toBeLessThan(30);
  },
);
