import { setTimeout as sleep } from 'node:timers/promises';

import { expect } from 'vitest';

import { countSessions, fillSessions } from '../../support/sessions.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { startRun } from '../../support/watched-run.ts';
import { startWorker } from '../../support/worker-process.ts';
import { test } from '../support/chaos-test.ts';
import { PATIENCE, sized } from '../support/form.ts';

/** Counts the clean-up's DELETE statements that run at the same time, until it is aborted. */
async function mostDeletesAtOnce(database: TestDatabase, signal: AbortSignal): Promise<number> {
  let most = 0;
  while (!signal.aborted) {
    const [row] = await database.sql<{ count: number }>(
      `select count(*)::int as count from pg_stat_activity
       where datname = current_database() and state = 'active' and pid <> pg_backend_pid() and query ~* 'delete from'`,
    );
    most = Math.max(most, row?.count ?? 0);
    await sleep(50, undefined, { signal }).catch(() => undefined);
  }
  return most;
}

const SLOW_ROWS = sized({ short: 15, full: 60 });
const REFERENCED_ROWS = sized({ short: 60, full: 1_000 });
const CHILD_ROWS = 700_000;

test.for([
  [
    `${String(SLOW_ROWS)} rows in one block that a trigger keeps busy for one second each`,
    SLOW_ROWS,
    [
      `create function delay() returns trigger language plpgsql as
       $$ begin perform pg_sleep(1); return old; end $$`,
      'create trigger delay before delete on sessions for each row execute function delay()',
    ],
  ],
  [
    `${String(REFERENCED_ROWS)} rows of a table that ${String(CHILD_ROWS)} rows refer to without an index`,
    REFERENCED_ROWS,
    [
      'create table devices (session_id uuid references sessions on delete cascade)',
      `insert into devices select (select id from sessions where expires_at > now() limit 1)
       from generate_series(1, ${String(CHILD_ROWS)})`,
    ],
  ],
] as const)(
  '%s: deleted in one attempt, one DELETE at a time',
  { timeout: PATIENCE },
  async ([, expired, changes], { database, temporal }) => {
    await fillSessions(database, { expired, live: 10 });
    for (const change of changes) await database.sql(change);
    await using _worker = await startWorker({
      databaseUrl: database.url,
      temporal,
      // One active: two DELETEs at once are those of two attempts.
      settings: { LANES: '1' },
    });
    const ended = new AbortController();
    const watched = mostDeletesAtOnce(database, ended.signal);
    const began = performance.now();
    const run = await startRun(database, temporal);
    const { deletedCount, skippedLocked, targets } = await run.result();
    console.log(`took ${((performance.now() - began) / 1_000).toFixed(1)} s`);
    ended.abort();

    expect({ deletedCount, skippedLocked }).toEqual({ deletedCount: expired, skippedLocked: 0 });
    expect(targets).toMatchObject([{ stopped: 'drained' }]);
    expect(targets[0]).not.toHaveProperty('remaining');
    expect(await watched).toBe(1);
    const attempts = (await run.slices()).map(({ attempt }) => attempt);
    expect(attempts.every((attempt) => attempt === 1)).toBe(true);
    expect(await countSessions(database)).toEqual({ expired: 0, live: 10 });
  },
);
