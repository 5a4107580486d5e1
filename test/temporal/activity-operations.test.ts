/** What an operator can do to the activity itself, with Temporal's own command. */
import { describe, expect } from 'vitest';

import { FAILURE } from '../../src/contract/failures.ts';
import { readRunResult } from '../../src/runs/result.ts';
import { test } from '../support/fixtures.ts';
import { pendingActivity, untilDeleting } from '../support/pending-activity.ts';
import { startRealRun, startRealWorker, type RealRun } from '../support/real-worker.ts';
import { compareWithSnapshot, fillAndSnapshot } from '../support/snapshot.ts';
import { temporalCli } from '../support/temporal-cli.ts';
import type { TestTemporal } from '../support/test-namespace.ts';
import { until } from '../support/fake-worker.ts';

/** Slow enough to be observed while it deletes, and soon done. */
const UNHURRIED = { deletion: { chunkMilliseconds: 10, rowsPerSecond: 20_000 } };

const STOCK = { expired: 50_000, live: 500 };

const GONE = { expiredGone: STOCK.expired, expiredLeft: 0, liveGone: 0 };

/** `PENDING_ACTIVITY_STATE_PAUSED` of Temporal's API: no attempt is running. */
const PAUSED = 4;

describe('the activity of a run', { timeout: 60_000 }, () => {
  test('stops by pause, continues by unpause, loses no count', async ({ temporal, database }) => {
    await fillAndSnapshot(database, STOCK);
    await using _ = await startRealWorker(temporal, database, UNHURRIED);
    const run = await startRealRun(temporal);
    await untilDeleting(run);

    await operate(temporal, run, 'pause', '--reason', 'peak hour');
    await until(async () => (await pendingActivity(run)).state === PAUSED);
    const { expiredLeft } = await compareWithSnapshot(database);
    expect(expiredLeft).toBeGreaterThan(0);
    // Another run works meanwhile, and finds every row that the paused one has left.
    expect(await (await startRealRun(temporal, { dryRun: true })).result()).toMatchObject({
      deletedCount: expiredLeft,
    });

    await operate(temporal, run, 'unpause');
    expect(await run.result()).toMatchObject({ deletedCount: STOCK.expired });
    expect(await compareWithSnapshot(database)).toEqual(GONE);
  });

  test.for([[], ['--clear-heartbeat-details']])(
    'begins anew when it is reset with flags %j, and counts each row once',
    async (flags, { temporal, database }) => {
      await fillAndSnapshot(database, STOCK);
      await using _ = await startRealWorker(temporal, database, UNHURRIED);
      const run = await startRealRun(temporal);
      await untilDeleting(run);
      const startedAt = (await pendingActivity(run)).startedAt;

      await operate(temporal, run, 'reset', ...flags);
      await until(async () => (await pendingActivity(run)).startedAt !== startedAt);
      expect((await compareWithSnapshot(database)).expiredLeft).toBeGreaterThan(0);

      expect(await run.result()).toMatchObject({ deletedCount: STOCK.expired });
      expect(await compareWithSnapshot(database)).toEqual(GONE);
    },
  );

  test('reports after a reset and a failure all it deleted', async ({ temporal, database }) => {
    await fillAndSnapshot(database, STOCK);
    await using _ = await startRealWorker(temporal, database, UNHURRIED);
    const run = await startRealRun(temporal);
    await untilDeleting(run);
    await operate(temporal, run, 'pause');
    await until(async () => (await pendingActivity(run)).state === PAUSED);
    const { expiredGone } = await compareWithSnapshot(database);
    expect(expiredGone).toBeGreaterThan(0);
    await database.sql('alter table sessions rename to sessions_elsewhere');

    // Attempt 1 once more, without a heartbeat: nothing but the ledger knows of the rows.
    await operate(temporal, run, 'reset', '--clear-heartbeat-details');

    const error: unknown = await run.result().catch((thrown: unknown) => thrown);
    expect(error).toHaveProperty('cause.type', FAILURE.noTable);
    expect(readRunResult(detailsIn(error))).toMatchObject({ deletedCount: expiredGone });
  });
});

/** `temporal activity …` on the run's only activity. */
async function operate(
  temporal: TestTemporal,
  run: RealRun,
  operation: 'pause' | 'unpause' | 'reset',
  ...flags: readonly string[]
): Promise<void> {
  const which = ['--workflow-id', run.workflowId, '--activity-id', (await pendingActivity(run)).id];
  await temporalCli(temporal, 'activity', operation, ...which, ...flags);
}

function detailsIn(error: unknown): unknown {
  const cause = error instanceof Error ? error.cause : undefined;
  const hasDetails = typeof cause === 'object' && cause !== null && 'details' in cause;
  return hasDetails && Array.isArray(cause.details) ? cause.details[0] : undefined;
}
