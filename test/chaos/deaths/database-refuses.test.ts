import { setTimeout as sleep } from 'node:timers/promises';

import { ApplicationFailure, WorkflowFailedError } from '@temporalio/client';
import { expect, vi } from 'vitest';

import { TIMEOUT_FAILURE } from '../../../src/contract/failures.ts';
import { readRunResult } from '../../../src/runs/result.ts';
import { countsOf, exactly } from '../../support/run-counts.ts';
import { compareWithSnapshot } from '../../support/snapshot.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import type { WatchedRun } from '../../support/watched-run.ts';
import { test } from '../support/chaos-test.ts';
import { startedRun } from '../support/started-run.ts';
import { EXPIRED, PATIENCE } from '../support/form.ts';
import { temporalCli } from '../../support/temporal-cli.ts';

/** Turns the whole server read-only, or back, for transactions that begin from now on. */
async function setReadOnly(database: TestDatabase, value: 'on' | 'off'): Promise<void> {
  await database.sql(`alter system set default_transaction_read_only = ${value}`);
  await database.sql('select pg_reload_conf()');
}

/** Waits until the activity was tried again, and returns its last failure message. */
async function untilRetried(run: WatchedRun): Promise<string> {
  return await vi.waitFor(
    async () => {
      const [pending] = (await run.handle.describe()).raw.pendingActivities ?? [];
      expect(pending?.attempt).toBeGreaterThan(2);
      return pending?.lastFailure?.message ?? '';
    },
    { timeout: 30_000, interval: 100 },
  );
}

test(
  'a run waits for a database that becomes read-only',
  { timeout: PATIENCE },
  async ({ restartableDatabase: database, temporal, random }) => {
    await using run = await startedRun(database, temporal, random.between(0.1, 0.7));
    await setReadOnly(database, 'on');

    expect(await untilRetried(run)).toMatch(/read-only.*25006/);
    const { expiredGone, liveGone } = await compareWithSnapshot(database);
    expect({ expiredGone, liveGone }).toEqual({ expiredGone: await run.inLedger(), liveGone: 0 });
    await setReadOnly(database, 'off');

    expect(await countsOf(database, run)).toEqual(exactly(EXPIRED));
  },
);

test(
  'a database that stays read-only fails the run, with the count so far',
  { timeout: PATIENCE },
  async ({ restartableDatabase: database, temporal, random }) => {
    await using run = await startedRun(database, temporal, random.between(0.1, 0.5));
    await setReadOnly(database, 'on');
    expect(await untilRetried(run)).toMatch(/read-only.*25006/);
    const before = await run.inLedger();
    // What takes 24 hours without this: the operator shortens the activity's time.
    await temporalCli(
      temporal,
      ...['activity', 'update-options', '-w', run.workflowId, '-a', '2'],
      ...['--schedule-to-close-timeout', '1s'],
    );
    // The slice is over; its count is asked for, by a local activity, until the database answers.
    await vi.waitFor(
      async () => {
        expect((await run.handle.describe()).raw.pendingActivities ?? []).toEqual([]);
      },
      { timeout: 30_000, interval: 100 },
    );
    await setReadOnly(database, 'off');

    const error: unknown = await run.result().catch((thrown: unknown) => thrown);
    const cause = error instanceof WorkflowFailedError ? error.cause : undefined;
    const failure = cause instanceof ApplicationFailure ? cause : undefined;
    expect(failure?.type).toBe(TIMEOUT_FAILURE);
    expect(failure?.message).toContain('no attempt finished');
    expect(readRunResult(failure?.details?.[0])?.deletedCount).toBe(before);
    const { expiredGone, liveGone } = await compareWithSnapshot(database);
    expect({ expiredGone, liveGone }).toEqual({ expiredGone: before, liveGone: 0 });
    expect(await run.inLedger()).toBe(before);
    // No attempt continues after the failure.
    await sleep(500);
    expect((await compareWithSnapshot(database)).expiredGone).toBe(before);
  },
);
