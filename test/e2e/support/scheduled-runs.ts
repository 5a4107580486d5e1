/** The runs that the schedule started, as its description lists them. */
import { expect, vi } from 'vitest';

import { WORKFLOW_ID } from '../../../src/contract/names.ts';
import { describeSchedule, type ScheduleState } from '../../../src/schedule/schedule.ts';
import type { TestDatabase } from '../../support/test-database.ts';
import type { TestTemporal } from '../../support/test-namespace.ts';
import { watchRun, type WatchedRun } from '../../support/watched-run.ts';

/** Where a test looks. */
export interface Stage {
  readonly database: TestDatabase;
  readonly temporal: TestTemporal;
}

/** A run and the slot it stands for. */
export interface SlotRun extends WatchedRun {
  /** ISO 8601. */
  readonly slot: string;
}

/** Waits until the schedule is as a test wants it, and returns it. */
export async function untilSchedule(
  { temporal }: Pick<Stage, 'temporal'>,
  check: (state: ScheduleState) => void,
): Promise<ScheduleState> {
  return await vi.waitFor(
    async () => {
      const state = await describeSchedule(temporal.client);
      check(state);
      return state;
    },
    { timeout: 30_000, interval: 100 },
  );
}

/** Waits until the schedule has started so many runs, and returns them in the order of their slots. */
export async function untilStarted(stage: Stage, count: number): Promise<readonly SlotRun[]> {
  const { recentRuns } = await untilSchedule(stage, (state) => {
    expect(state.recentRuns).toHaveLength(count);
  });
  return recentRuns
    .toSorted((a, b) => a.scheduledAt.localeCompare(b.scheduledAt))
    .map(({ workflowId, runId }) => ({
      ...watchRun(stage.database, stage.temporal.client, workflowId, runId),
      slot: slotOf(workflowId),
    }));
}

/** The server puts it at the end of the id, in whole seconds, and hands it to the run just so. */
function slotOf(workflowId: string): string {
  return new Date(workflowId.slice(WORKFLOW_ID.length + 1)).toISOString();
}

/** The only run that the schedule has started. */
export async function onlyRun(stage: Stage): Promise<SlotRun> {
  const [run] = await untilStarted(stage, 1);
  if (run === undefined) throw new Error('No run.');
  return run;
}

/** The deleted rows of a completed run, on which its result, its slices and the ledger agree. */
export async function deletedBy(run: WatchedRun): Promise<number> {
  const { deletedCount } = await run.result();
  const inSlices = (await run.slices()).reduce((sum, slice) => sum + slice.deletedCount, 0);
  expect({ inSlices, inLedger: await run.inLedger() }).toEqual({
    inSlices: deletedCount,
    inLedger: deletedCount,
  });
  return deletedCount;
}
