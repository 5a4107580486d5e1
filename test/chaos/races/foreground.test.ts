import pg from 'pg';
import { expect } from 'vitest';

import { slowDownDeletions } from '../../support/slow-deletion.ts';
import { compareWithSnapshot, fillAndSnapshot } from '../../support/snapshot.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { startRun, type WatchedRun } from '../../support/watched-run.ts';
import { startWorker } from '../../support/worker-process.ts';
import { test } from '../support/chaos-test.ts';
import { EXPIRED, LIVE, PATIENCE, sized, SLOW } from '../support/form.ts';

const TRANSACTIONS = sized({ short: 300, full: 2_000 });
const CONNECTIONS = 4;
const ROWS_EACH = 12;

/** The result of the foreground transactions. */
interface Suffering {
  transactions: number;
  readonly errors: string[];
  /** Milliseconds, of one statement. */
  longestWait: number;
}

/**
 * Takes rows of the connection's own share, where the clean-up is at the moment, one by one, in the
 * order they lie in or the other way round. The shares are disjoint: whatever a transaction has to
 * wait for is the clean-up.
 */
async function takeRows(
  client: pg.Client,
  run: WatchedRun,
  share: number,
  isBackwards: boolean,
  met: Suffering,
): Promise<void> {
  const { rows } = await client.query<{ id: string }>(
    `with front as (select coalesce(max(position::bigint), 0) / 65536 as block
       from session_cleanup.session_cleanup_ledger where run_id = $1 and way = 'sweep')
     select id from (
       select id, ctid from sessions, front
       where ctid >= format('(%s,0)', block)::tid and ctid < format('(%s,0)', block + 40)::tid
         and ('x' || left(id::text, 8))::bit(32)::bigint % ${CONNECTIONS} = $2
       order by random() limit ${ROWS_EACH}) as taken
     order by ctid ${isBackwards ? 'desc' : 'asc'}`,
    [run.runId, share],
  );
  await client.query('begin');
  try {
    for (const { id } of rows) {
      const began = performance.now();
      await client.query('update sessions set last_seen_at = now() where id = $1', [id]);
      met.longestWait = Math.max(met.longestWait, performance.now() - began);
    }
    await client.query('commit');
    if (rows.length > 0) met.transactions += 1;
  } catch (error) {
    await client.query('rollback');
    met.errors.push(error instanceof pg.DatabaseError ? (error.code ?? '') : String(error));
  }
}

async function suffer(database: TestDatabase, run: WatchedRun): Promise<Suffering> {
  const met: Suffering = { transactions: 0, errors: [], longestWait: 0 };
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async (_, share) => {
      const client = await database.connect();
      await client.query(`set lock_timeout = '200ms'`);
      let idle = 0;
      for (let turn = 0; met.transactions < TRANSACTIONS && idle < 200; turn += 1) {
        const before = met.transactions;
        await takeRows(client, run, share, turn % 2 === 1, met);
        idle = met.transactions > before ? 0 : idle + 1;
      }
    }),
  );
  return met;
}

test(
  `${TRANSACTIONS} transactions that take many rows in opposite orders: none is a deadlock victim or waits 200 ms for a lock of ours`,
  { timeout: PATIENCE },
  async ({ database, temporal }) => {
    await fillAndSnapshot(database, { expired: EXPIRED, live: LIVE });
    await slowDownDeletions(database, SLOW);
    await using _worker = await startWorker({ databaseUrl: database.url, temporal });
    const run = await startRun(database, temporal);
    await run.untilDeleted(1);

    const met = await suffer(database, run);

    console.log(`longest statement of the foreground: ${Math.round(met.longestWait)} ms`);
    expect(met.errors).toEqual([]);
    expect(met.transactions).toBeGreaterThanOrEqual(TRANSACTIONS);
    // They did get in each other's way.
    const { deletedCount, skippedLocked, targets } = await run.result();
    expect(met.longestWait).toBeGreaterThan(2);
    expect(targets[0]?.stopped).toBe('drained');
    const snapshot = await compareWithSnapshot(database);
    expect(snapshot).toMatchObject({ expiredGone: deletedCount, liveGone: 0 });
    // A row that was touched has moved; the next run takes it, as it does one that was locked.
    expect(snapshot.expiredLeft).toBeGreaterThanOrEqual(skippedLocked);
    const rest = await (await startRun(database, temporal)).result();
    expect(deletedCount + rest.deletedCount).toBeGreaterThanOrEqual(EXPIRED);
  },
);
