import path from 'node:path';

import pg from 'pg';
import { expect } from 'vitest';

import { countsOf, exactly } from '../../support/run-counts.ts';
import { slowDownDeletions } from '../../support/slow-deletion.ts';
import { fillAndSnapshot } from '../../support/snapshot.ts';
import { startRun } from '../../support/watched-run.ts';
import { workerCrew } from '../../support/worker-process.ts';
import { test } from '../support/chaos-test.ts';
import { EXPIRED, LIVE, PATIENCE, sized, SLOW } from '../support/form.ts';
import { startPgBouncer, whyNoPgBouncer } from '../support/pgbouncer.ts';

const KILLS = sized({ short: 1, full: 5 });
const missing = whyNoPgBouncer();

/** Fewer than the worker opens: lanes take turns on the same connections of the server. */
const POOL_SIZE = 2;

/** What a chunk sets for itself, and must not leave behind for others. */
const LEFT_BEHIND = `select current_setting('lock_timeout') as lock_timeout,
  current_setting('statement_timeout') as statement_timeout,
  current_setting('idle_in_transaction_session_timeout') as idle_timeout,
  current_setting('synchronous_commit') as synchronous_commit,
  current_setting('enable_seqscan') as enable_seqscan`;

test(
  'a run behind PgBouncer, with worker and pooler killed, is exact and leaves no setting in a session',
  { timeout: PATIENCE },
  async ({ folder, postgres, restartableDatabase: database, temporal, random, skip }) => {
    if (missing !== undefined) return skip(missing);
    await using bouncer = await startPgBouncer(
      path.join(folder, 'pgbouncer'),
      postgres.url,
      POOL_SIZE,
    );
    await fillAndSnapshot(database, { expired: EXPIRED, live: LIVE });
    await slowDownDeletions(database, SLOW);
    await using workers = workerCrew({
      databaseUrl: bouncer.urlOf(database.url),
      temporal,
      settings: { LANES: '4', SLICE_TIME: `${sized({ short: 60, full: 4 })}s` },
    });
    let worker = await workers.start();
    const run = await startRun(database, temporal);

    const moments = random.moments(KILLS * 2);
    for (const [index, moment] of moments.entries()) {
      expect(await run.untilDeleted(Math.max(1, moment * EXPIRED))).toBeLessThan(EXPIRED);
      if (index % 2 === 0) {
        await worker.kill();
        worker = await workers.start();
      } else {
        await bouncer.killAndRestart();
      }
    }
    // Others on the same connections, between two of our chunks, still have what is theirs.
    const other = new pg.Client({ connectionString: bouncer.urlOf(database.url) });
    await other.connect();
    const seen = new Set<string>();
    const over = new AbortController();
    const account = countsOf(database, run).finally(() => {
      over.abort();
    });
    while (!over.signal.aborted) {
      seen.add(JSON.stringify((await other.query(LEFT_BEHIND)).rows[0]));
    }
    await other.end();

    expect(await account).toEqual(exactly(EXPIRED));
    expect([...seen].map((settings) => JSON.parse(settings) as unknown)).toEqual([
      {
        lock_timeout: '0',
        statement_timeout: '0',
        idle_timeout: '0',
        synchronous_commit: 'on',
        enable_seqscan: 'on',
      },
    ]);
  },
);
