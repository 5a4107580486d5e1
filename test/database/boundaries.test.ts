import { describe, expect } from 'vitest';

import { forceWay, openCleaner } from '../support/cleaner.ts';
import { BOTH, EXPIRY_COLUMNS } from '../support/expiry-columns.ts';
import { test } from '../support/fixtures.ts';

const CUTOFF = `'2026-03-01T12:00:00Z'::timestamptz`;

for (const kind of EXPIRY_COLUMNS) {
  describe(`a column of ${kind.name}`, () => {
    for (const way of kind.ways) {
      test(`${way}: deletes up to the cut-off, not ${kind.step} later`, async ({ database }) => {
        await forceWay(database, way);
        await database.sql(`create table odd (name text primary key, expiry ${kind.columnType})`);
        await database.sql('create index on odd (expiry)');
        await database.sql(
          `insert into odd select name, ${kind.write} from (values
             ('long ago', ${CUTOFF} - interval '1 year'),
             ('just before', ${CUTOFF} - interval '${kind.step}'),
             ('tie 1', ${CUTOFF}), ('tie 2', ${CUTOFF}),
             ('just after', ${CUTOFF} + interval '${kind.step}'),
             ('in a year', ${CUTOFF} + interval '1 year'),
             ('never', null)) as rows (name, instant)`,
        );
        await using cleaner = openCleaner(database, {
          target: {
            table: 'odd',
            expiresColumns: ['expiry'],
            expiresType: kind.expiresType,
            timeZone: kind.timeZone ?? 'UTC',
          },
        });

        const preview = await cleaner.preview('2026-03-01T12:00:00Z');
        const outcome = await cleaner.clean({ cutoff: CUTOFF });

        expect(preview).toMatchObject({ eligibleRows: 4, oldest: '2025-03-01T12:00:00Z', way });
        expect(outcome).toMatchObject({
          deletedCount: 4,
          skippedLocked: 0,
          way,
          stopped: 'drained',
        });
        const left = await database.sql<{ name: string }>('select name from odd order by name');
        expect(left.map((row) => row.name)).toEqual(['in a year', 'just after', 'never']);
      });
    }
  });
}

test('time zone and date style of the session do not change the result', async ({ database }) => {
  await database.sql(`alter database ${database.name} set TimeZone = 'Asia/Kathmandu'`);
  await database.sql(`alter database ${database.name} set DateStyle = 'German, DMY'`);
  await forceWay(database, 'drain');
  await database.sql('create table odd (name text, expiry timestamp)');
  await database.sql('create index on odd (expiry)');
  await database.sql(
    `insert into odd values ('gone', '2026-03-01 12:00:00'), ('kept', '2026-03-01 12:00:00.000001')`,
  );
  await using cleaner = openCleaner(database, {
    target: { table: 'odd', expiresColumns: ['expiry'] },
  });

  expect(await cleaner.clean({ cutoff: CUTOFF })).toMatchObject({ deletedCount: 1, way: 'drain' });
  expect(await database.sql('select name from odd')).toEqual([{ name: 'kept' }]);
});

test('an ambiguous local time at the end of DST counts as the later one', async ({ database }) => {
  await database.sql('create table odd (name text, expiry timestamp)');
  await database.sql('create index on odd (expiry)');
  // 2026-10-25: at 03:00 CEST (01:00Z) clocks go back to 02:00 CET, so 02:30 is 00:30Z or 01:30Z.
  await database.sql(
    `insert into odd values ('before', '2026-10-25 01:29:00'), ('twice', '2026-10-25 02:20:00'), ('after', '2026-10-25 03:10:00')`,
  );
  await using cleaner = openCleaner(database, {
    target: { table: 'odd', expiresColumns: ['expiry'], timeZone: 'Europe/Berlin' },
  });
  const names = async (): Promise<readonly string[]> =>
    (await database.sql<{ name: string }>('select name from odd')).map((row) => row.name);

  // The tests' clock is past all of these; the cut-offs walk through the hour.
  await cleaner.clean({ cutoff: `'2026-10-25T00:30:00Z'::timestamptz` });
  expect(await names()).toEqual(['twice', 'after']);
  await cleaner.clean({ cutoff: `'2026-10-25T01:30:00Z'::timestamptz` });
  expect(await names()).toEqual(['after']);
  await cleaner.clean({ cutoff: `'2026-10-25T02:10:00Z'::timestamptz` });
  expect(await names()).toEqual([]);
});

