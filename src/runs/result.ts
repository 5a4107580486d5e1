import { z } from 'zod';

/*
 * A history may have been written by another version of this program, or by hand. Only what is shown is
 * checked; unknown words and fields are kept, for `--json`.
 */

const count = z.number().nonnegative();

const recordedSlice = z.looseObject({
  way: z.string().exactOptional(),
  /** Number of slices in this entry. */
  folded: count.exactOptional(),
  seconds: count,
  waits: z.array(z.looseObject({ reason: z.string(), seconds: count })).exactOptional(),
});

const recordedTarget = z.looseObject({
  target: z.string(),
  deletedCount: count,
  /** Rows of its dependents, which `deletedCount` does not include. */
  dependentsDeleted: count.exactOptional(),
  skippedLocked: count,
  slices: z.array(recordedSlice),
  /** Why the work on it ended. */
  stopped: z.string(),
  /** Expired rows that could not be deleted, by reason. */
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

/** The answer to the query `progress`: what completed slices did, and what the run waits for. */
export const runProgress = z.object({
  deletedCount: count,
  targets: z.array(
    z.object({
      target: z.string(),
      awaiting: z.object({ expiredRows: count, totalRows: count }).exactOptional(),
    }),
  ),
  paused: z.object({ reason: z.string().exactOptional() }).exactOptional(),
  dryRun: z.boolean().exactOptional(),
});

/** The details of a slice's heartbeat. */
export const sliceProgress = z.object({
  target: z.string(),
  deletedCount: count,
  dependentsDeleted: count.exactOptional(),
  skippedLocked: count,
  rowsPerSecond: count,
  /** Share of the work that is done. */
  fraction: z.number().min(0).max(1).exactOptional(),
  /** Why it is throttled, while it is. */
  waitingFor: z.string().exactOptional(),
});

/** What a run did to one target, from its history. */
export type RecordedTarget = Readonly<z.infer<typeof recordedTarget>>;

/** A run's result, from its history. */
export type RecordedResult = Readonly<z.infer<typeof recordedResult>>;

export type RecordedRunProgress = Readonly<z.infer<typeof runProgress>>;
export type RecordedSliceProgress = Readonly<z.infer<typeof sliceProgress>>;

/** A run's result, or the same from its failure's details or its memo; undefined if it is not one. */
export function readRunResult(value: unknown): RecordedResult | undefined {
  return recordedResult.safeParse(value).data;
}
