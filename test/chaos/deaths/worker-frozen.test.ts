import { expect } from 'vitest';

import { LOOPBACK } from '../../../scripts/services/ports.ts';
import { countsOf, exactly } from '../../support/run-counts.ts';
import { logDeletions } from '../../support/deletion-log.ts';
import { slowDownDeletions } from '../../support/slow-deletion.ts';
import { fillAndSnapshot } from '../../support/snapshot.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { startRun } from '../../support/watched-run.ts';
import { startWorker } from '../../support/worker-process.ts';
import { test } from '../support/chaos-test.ts';
import { EXPIRED, LIVE, PATIENCE, SLOW } from '../support/form.ts';
import { startProxy } from '../support/tcp-proxy.ts';

/** A login of its own, which identifies the frozen worker's deletions. */
async function loginOfFrozen(database: TestDatabase): Promise<{ url: string; role: string }> {
  const role = `frozen_${database.name}`;
  await database.sql(`create role ${role} login superuser`);
  const url = new URL(database.url);
  url.username = role;
  return { url: url.href, role };
}

async function dropRole(database: TestDatabase, role: string): Promise<void> {
  await database.sql(`drop owned by ${role}`);
  await database.sql(`drop role ${role}`);
}

test(
  'a worker frozen between two chunks is fenced off when it resumes',
  { timeout: PATIENCE },
  async ({ database, temporal, random }) => {
    await fillAndSnapshot(database, { expired: EXPIRED, live: LIVE });
    await logDeletions(database);
    const { url, role } = await loginOfFrozen(database);
    // Most of the time it holds back for its pace, with no transaction open: nothing but the ledger can
    // report its timeout when it resumes.
    const settings = { ROWS_PER_SECOND: '2500' };
    {
      await using proxy = await startProxy(Number(temporal.address.split(':')[1]));
      const proxied = { ...temporal, address: `${LOOPBACK}:${proxy.port}` };
      await using old = await startWorker({ databaseUrl: url, temporal: proxied, settings });
      const run = await startRun(database, temporal);
      await run.untilDeleted(random.between(0.05, 0.2) * EXPIRED);
      await using _newer = await startWorker({ databaseUrl: database.url, temporal, settings });
      old.signal('SIGSTOP');
      // Its open poll would receive the next attempt.
      proxy.cut();
      const frozen = await run.inLedger();
      // A chunk that had been handed to the server may still be in there; two more never.
      await run.untilDeleted(frozen + 2_000);
      const [woken] = await database.sql<{ at: string }>('select clock_timestamp()::text as at');
      old.signal('SIGCONT');

      expect(await countsOf(database, run)).toEqual(exactly(EXPIRED));
      expect((await run.slices()).map(({ attempt }) => attempt)).toEqual([2]);
      const late = await database.sql('select id from deletion_log where role = $1 and at > $2', [
        role,
        woken?.at,
      ]);
      expect(late).toEqual([]);
    }
    await dropRole(database, role);
  },
);

test(
  'a running worker whose heartbeats do not reach Temporal is fenced off by the next attempt',
  { timeout: PATIENCE },
  async ({ database, temporal, random }) => {
    await fillAndSnapshot(database, { expired: EXPIRED, live: LIVE });
    await logDeletions(database);
    const { url, role } = await loginOfFrozen(database);
    // The run lasts well beyond the heartbeat timeout.
    const settings = { ROWS_PER_SECOND: String(Math.floor(EXPIRED / 30)) };
    {
      await using proxy = await startProxy(Number(temporal.address.split(':')[1]));
      const proxied = { ...temporal, address: `${LOOPBACK}:${proxy.port}` };
      await using _old = await startWorker({ databaseUrl: url, temporal: proxied, settings });
      const run = await startRun(database, temporal);
      await run.untilDeleted(random.between(0.02, 0.1) * EXPIRED);
      await using _newer = await startWorker({ databaseUrl: database.url, temporal, settings });
      // It continues to delete, since no heartbeat answer reaches it.
      expect(proxy.silence()).toBeGreaterThan(0);

      expect(await countsOf(database, run)).toEqual(exactly(EXPIRED));
      // From the successor's first chunk on, there is none of the old one.
      const [row] = await database.sql<{ late: number; successors: number }>(
        `select count(*) filter (where role = $1 and at > began)::int as late,
              count(*) filter (where role <> $1)::int as successors
       from deletion_log, (select min(at) as began from deletion_log where role <> $1) as successor`,
        [role],
      );
      expect(row?.successors).toBeGreaterThan(0);
      expect(row?.late).toBe(0);
    }
    await dropRole(database, role);
  },
);

test(
  'a worker frozen within a chunk cannot delete when it resumes with outdated attempts',
  { timeout: PATIENCE },
  async ({ database, temporal, random }) => {
    await fillAndSnapshot(database, { expired: EXPIRED, live: LIVE });
    await slowDownDeletions(database, SLOW / 2);
    const options = { databaseUrl: database.url, temporal };
    await using old = await startWorker(options);
    const run = await startRun(database, temporal);
    await run.untilDeleted(random.between(0.05, 0.2) * EXPIRED);
    await using _newer = await startWorker(options);
    old.signal('SIGSTOP');
    const frozen = await run.inLedger();
    await run.untilDeleted(frozen + 2_000);
    old.signal('SIGCONT');

    expect(await countsOf(database, run)).toEqual(exactly(EXPIRED));
    expect((await run.slices()).map(({ attempt }) => attempt)).not.toContain(1);
  },
);
