import { expect, vi } from 'vitest';

import { SCHEDULE_ID, WORKFLOW_ID } from '../../../src/contract/names.ts';
import { CLEANER, deletedBy, logDeletions } from '../../support/deletion-log.ts';
import { slowDownDeletions } from '../../support/slow-deletion.ts';
import { compareWithSnapshot, fillAndSnapshot } from '../../support/snapshot.ts';
import { watchRun, type WatchedRun } from '../../support/watched-run.ts';
import { workerCrew } from '../../support/worker-process.ts';
import { test } from '../support/chaos-test.ts';
import { EXPIRED, LIVE, PATIENCE, SLOW } from '../support/form.ts';
import { temporalCli } from '../../support/temporal-cli.ts';

const HOUR = 3_600_000;

test(
  'four concurrent runs on one table, from a backfill that allows all: their counts add up',
  { timeout: PATIENCE },
  async ({ database, temporal }) => {
    await fillAndSnapshot(database, { expired: EXPIRED, live: LIVE });
    // Older than the oldest of the four slots, so that they are expired for each run.
    await database.sql(
      `update sessions set expires_at = expires_at - interval '6 hours' where expires_at <= now()`,
    );
    await logDeletions(database);
    await slowDownDeletions(database, SLOW / 2);
    const settings = { SCHEDULE: 'apply', INTERVAL: '1h' };
    await using workers = workerCrew({ databaseUrl: database.url, temporal, settings });
    // A worker takes two activities at once.
    await workers.start();
    await workers.start();

    // At the full hour the schedule would start a fifth; a backfill ignores the pause.
    await temporalCli(
      temporal,
      ...['schedule', 'toggle', '--schedule-id', SCHEDULE_ID, '--pause', '--reason', 'test'],
    );
    const thisHour = Math.floor(Date.now() / HOUR) * HOUR;
    await temporalCli(
      temporal,
      ...['schedule', 'backfill', '--schedule-id', SCHEDULE_ID, '--overlap-policy', 'AllowAll'],
      ...['--start-time', new Date(thisHour - 3.5 * HOUR).toISOString()],
      ...['--end-time', new Date(thisHour + 1_000).toISOString()],
    );
    const runs = await vi.waitFor(
      async () => {
        const found: WatchedRun[] = [];
        const query = `WorkflowId STARTS_WITH '${WORKFLOW_ID}-'`;
        for await (const { workflowId, runId } of temporal.client.workflow.list({ query })) {
          found.push(watchRun(database, temporal.client, workflowId, runId));
        }
        expect(found).toHaveLength(4);
        return found;
      },
      { timeout: 30_000, interval: 100 },
    );
    // All four delete at the same time.
    await vi.waitFor(
      async () => {
        for (const run of runs) expect(await run.inLedger()).toBeGreaterThan(0);
      },
      { timeout: 60_000, interval: 10 },
    );
    expect((await compareWithSnapshot(database)).expiredLeft).toBeGreaterThan(0);

    const results = await Promise.all(runs.map((run) => run.result()));
    const ledger = await Promise.all(runs.map((run) => run.inLedger()));
    const counts = results.map(({ deletedCount }) => deletedCount);
    expect(counts).toEqual(ledger);
    const sum = counts.reduce((total, count) => total + count, 0);
    expect(sum).toBe(EXPIRED);
    expect(await deletedBy(database, CLEANER)).toBe(sum);
    expect(await compareWithSnapshot(database)).toEqual({
      expiredGone: EXPIRED,
      expiredLeft: 0,
      liveGone: 0,
    });
    expect(results.map(({ targets }) => targets[0]?.stopped)).toEqual(Array(4).fill('drained'));
  },
);
