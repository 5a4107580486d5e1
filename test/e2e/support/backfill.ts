/** The expected result of a backfill of yesterday's four slots, by any client. */
import { WorkflowFailedError } from '@temporalio/client';
import { expect } from 'vitest';

import { RESULT_MEMO } from '../../../src/contract/names.ts';
import { readRunResult } from '../../../src/runs/result.ts';
import { triggerSchedule } from '../../../src/schedule/start-runs.ts';
import { pauseSchedule } from '../../../src/schedule/schedule.ts';
import { LOGS_ATTEMPTS, untilAttemptsEnded } from '../../support/attempt-log.ts';
import { slowDownDeletions } from '../../support/slow-deletion.ts';
import { watchRun, type WatchedRun } from '../../support/watched-run.ts';
import { startWorker, type WorkerProcess } from '../../support/worker-process.ts';
import {
  deletedBy,
  untilSchedule,
  untilStarted,
  type SlotRun,
  type Stage,
} from './scheduled-runs.ts';
import { countLeft, fillSlots, SLOTS } from './slots.ts';

/** The policies by the name that Temporal's command and Web UI give them. */
export type Overlap =
  'Skip' | 'BufferOne' | 'BufferAll' | 'AllowAll' | 'CancelOther' | 'TerminateOther';

/** The slots that get a run, and how many of the others the schedule counts as skipped. */
const OUTCOMES: Readonly<
  Record<Overlap, { readonly started: readonly number[]; readonly skipped: number }>
> = {
  Skip: { started: [0], skipped: 3 },
  BufferOne: { started: [0, 1], skipped: 2 },
  BufferAll: { started: [0, 1, 2, 3], skipped: 0 },
  AllowAll: { started: [0, 1, 2, 3], skipped: 0 },
  CancelOther: { started: [3], skipped: 0 },
  TerminateOther: { started: [3], skipped: 0 },
};

/** Rows of each group: a run takes a moment for them, and two groups take it twice as long. */
const ROWS = 250;
const ROWS_PER_SECOND = 500;

/**
 * Backfills {@link PAST_RANGE} under a policy and checks schedule, histories and table.
 * Under the policies that end another run, one is deleting.
 *
 * @param prepare - does all but the last step, which it returns
 */
export async function expectBackfill(
  stage: Stage,
  overlap: Overlap,
  prepare: () => Promise<() => Promise<void>>,
): Promise<void> {
  const { database, temporal } = stage;
  await fillSlots(database, ROWS);
  await slowDownDeletions(database, ROWS_PER_SECOND);
  const settings = { SCHEDULE: 'apply', ...LOGS_ATTEMPTS };
  await using worker = await startWorker({ databaseUrl: database.url, temporal, settings });
  // So that no slot of today comes in between; a paused schedule runs a backfill all the same.
  await pauseSchedule(temporal.client, 'under test');
  const submit = await prepare();
  const { started, skipped } = OUTCOMES[overlap];
  const isReplacing = overlap === 'CancelOther' || overlap === 'TerminateOther';
  const replaced = isReplacing ? await startAnother(stage) : undefined;

  await submit();

  const runs = (await untilStarted(stage, started.length + (isReplacing ? 1 : 0))).filter(
    ({ runId }) => runId !== replaced?.runId,
  );
  expect(runs.map(({ slot }) => slot)).toEqual(started.map((index) => SLOTS[index]?.toISOString()));
  if (replaced === undefined) await expectShares(stage, overlap, runs);
  else await expectSuccession(stage, overlap, { worker, replaced, runs });
  await untilSchedule(stage, (state) => {
    expect(state).toMatchObject({ running: [], bufferedRuns: 0, skippedRuns: skipped });
  });
}

/** A run of today that has begun to delete all expired rows. */
async function startAnother({ database, temporal }: Stage): Promise<WatchedRun> {
  const outcome = await triggerSchedule(temporal.client);
  if (outcome.kind !== 'started') throw new Error(`The trigger was ${outcome.kind}.`);
  const { workflowId, runId } = outcome.run;
  const run = watchRun(database, temporal.client, workflowId, runId);
  await run.untilDeleted(1);
  return run;
}

/** Consecutive runs each delete what had expired by their slot; concurrent runs share it. */
async function expectShares(
  { database }: Stage,
  overlap: Overlap,
  runs: readonly SlotRun[],
): Promise<void> {
  const counts: number[] = [];
  for (const run of runs) {
    expect((await run.result()).cutoff).toBe(run.slot);
    counts.push(await deletedBy(run));
  }
  if (overlap === 'AllowAll') {
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(SLOTS.length * ROWS);
    expect(await areParallel(runs)).toBe(true);
  } else {
    expect(counts).toEqual(runs.map(() => ROWS));
    expect(await areParallel(runs)).toBe(false);
  }
  expect(await countLeft(database)).toEqual({
    bySlot: SLOTS.map((_slot, index) => (index < runs.length ? 0 : ROWS)),
    later: ROWS,
    live: ROWS,
  });
}

/** A run that ended for others, and their worker. */
interface Succession {
  readonly worker: WorkerProcess;
  readonly replaced: WatchedRun;
  readonly runs: readonly SlotRun[];
}

/** The running run keeps its count, and the last slot's run deletes the rest. */
async function expectSuccession(
  { database }: Stage,
  overlap: Overlap,
  { worker, replaced, runs }: Succession,
): Promise<void> {
  await expect(replaced.result()).rejects.toThrow(WorkflowFailedError);
  const counts = await Promise.all(runs.map(deletedBy));
  await untilAttemptsEnded(worker, replaced);
  const { status, memo } = await replaced.handle.describe();
  const before = await replaced.inLedger();
  expect(before).toBeGreaterThan(0);
  const inMemo = readRunResult(memo?.[RESULT_MEMO])?.deletedCount;
  expect({ status: status.name, inMemo }).toEqual(
    overlap === 'CancelOther'
      ? { status: 'CANCELLED', inMemo: before }
      : { status: 'TERMINATED', inMemo: undefined },
  );
  const { bySlot, later, live } = await countLeft(database);
  expect({ bySlot, live }).toEqual({ bySlot: SLOTS.map(() => 0), live: ROWS });
  const after = counts.reduce((sum, count) => sum + count, 0);
  expect(after).toBeGreaterThan(0);
  expect(before + after).toBe((SLOTS.length + 1) * ROWS - later);
}

/** Whether any two of them were running at the same time. */
async function areParallel(runs: readonly SlotRun[]): Promise<boolean> {
  const spans = await Promise.all(
    runs.map(async ({ handle }) => {
      const { startTime, closeTime } = await handle.describe();
      return { start: startTime.getTime(), end: closeTime?.getTime() ?? Infinity };
    }),
  );
  const inOrder = spans.toSorted((a, b) => a.start - b.start);
  return inOrder.some(({ start }, index) => start < (inOrder[index - 1]?.end ?? 0));
}
