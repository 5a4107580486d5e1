import { defineEntity, p } from '@mikro-orm/postgresql';
import { expect } from 'vitest';

import { hashToken, SessionRepository } from '../../src/database/session-repository.ts';
import { createOrm } from '../../src/database/orm.ts';
import { test as base } from '../support/fixtures.ts';
import { at, insertSessions } from '../support/sessions.ts';
import { TEST_DATABASE_SETTINGS } from '../support/settings.ts';

const test = base.extend('sessions', async ({ database }, { onCleanup }) => {
  const orm = createOrm({ ...TEST_DATABASE_SETTINGS, url: database.url }, []);
  onCleanup(() => orm.close(true));
  return new SessionRepository(orm.em);
});

const SESSION = { userId: 'ada', token: 'secret', lifetimeSeconds: 60, ipAddress: '192.0.2.7' };

test('a session is found by its token, stored as a hash', async ({ database, sessions }) => {
  const id = await sessions.create(SESSION);
  expect(await sessions.findLive('secret')).toMatchObject({ id, userId: 'ada' });
  expect(await sessions.findLive('Secret')).toBeNull();
  const [row] = await database.sql<{ text: string }>(`select sessions::text as text from sessions`);
  expect(row?.text).toContain(hashToken('secret'));
  expect(row?.text).not.toContain('secret,');
});

test('a session lives until the microsecond before its expiry', async ({ database, sessions }) => {
  await insertSessions(database, [
    { token: 'expired', expiresAt: at('now()') },
    { token: 'live', expiresAt: at(`now() + interval '1 minute'`) },
  ]);
  expect(await sessions.findLive('expired')).toBeNull();
  expect(await sessions.findLive('live')).not.toBeNull();
});

test('finding an expired session removes it, and no other', async ({ database, sessions }) => {
  const [, other] = await insertSessions(database, [
    { token: 'mine', expiresAt: at(`now() - interval '1 second'`) },
    { token: 'other', expiresAt: at(`now() - interval '1 second'`) },
  ]);
  expect(await sessions.findLive('mine')).toBeNull();
  expect(await database.sql('select id from sessions')).toEqual([{ id: other }]);
});

test('a session renewed while it is found expired stays', async ({ database, sessions }) => {
  const [id] = await insertSessions(database, [{ token: 'mine', expiresAt: at('now()') }]);
  const renewal = await database.connect();
  await renewal.query('begin');
  await renewal.query(`update sessions set expires_at = now() + interval '1 day'`);
  const finding = sessions.findLive('mine');
  await expect
    .poll(() =>
      database.sql(
        `select query from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      ),
    )
    .toHaveLength(1);
  await renewal.query('commit');

  expect(await finding).toBeNull();
  expect(await database.sql('select id from sessions')).toEqual([{ id }]);
  expect(await sessions.findLive('mine')).toMatchObject({ id });
});

test('renewing extends live sessions, revives no expired one', async ({ database, sessions }) => {
  await sessions.create(SESSION);
  await insertSessions(database, [{ token: 'gone', expiresAt: at('now()') }]);
  expect(await sessions.renew('secret', 3_600)).toBe(true);
  expect(await sessions.renew('gone', 3_600)).toBe(false);
  expect(await sessions.renew('unknown', 3_600)).toBe(false);
  const rows = await database.sql<{ seconds: number }>(
    `select round(extract(epoch from expires_at - last_seen_at))::int as seconds from sessions where user_id = 'ada'`,
  );
  expect(rows).toEqual([{ seconds: 3_600 }]);
  expect(await sessions.findLive('gone')).toBeNull();
});

test('revoking ends one session at once', async ({ sessions }) => {
  await sessions.create(SESSION);
  await sessions.create({ ...SESSION, token: 'another' });
  expect(await sessions.revoke('secret')).toBe(true);
  expect(await sessions.revoke('secret')).toBe(false);
  expect(await sessions.findLive('secret')).toBeNull();
  expect(await sessions.findLive('another')).not.toBeNull();
});

test('an entity that the ORM does not know is named', async ({ database }) => {
  const Unknown = defineEntity({
    name: 'Unknown',
    properties: { id: p.integer().primary(), token: p.text(), validUntil: p.datetime() },
  });
  await using orm = createOrm({ ...TEST_DATABASE_SETTINGS, url: database.url }, []);
  const columns = { token: 'token', expiresAt: 'validUntil' } as const;
  const sessions = new SessionRepository(orm.em, { entity: Unknown, ...columns });
  await expect(sessions.findLive('mine')).rejects.toThrow('add the entity Unknown');
});
