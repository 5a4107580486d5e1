/** Compares three counts of the same rows at the end of a run. */
import { compareWithSnapshot } from './snapshot.ts';
import type { TestDatabase } from './test-database.ts';
import type { WatchedRun } from './watched-run.ts';

/** All counts of one run that was alone with its table. */
export interface RunCounts {
  readonly inResult: number;
  /** Sum over the activities in its history. */
  readonly inSlices: number;
  readonly inLedger: number;
  readonly expiredGone: number;
  readonly expiredLeft: number;
  readonly liveGone: number;
  readonly stopped: string | undefined;
}

/** Waits for the run's end, then asks the history, the ledger and the table. */
export async function countsOf(database: TestDatabase, run: WatchedRun): Promise<RunCounts> {
  const result = await run.result();
  const slices = await run.slices();
  return {
    inResult: result.deletedCount,
    inSlices: slices.reduce((sum, slice) => sum + slice.deletedCount, 0),
    inLedger: await run.inLedger(),
    ...(await compareWithSnapshot(database)),
    stopped: result.targets[0]?.stopped,
  };
}

/** What it must be when `expired` rows had expired and nothing kept any of them. */
export function exactly(expired: number): RunCounts {
  return {
    inResult: expired,
    inSlices: expired,
    inLedger: expired,
    expiredGone: expired,
    expiredLeft: 0,
    liveGone: 0,
    stopped: 'drained',
  };
}
