import { expect } from 'vitest';

import { test } from '../support/fixtures.ts';
import { slowDownDeletions } from '../support/slow-deletion.ts';
import { compareWithSnapshot, fillAndSnapshot } from '../support/snapshot.ts';
import { startRun } from '../support/watched-run.ts';
import { startWorker } from '../support/worker-process.ts';

const EXPIRED = 20_000;
const CONNECTIONS = 4;

test(
  'many renewals during a run lose no session',
  { timeout: 60_000 },
  async ({ database, temporal }) => {
    await fillAndSnapshot(database, { expired: EXPIRED, live: 1_000 });
    await slowDownDeletions(database, 2_000);
    const ids = await database.sql<{ id: string }>(
      'select id from session_snapshot where has_expired',
    );
    await using _worker = await startWorker({ databaseUrl: database.url, temporal });
    const run = await startRun(database, temporal);
    await run.untilDeleted(1);

    const renewed: string[] = [];
    const renewals = Array.from({ length: CONNECTIONS }, async (_, connection) => {
      const client = await database.connect();
      // Every other session: those that the run still has before it, and those that it has just taken.
      for (let index = connection * 2; index < ids.length; index += CONNECTIONS * 2) {
        const { rows } = await client.query<{ id: string }>(
          `update sessions set expires_at = now() + interval '1 day' where id = $1 returning id`,
          [ids[index]?.id],
        );
        renewed.push(...rows.map(({ id }) => id));
      }
    });
    const [{ deletedCount, skippedLocked }] = await Promise.all([run.result(), ...renewals]);

    expect(renewed.length).toBeGreaterThan(0);
    expect(deletedCount).toBeGreaterThan(0);
    const lost = await database.sql(
      `select renewed.id from unnest($1::uuid[]) as renewed (id)
     left join sessions using (id) where sessions.id is null`,
      [renewed],
    );
    expect(lost).toEqual([]);
    expect(await compareWithSnapshot(database)).toEqual({
      expiredGone: deletedCount,
      expiredLeft: EXPIRED - deletedCount,
      liveGone: 0,
    });
    // A row whose renewal takes long on a busy machine stays, and is reported.
    const notRenewed = EXPIRED - renewed.length;
    expect(deletedCount).toBeLessThanOrEqual(notRenewed);
    expect(deletedCount).toBeGreaterThanOrEqual(notRenewed - skippedLocked);
  },
);
