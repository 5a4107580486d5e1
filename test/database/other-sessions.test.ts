import { expect } from 'vitest';

import type { LaneCheckpoint } from '../../src/deletion/checkpoint.ts';
import { openCleaner } from '../support/cleaner.ts';
import { startOwnPostgres } from '../support/own-postgres.ts';
import { countSessions, fillSessions } from '../support/sessions.ts';
import { slowDownDeletions } from '../support/slow-deletion.ts';
import { test as withFolder } from '../support/temporary-folder.ts';
import type { TestDatabase } from '../support/test-database.ts';

const STOCK = { expired: 20_000, live: 100 };
/** Of each lane, a second: for both lanes together the rest takes longer than one look at the server. */
const SLOW = 4_000;

const test = withFolder
  /** A server of its own, since the tests run other sessions on the shared one. Rows are deleted slowly. */
  .extend('ownDatabase', async ({ folder }, { onCleanup }): Promise<TestDatabase> => {
    const own = await startOwnPostgres(folder, {});
    onCleanup(() => own[Symbol.asyncDispose]());
    await fillSessions(own.database, STOCK);
    await slowDownDeletions(own.database, SLOW);
    return own.database;
  });

test(
  'runs one lane while other sessions are active, and all lanes once they are gone',
  { timeout: 60_000 },
  async ({ ownDatabase: database }) => {
    await using cleaner = openCleaner(database, { settings: { lanesWhenBusy: 1 } });
    await using other = await beAtWork(database);
    let beside: Promise<readonly LaneCount[]> | undefined;

    const outcome = await cleaner.clean({
      hooks: {
        onProgress({ deletedCount }) {
          if (deletedCount > 5_000) beside ??= other.leave();
        },
      },
    });

    expect(await beside).toEqual([{ lane: 0, deletedCount: expect.any(Number) }]);
    expect(outcome).toMatchObject({
      deletedCount: STOCK.expired,
      stopped: 'drained',
      waits: [{ reason: 'other-sessions', seconds: expect.any(Number) }],
    });
    // Its share of what was left after the next look.
    expect((await lanesThatDeleted(database)).map(({ lane }) => lane)).toEqual([0, 1]);
    expect(await countSessions(database)).toEqual({ expired: 0, live: STOCK.live });
  },
);

test(
  'runs all lanes beside other active sessions when the setting allows it',
  { timeout: 60_000 },
  async ({ ownDatabase: database }) => {
    await using cleaner = openCleaner(database, { settings: { lanesWhenBusy: 2 } });
    await using _other = await beAtWork(database);

    const outcome = await cleaner.clean();

    expect(outcome).toMatchObject({ deletedCount: STOCK.expired, stopped: 'drained' });
    expect(outcome).not.toHaveProperty('waits');
    expect((await lanesThatDeleted(database)).map(({ lane }) => lane)).toEqual([0, 1]);
  },
);

type LaneCount = Pick<LaneCheckpoint, 'lane' | 'deletedCount'>;

/** A session whose statement runs until it is cancelled. */
async function beAtWork(
  database: TestDatabase,
): Promise<AsyncDisposable & { leave(): Promise<readonly LaneCount[]> }> {
  const client = await database.connect();
  const working = client.query('select pg_sleep(600)').catch(() => undefined);
  let hasLeft = false;
  const end = async (): Promise<void> => {
    if (hasLeft) return;
    hasLeft = true;
    await database.sql(
      `select pg_cancel_backend(pid) from pg_stat_activity where query = 'select pg_sleep(600)'`,
    );
    await working;
  };
  return {
    async leave() {
      const lanes = await lanesThatDeleted(database);
      await end();
      return lanes;
    },
    [Symbol.asyncDispose]: end,
  };
}

async function lanesThatDeleted(database: TestDatabase): Promise<readonly LaneCount[]> {
  return await database.sql<LaneCount>(
    `select lane, deleted_count::int as "deletedCount" from session_cleanup.session_cleanup_ledger
     where deleted_count > 0 order by lane`,
  );
}
