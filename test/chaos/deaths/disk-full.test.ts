import path from 'node:path';

import { expect, vi } from 'vitest';

import { countsOf, exactly } from '../../support/run-counts.ts';
import { slowDownDeletions } from '../../support/slow-deletion.ts';
import { compareWithSnapshot, fillAndSnapshot } from '../../support/snapshot.ts';
import { TEMPLATE_DATABASE } from '../../support/postgres-template.ts';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.ts';
import { startRun, type WatchedRun } from '../../support/watched-run.ts';
import { startWorker } from '../../support/worker-process.ts';
import { test } from '../support/chaos-test.ts';
import { EXPIRED, LIVE, PATIENCE, sized, SLOW } from '../support/form.ts';
import { startRestartablePostgres } from '../support/restartable-postgres.ts';
import { MOUNT_NEEDED, mountTinyDisk } from '../support/tiny-disk.ts';

/** Room for the server and its table, with not much beside it. */
const DISK_MEGABYTES = sized({ short: 220, full: 900 });

async function lastFailure(run: WatchedRun, pattern: RegExp): Promise<void> {
  await vi.waitFor(
    async () => {
      const [pending] = (await run.handle.describe()).raw.pendingActivities ?? [];
      expect(pending?.lastFailure?.message).toMatch(pattern);
    },
    { timeout: 60_000, interval: 100 },
  );
}

test(
  'a ledger whose disk is full: retried, with no partial chunk',
  { timeout: PATIENCE },
  async ({ folder, restartableDatabase: database, temporal, skip }) => {
    using disk = mountTinyDisk(path.join(folder, 'tablespace'), 2);
    if (disk === undefined) return skip(MOUNT_NEEDED);
    await fillAndSnapshot(database, { expired: EXPIRED, live: LIVE });
    await slowDownDeletions(database, SLOW);
    await database.sql(`create tablespace tiny location '${disk.folder}'`);
    await database.sql('alter table session_cleanup.session_cleanup_ledger set tablespace tiny');
    // A transaction that might still want to see them keeps old versions of the ledger's rows from being
    // removed, so that the ledger has to grow.
    const observer = await database.connect();
    await observer.query('begin isolation level repeatable read; select 1');
    await using _worker = await startWorker({ databaseUrl: database.url, temporal });
    const run = await startRun(database, temporal);
    await run.untilDeleted(EXPIRED / 20);
    disk.fill();

    await lastFailure(run, /disk is full.*53100/);
    const { expiredGone, liveGone } = await compareWithSnapshot(database);
    expect(expiredGone).toBeLessThan(EXPIRED);
    expect({ expiredGone, liveGone }).toEqual({ expiredGone: await run.inLedger(), liveGone: 0 });
    disk.free();
    await observer.query('rollback');

    expect(await countsOf(database, run)).toEqual(exactly(EXPIRED));
    await database.sql(
      'alter table session_cleanup.session_cleanup_ledger set tablespace pg_default',
    );
    await database.sql('drop tablespace tiny');
  },
);

test(
  'a disk full to the last byte under the write-ahead log, which ends the server',
  { timeout: PATIENCE },
  async ({ folder, temporal, skip }) => {
    using disk = mountTinyDisk(path.join(folder, 'disk'), DISK_MEGABYTES);
    if (disk === undefined) return skip(MOUNT_NEEDED);
    await using server = await startRestartablePostgres(path.join(disk.folder, 'postgres'), {
      min_wal_size: '32MB',
      max_wal_size: '48MB',
    });
    const database = await createTestDatabase(server.url, TEMPLATE_DATABASE);
    await fillAndSnapshot(database, { expired: EXPIRED, live: LIVE });
    await slowDownDeletions(database, SLOW);
    {
      await using _worker = await startWorker({ databaseUrl: database.url, temporal });
      const run = await startRun(database, temporal);
      await run.untilDeleted(EXPIRED / 20);
      disk.fill();
      // Until a new segment of the log is needed, for which there is no space.
      await expect(fillLog(database)).rejects.toThrow(/ECONN|terminat|closed|recovery|starting/i);

      await lastFailure(run, /cannot be reached|interrupted/);
      disk.free();
      await server.stop('immediate');
      await server.start();

      expect(await countsOf(database, run)).toEqual(exactly(EXPIRED));
    }
    await database.drop();
  },
);

/** Writes until the log's segments are used up, and the server with them. */
async function fillLog(database: TestDatabase): Promise<void> {
  for (let segments = 0; segments < 40; segments += 1) {
    try {
      await database.sql('select pg_switch_wal(), pg_logical_emit_message(false, $1, $1)', [
        'fill',
      ]);
    } catch (error) {
      // The client that ends the server may receive the reason first.
      if (!String(error).includes('No space left on device')) throw error;
    }
  }
}
