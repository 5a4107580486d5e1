import { z } from 'zod';

/*
 * What comes out of a history may have been written by another version of this program, or by hand.
 * It is checked for what is shown of it and no more; words are taken as they are, and whatever else
 * there is stays in it, for `--json`.
 */

const count = z.number().nonnegative();

const recordedSlice = z.looseObject({
  way: z.string().exactOptional(),
  /** How many slices it sums up. */
  folded: count.exactOptional(),
  seconds: count,
  waits: z.array(z.looseObject({ reason: z.string(), seconds: count })).exactOptional(),
});

const recordedTarget = z.looseObject({
  target: z.string(),
  deletedCount: count,
  skippedLocked: count,
  slices: z.array(recordedSlice),
  /** Why the work on it ended. */
  stopped: z.string(),
  /** Expired rows that stay, by reason. */
  remaining: z
    .array(z.looseObject({ reason: z.string(), rows: count, by: z.string().exactOptional() }))
    .exactOptional(),
  unreadableCount: count.exactOptional(),
  uncountedCascades: z.array(z.string()).exactOptional(),
  /** The database could not report what its last slice had deleted. */
  uncounted: z.boolean().exactOptional(),
});

const recordedResult = z.looseObject({
  cutoff: z.string(),
  deletedCount: count,
  skippedLocked: count,
  targets: z.array(recordedTarget),
  dryRun: z.boolean().exactOptional(),
});

const runTotals = z.object({ deletedCount: count, skippedLocked: count });

const runRequests = z.object({
  targets: z.array(
    z.object({
      target: z.string(),
      awaiting: z.object({ expiredRows: count, totalRows: count }).exactOptional(),
    }),
  ),
  paused: z.object({ reason: z.string().exactOptional() }).exactOptional(),
  dryRun: z.boolean().exactOptional(),
});

const sliceProgress = z.object({
  target: z.string(),
  deletedCount: count,
  skippedLocked: count,
  rowsPerSecond: count,
  /** Share of the work that is done. */
  fraction: z.number().min(0).max(1).exactOptional(),
  /** Why it holds back, while it does. */
  waitingFor: z.string().exactOptional(),
});

/** What a run did to one target, as its history has it. */
export type RecordedTarget = Readonly<z.infer<typeof recordedTarget>>;

/** A run's result, as its history has it. */
export type RecordedResult = Readonly<z.infer<typeof recordedResult>>;

/** What the completed slices of a run did. */
export type RunTotals = Readonly<z.infer<typeof runTotals>>;

/** What a run waits for, in its answer to the query `progress`. */
export type RunRequests = Readonly<z.infer<typeof runRequests>>;

/** What a slice told last. */
export type RecordedProgress = Readonly<z.infer<typeof sliceProgress>>;

/** A run's result, or the same from its failure's details or its memo; undefined if it is none. */
export function readRunResult(value: unknown): RecordedResult | undefined {
  return recordedResult.safeParse(value).data;
}

/** The totals in the answer to the query `progress`; undefined if it is no such answer. */
export function readRunTotals(value: unknown): RunTotals | undefined {
  return runTotals.safeParse(value).data;
}

/** What a run waits for, from the answer to the query `progress`; undefined if it is no such answer. */
export function readRunRequests(value: unknown): RunRequests | undefined {
  return runRequests.safeParse(value).data;
}

/** The details of a heartbeat; undefined if they are none. */
export function readSliceProgress(value: unknown): RecordedProgress | undefined {
  return sliceProgress.safeParse(value).data;
}
