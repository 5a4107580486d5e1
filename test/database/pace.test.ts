import { describe, expect } from 'vitest';

import { forceWay, openCleaner } from '../support/cleaner.ts';
import { test } from '../support/fixtures.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import type { TestDatabase } from '../support/test-database.ts';

/** Records each later transaction that deletes from `sessions`, with its rows and time. */
async function noteChunks(database: TestDatabase): Promise<void> {
  await database.sql('create table chunks (rows int, at timestamptz)');
  await database.sql(`create function note_chunk() returns trigger language plpgsql as $$ begin
    insert into public.chunks select count(*), clock_timestamp() from gone; return null; end $$`);
  await database.sql(`create trigger note_chunk after delete on sessions
    referencing old table as gone for each statement execute function note_chunk()`);
}

/** The largest chunk, and the most that was ever deleted above what the pace allowed since the first chunk. */
async function excess(
  database: TestDatabase,
  pace: number,
): Promise<{ readonly largest: number; readonly ahead: number }> {
  const [row] = await database.sql<{ largest: number; ahead: number }>(
    `select max(rows)::int as largest, max(so_far - seconds * $1)::int as ahead from (
       select rows, sum(rows) over (order by at) as so_far, extract(epoch from at - min(at) over ()) as seconds
       from chunks) as noted`,
    [pace],
  );
  return row ?? { largest: 0, ahead: 0 };
}

describe.for(['sweep', 'drain'] as const)('%s', (way) => {
  test.for([
    { pace: 400, expired: 1_000, statistics: true },
    { pace: 400, expired: 1_000, statistics: false },
    { pace: 4_000, expired: 10_000, statistics: true },
  ])(
    'holds a pace of $pace rows/s from the first chunk (statistics: $statistics)',
    async ({ pace, expired, statistics }, { database }) => {
      await fillSessions(database, { expired, live: 100 });
      if (!statistics) {
        await database.sql(
          `update pg_class set reltuples = -1, relpages = 0 where relname = 'sessions'`,
        );
      }
      await forceWay(database, way);
      await noteChunks(database);
      await using cleaner = openCleaner(database, { settings: { rowsPerSecond: pace } });

      const { deletedCount, waits } = await cleaner.clean();

      expect(deletedCount).toBe(expired);
      expect(waits).toContainEqual({ reason: 'pace', seconds: expect.any(Number) });
      const { largest, ahead } = await excess(database, pace);
      expect(largest).toBeLessThanOrEqual((pace / 4) * 1.25);
      // A first chunk that is slow on a busy machine makes the later ones appear early.
      expect(ahead).toBeLessThanOrEqual(pace);
    },
  );
});

test('any number of rows with one expiry is deleted in chunks', async ({ database }) => {
  await fillSessions(database, { expired: 100, live: 400_000 });
  await database.sql(`update sessions set expires_at = date_trunc('day', now() - interval '2 days')
    where ctid < '(1500,0)'::tid`);
  await database.sql('vacuum analyze sessions');
  const { expired } = await countSessions(database);
  await forceWay(database, 'drain');
  await noteChunks(database);
  await using cleaner = openCleaner(database);
  expect(await cleaner.clean()).toMatchObject({ deletedCount: expired });
  expect((await excess(database, 1)).largest).toBeLessThanOrEqual(50_000);
  expect(expired).toBeGreaterThan(50_001);
}, 60_000);

test.for([
  { rows: 250, way: 'drain' },
  { rows: 400, way: 'sweep' },
])(
  '$rows rows of one expiry at a pace of 1,000 rows/s are a $way',
  async ({ rows, way }, { database }) => {
    await fillSessions(database, { expired: 0, live: 3_000 });
    await database.sql(
      `update sessions set expires_at = date_trunc('day', now() - interval '2 days') where id in (select id from sessions limit ${rows})`,
    );
    await forceWay(database, 'drain');
    await using cleaner = openCleaner(database, { settings: { rowsPerSecond: 1_000 } });
    expect(await cleaner.clean()).toMatchObject({ deletedCount: rows, way });
    expect(await countSessions(database)).toEqual({ expired: 0, live: 3_000 - rows });
  },
);