test('neither infinity expires, and year 1 always has', async ({ database }) => {
  for (const way of BOTH) {
    await database.sql('drop table if exists odd');
    await database.sql('create table odd (expiry timestamptz)');
    await database.sql('create index on odd (expiry)');
    await database.sql(
      `insert into odd values ('infinity'), ('-infinity'), ('0001-01-01Z'), ('9999-12-31Z'), ('0044-03-15 BC')`,
    );
    await forceWay(database, way);
    await using cleaner = openCleaner(database, {
      target: { table: 'odd', expiresColumns: ['expiry'] },
    });
    expect(await cleaner.clean()).toMatchObject({ deletedCount: 2 });
    const left = await database.sql<{ expiry: string }>(
      'select expiry::text from odd order by odd.expiry',
    );
    expect(left.map(({ expiry }) => expiry.slice(0, 9))).toEqual([
      '-infinity',
      '9999-12-3',
      'infinity',
    ]);
  }
});

test('text that is no instant never expires, and stops nothing', async ({ database }) => {
  await database.sql('create table odd (expiry text)');
  await database.sql(
    `insert into odd values (''), ('never'), ('1700000000'), ('2020-01-01T00:00:00Z'), ('infinity'), ('2020-01-01')`,
  );
  await using cleaner = openCleaner(database, {
    target: { table: 'odd', expiresColumns: ['expiry'], expiresType: 'iso8601' },
  });
  expect(await cleaner.clean()).toMatchObject({ deletedCount: 2 });
  const left = await database.sql<{ expiry: string }>('select expiry from odd');
  expect(left.map((row) => row.expiry)).toEqual(['', 'never', '1700000000', 'infinity']);
});

test('the grace keeps a row for so long after its expiry', async ({ database }) => {
  await database.sql('create table odd (name text, expiry timestamptz)');
  await database.sql(
    `insert into odd values ('gone', ${CUTOFF} - interval '10 seconds'), ('kept', ${CUTOFF} - interval '9.999999 seconds')`,
  );
  await using cleaner = openCleaner(database, {
    target: { table: 'odd', expiresColumns: ['expiry'], graceSeconds: 10 },
  });
  expect(await cleaner.clean({ cutoff: CUTOFF })).toMatchObject({
    deletedCount: 1,
    deadline: '2026-03-01T11:59:50.000000Z',
  });
  expect(await database.sql('select name from odd')).toEqual([{ name: 'kept' }]);
});

test('a cut-off beyond the database’s clock removes nothing that lives', async ({ database }) => {
  await database.sql(`insert into sessions (user_id, token_hash, expires_at) values
    ('a', repeat('a', 64), now() - interval '1 microsecond'), ('b', repeat('b', 64), now() + interval '10 minutes')`);
  await using cleaner = openCleaner(database);
  expect(await cleaner.clean({ cutoff: `now() + interval '1 hour'` })).toMatchObject({
    deletedCount: 1,
  });
  expect(await database.sql('select user_id from sessions')).toEqual([{ user_id: 'b' }]);
});

test('an empty table is drained at once', async ({ database }) => {
  for (const way of BOTH) {
    await forceWay(database, way);
    await using cleaner = openCleaner(database);
    expect(await cleaner.clean()).toMatchObject({
      deletedCount: 0,
      skippedLocked: 0,
      stopped: 'drained',
    });
  }
});
