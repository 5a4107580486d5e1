import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { expect, vi } from 'vitest';

import { choosePort, LOOPBACK } from '../../../scripts/services/ports.ts';
import { startPostgres, type PostgresServer } from '../../../scripts/services/postgres-server.ts';
import { countsOf, exactly } from '../../support/run-counts.ts';
import { TEMPLATE_DATABASE } from '../../support/postgres-template.ts';
import { slowDownDeletions } from '../../support/slow-deletion.ts';
import { fillAndSnapshot } from '../../support/snapshot.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import { startRun } from '../../support/watched-run.ts';
import { startWorker } from '../../support/worker-process.ts';
import { test } from '../support/chaos-test.ts';
import { EXPIRED, LIVE, PATIENCE, SLOW } from '../support/form.ts';
import type { RestartablePostgres } from '../support/restartable-postgres.ts';
import { startProxy, throughProxy } from '../support/tcp-proxy.ts';

/** Starts a standby of the server, from a copy of its data; the server is stopped for that. */
async function startStandby(primary: RestartablePostgres, folder: string): Promise<PostgresServer> {
  await primary.stop('fast');
  mkdirSync(folder);
  // With its owner and modes, and the folder itself along with it.
  execFileSync('cp', ['-a', primary.dataDirectory, folder]);
  const copy = path.join(folder, path.basename(primary.dataDirectory));
  writeFileSync(path.join(copy, 'data', 'standby.signal'), '');
  await primary.start();
  return await startPostgres({
    dataDirectory: copy,
    port: await choosePort(),
    settings: {
      primary_conninfo: `host=${LOOPBACK} port=${primary.port} user=postgres`,
      max_connections: '150',
    },
  });
}

test(
  'a failover to a standby that only reads at first, and lacks the last commits',
  { timeout: PATIENCE },
  async ({ postgres: primary, folder, temporal, random }) => {
    const standby = await startStandby(primary, path.join(folder, 'standby'));
    try {
      await using proxy = await startProxy(primary.port);
      // Every client of the proxy, the test included, reaches the current primary.
      const url = throughProxy(primary.url, proxy);
      const database = await createTestDatabase(url, TEMPLATE_DATABASE);
      {
        await fillAndSnapshot(database, { expired: EXPIRED, live: LIVE });
        await slowDownDeletions(database, SLOW);
        await using _worker = await startWorker({ databaseUrl: database.url, temporal });
        const run = await startRun(database, temporal);
        const before = await run.untilDeleted(random.between(0.2, 0.7) * EXPIRED);
        expect(before).toBeLessThan(EXPIRED);

        proxy.redirect(standby.port);
        await primary.stop('immediate');
        await vi.waitFor(
          async () => {
            const [pending] = (await run.handle.describe()).raw.pendingActivities ?? [];
            expect(pending?.lastFailure?.message).toMatch(/read-only.*25006/);
          },
          { timeout: 30_000, interval: 100 },
        );
        expect(await database.sql('select pg_promote() as done')).toEqual([{ done: true }]);

        expect(await countsOf(database, run)).toEqual(exactly(EXPIRED));
      }
      await database.drop();
    } finally {
      await standby.stop('immediate');
      await primary.start();
    }
  },
);
