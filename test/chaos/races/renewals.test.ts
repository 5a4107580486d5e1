import { describe, expect } from 'vitest';

import { addressForcing } from '../../support/cleaner.ts';
import { CLEANER, deletedBy, logDeletions } from '../../support/deletion-log.ts';
import { fillSessions } from '../../support/sessions.ts';
import { hurryDeletions, slowDownDeletions } from '../../support/slow-deletion.ts';
import { compareWithSnapshot, takeSnapshot } from '../../support/snapshot.ts';
import { startRun } from '../../support/watched-run.ts';
import { startWorker } from '../../support/worker-process.ts';
import { test } from '../support/chaos-test.ts';
import { EXPIRED, LIVE, PATIENCE, sized, SLOW } from '../support/form.ts';
import { APPLICATION, runClients, tokenise } from '../support/concurrent-clients.ts';

/** Of both ways together in the full form: 50,000. */
const OPERATIONS = sized({ short: 3_000, full: 25_000 });
const CONNECTIONS = 8;
/** Slow enough for the run to last longer than the clients. */
const PACE = sized({ short: SLOW, full: SLOW / 10 });

describe.for(['sweep', 'drain'] as const)('%s', (way) => {
  test(
    `${OPERATIONS} renewals, revocations and on-demand deletion_log from ${CONNECTIONS} connections: no renewed session is lost, none counted twice`,
    { timeout: PATIENCE },
    async ({ database, temporal, random }) => {
      await fillSessions(database, { expired: EXPIRED, live: LIVE });
      await tokenise(database);
      await takeSnapshot(database);
      // The clients look rows up in it, thousands of times.
      await database.sql('alter table session_snapshot add primary key (id)');
      await logDeletions(database);
      await slowDownDeletions(database, PACE);
      const databaseUrl = addressForcing(way, database);
      await using _worker = await startWorker({ databaseUrl, temporal });
      const run = await startRun(database, temporal);
      await run.untilDeleted(1);

      const activity = await runClients(database, run, random, {
        connections: CONNECTIONS,
        operations: OPERATIONS,
        way,
      });
      await hurryDeletions(database);
      const { deletedCount, targets } = await run.result();

      // Operations of this length may outlast a slice.
      expect(new Set(targets[0]?.slices.map((slice) => slice.way))).toEqual(new Set([way]));
      expect(activity.operations).toBeGreaterThanOrEqual(OPERATIONS);
      expect(activity.atPosition).toBeGreaterThan(OPERATIONS / 4);
      expect(activity.renewed.size).toBeGreaterThan(0);
      const lost = await database.sql(
        `select id from unnest($1::uuid[]) as renewed (id)
       left join sessions using (id) where sessions.id is null`,
        [[...activity.renewed]],
      );
      expect(lost).toEqual([]);
      // The log has each row once; its count for the clean-up must be the reported one.
      expect(deletedCount).toBe(await deletedBy(database, CLEANER));
      expect(deletedCount).toBe(await run.inLedger());
      const byHand = await deletedBy(database, APPLICATION);
      expect(byHand).toBeGreaterThan(0);
      expect(deletedCount + byHand + activity.renewed.size).toBe(EXPIRED);
      expect(await compareWithSnapshot(database)).toEqual({
        expiredGone: deletedCount + byHand,
        expiredLeft: activity.renewed.size,
        liveGone: 0,
      });
    },
  );
});
