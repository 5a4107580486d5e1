import { WorkflowFailedError } from '@temporalio/client';
import { expect } from 'vitest';

import { RESULT_MEMO } from '../../../src/contract/names.ts';
import { readRunResult } from '../../../src/runs/result.ts';
import { CLEANER, deletedBy, logDeletions } from '../../support/deletion-log.ts';
import { compareWithSnapshot } from '../../support/snapshot.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import { startRun, watchRun, type WatchedRun } from '../../support/watched-run.ts';
import type { TestTemporal } from '../../support/test-namespace.ts';
import { test } from '../support/chaos-test.ts';
import { startedRun } from '../support/started-run.ts';
import { EXPIRED, PATIENCE } from '../support/form.ts';
import { temporalCli } from '../../support/temporal-cli.ts';

/**
 * The next run takes all the rest, and the counts of all are all that is gone, each row once. Of the ended run an
 * attempt may run on until its next heartbeat: its rows are reported as locked, and it takes
 * them itself, or one more run does.
 */
async function expectTheRest(
  database: TestDatabase,
  temporal: TestTemporal,
  ended: WatchedRun,
  next: WatchedRun,
): Promise<void> {
  const result = await next.result();
  const before = await ended.inLedger();
  expect(before).toBeGreaterThan(0);
  expect(result.deletedCount).toBeGreaterThan(0);
  expect(result.deletedCount).toBe(await next.inLedger());
  expect(result.targets[0]?.stopped).toBe('drained');
  const untaken = EXPIRED - before - result.deletedCount;
  expect(untaken).toBeGreaterThanOrEqual(0);
  expect(untaken).toBeLessThanOrEqual(result.skippedLocked);

  const last = await (await startRun(database, temporal)).result();
  await expect
    .poll(async () => (await ended.inLedger()) + result.deletedCount + last.deletedCount, {
      timeout: 10_000,
    })
    .toBe(EXPIRED);
  expect(await deletedBy(database, CLEANER)).toBe(EXPIRED);
  expect(await compareWithSnapshot(database)).toEqual({
    expiredGone: EXPIRED,
    expiredLeft: 0,
    liveGone: 0,
  });
}

test(
  'a run cancelled from the CLI keeps its count; the next run deletes the rest',
  { timeout: PATIENCE },
  async ({ database, temporal, random }) => {
    await logDeletions(database);
    await using run = await startedRun(database, temporal, random.between(0.1, 0.7));

    await temporalCli(temporal, 'workflow', 'cancel', '-w', run.workflowId);

    await expect(run.result()).rejects.toThrow(WorkflowFailedError);
    const { memo, status } = await run.handle.describe();
    expect(status.name).toBe('CANCELLED');
    const inMemo = readRunResult(memo?.[RESULT_MEMO]);
    expect(inMemo?.deletedCount).toBe(await deletedBy(database, CLEANER));
    expect(inMemo?.deletedCount).toBe(await run.inLedger());
    await expectTheRest(database, temporal, run, await startRun(database, temporal));
  },
);

test(
  'a run terminated from the CLI stops deleting; a run started at once counts its own rows only',
  { timeout: PATIENCE },
  async ({ database, temporal, random }) => {
    await logDeletions(database);
    await using run = await startedRun(database, temporal, random.between(0.1, 0.5));

    await temporalCli(temporal, 'workflow', 'terminate', '-w', run.workflowId, '--reason', 'test');

    const next = await startRun(database, temporal);
    await expect(run.result()).rejects.toThrow(WorkflowFailedError);
    await expectTheRest(database, temporal, run, next);
  },
);

test(
  'a run reset from the CLI starts over; its earlier deletions stay in the ledger of the old run',
  { timeout: PATIENCE },
  async ({ database, temporal, random }) => {
    await logDeletions(database);
    await using run = await startedRun(database, temporal, random.between(0.1, 0.5));

    const answer = await temporalCli(
      temporal,
      ...['workflow', 'reset', '-w', run.workflowId, '-r', run.runId],
      ...['--type', 'FirstWorkflowTask', '--reason', 'test', '-o', 'json'],
    );

    const runId = /"runId":\s*"([^"]+)"/.exec(answer)?.[1] ?? 'none';
    expect(runId).not.toBe(run.runId);
    const next = watchRun(database, temporal.client, run.workflowId, runId);
    await expectTheRest(database, temporal, run, next);
  },
);
