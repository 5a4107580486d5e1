/** A run in the middle of its deletion. */
import { slowDownDeletions } from '../../support/slow-deletion.ts';
import { fillAndSnapshot } from '../../support/snapshot.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import type { TestTemporal } from '../../support/test-namespace.ts';
import { startRun, type WatchedRun } from '../../support/watched-run.ts';
import { startWorker } from '../../support/worker-process.ts';
import { EXPIRED, LIVE, SLOW } from './form.ts';

/** Fills the table, and starts a worker and a run; returns when this share of the rows is deleted. */
export async function startedRun(
  database: TestDatabase,
  temporal: TestTemporal,
  share: number,
): Promise<WatchedRun & AsyncDisposable> {
  await fillAndSnapshot(database, { expired: EXPIRED, live: LIVE });
  await slowDownDeletions(database, SLOW);
  await using stack = new AsyncDisposableStack();
  stack.use(await startWorker({ databaseUrl: database.url, temporal }));
  const run = await startRun(database, temporal);
  await run.untilDeleted(share * EXPIRED);
  const owned = stack.move();
  return { ...run, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
