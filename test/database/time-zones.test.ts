/** Times that applications wrote without a zone, by the library that most of them use. */
import { describe, expect } from 'vitest';

import { connectPgSimple } from '../../scripts/dev/stores/connect-pg-simple.ts';
import { FAILURE } from '../../src/contract/failures.ts';
import { check, named } from '../support/check.ts';
import { openCleaner } from '../support/cleaner.ts';
import { test } from '../support/fixtures.ts';
import type { TestDatabase } from '../support/test-database.ts';

const TABLE = { table: 'session', expiresColumns: ['expire'] } as const;

const COUNTS = { expired: 20, live: 20 };
const HOUR = 3_600_000;

/** Has connect-pg-simple write sessions that expired, and sessions that live, an hour from now. Returns the latter. */
async function writeSessions(database: TestDatabase): Promise<readonly string[]> {
  await using store = await connectPgSimple.open(database.url);
  for (let index = 0; index < COUNTS.expired; index += 1) {
    await store.write(new Date(Date.now() - HOUR));
  }
  const live: string[] = [];
  while (live.length < COUNTS.live) live.push(await store.write(new Date(Date.now() + HOUR)));
  return live;
}

async function left(
  database: TestDatabase,
  live: readonly string[],
): Promise<Record<string, unknown> | undefined> {
  const [row] = await database.sql(
    `select count(*) filter (where sid = any ($1))::int as live, count(*)::int as total from session`,
    [live],
  );
  return row;
}

describe('sessions that connect-pg-simple wrote where the database is in New York', () => {
  test('are refused without a zone by run, preview and check', async ({ database }) => {
    await database.sql(`alter database ${database.name} set timezone = 'America/New_York'`);
    const live = await writeSessions(database);
    await using cleaner = openCleaner(database, { target: { ...TABLE, timeZone: undefined } });
    for (const work of [() => cleaner.clean(), () => cleaner.preview()]) {
      await expect(work()).rejects.toMatchObject({
        failure: FAILURE.unclearTimeZone,
        message: expect.stringMatching(/America\/New_York.*SESSION_CLEANUP_TIME_ZONE/),
      });
    }
    expect(named(await check(database, { ...TABLE, timeZone: undefined }), 'table')).toMatchObject({
      level: 'error',
      message: expect.stringContaining('America/New_York'),
    });
    expect(await left(database, live)).toEqual({ live: 20, total: 40 });
  });

  test('are deleted exactly with the zone of the application', async ({ database }) => {
    await database.sql(`alter database ${database.name} set timezone = 'America/New_York'`);
    const live = await writeSessions(database);
    const target = { ...TABLE, timeZone: 'America/New_York' };
    await using cleaner = openCleaner(database, { target });
    expect(await cleaner.preview()).toMatchObject({ eligibleRows: 20 });
    expect(await cleaner.clean()).toMatchObject({ deletedCount: 20 });
    expect(await left(database, live)).toEqual({ live: 20, total: 20 });
  });
});

describe('without a configured zone', () => {
  const target = { ...TABLE, timeZone: undefined };

  test('a database whose only zone is UTC is cleaned', async ({ database }) => {
    await database.sql(`alter database ${database.name} set timezone = 'Etc/UTC'`);
    const live = await writeSessions(database);
    await using cleaner = openCleaner(database, { target });
    expect(await cleaner.clean()).toMatchObject({ deletedCount: 20 });
    expect(await left(database, live)).toEqual({ live: 20, total: 20 });
  });

  test('one role that writes in another zone is enough to be refused', async ({ database }) => {
    await database.sql(`alter database ${database.name} set timezone = 'UTC'`);
    const live = await writeSessions(database);
    const role = `writer_${database.name}`;
    await database.sql(`create role ${role}`);
    await database.sql(
      `alter role ${role} in database ${database.name} set timezone = 'Asia/Tokyo'`,
    );
    try {
      await using cleaner = openCleaner(database, { target });
      await expect(cleaner.clean()).rejects.toMatchObject({
        failure: FAILURE.unclearTimeZone,
        message: expect.stringContaining(`Asia/Tokyo (role "${role}"`),
      });
    } finally {
      await database.sql(`drop role ${role}`);
    }
    expect(await left(database, live)).toEqual({ live: 20, total: 40 });
  });

  test('a zone of our own connection does not apply to others', async ({ database }) => {
    const live = await writeSessions(database);
    const url = new URL(database.url);
    url.searchParams.set('options', '-c timezone=UTC');
    await using cleaner = openCleaner({ ...database, url: url.href }, { target });
    await expect(cleaner.clean()).rejects.toMatchObject({ failure: FAILURE.unclearTimeZone });
    expect(await left(database, live)).toEqual({ live: 20, total: 40 });
  });

  test('text without a zone stays if the zone is unclear; others go', async ({ database }) => {
    await database.sql(`alter database ${database.name} set timezone = 'America/New_York'`);
    await database.sql('create table session (sid text, expire text)');
    await database.sql(
      `insert into session values ('old', '2020-01-01T00:00:00Z'), ('old', '2020-01-01 00:00:00-05'),
         ('live', '2020-01-01 00:00:00'), ('live', '2999-01-01T00:00:00Z')`,
    );
    const text = { ...target, expiresType: 'iso8601' } as const;
    await using cleaner = openCleaner(database, { target: text });
    expect(await cleaner.preview()).toMatchObject({ eligibleRows: 2, unreadableCount: 1 });
    expect(named(await check(database, text), 'never-expire')).toMatchObject({
      level: 'warning',
      remedy: expect.stringContaining('SESSION_CLEANUP_TIME_ZONE'),
    });
    expect(await cleaner.clean()).toMatchObject({ deletedCount: 2 });
    expect(await left(database, ['live'])).toEqual({ live: 2, total: 2 });
  });
});
