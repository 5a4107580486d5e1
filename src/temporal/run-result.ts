import { z } from 'zod';

import type {
  ListedSlice,
  RunProgress,
  SessionCleanupInput,
  SessionCleanupResult,
  SliceProgress,
  WaitReason,
} from '../contract.ts';

/*
 * What comes out of a history may have been written by another version of this program, or by hand.
 * It is checked for what is shown of it and no more.
 */

const count = z.number().nonnegative();
const way = z.enum(['sweep', 'drain']);
const targetStop = z.enum(['drained', 'budget', 'cancelled', 'failed']);

const waitReason = z.enum([
  'table-locked',
  'table-wanted',
  'replica-lag',
  'wal',
  'old-transaction',
  'pace',
]) satisfies z.ZodType<WaitReason>;

const slice = z.object({
  way: way.exactOptional(),
  deletedCount: count,
  skippedLocked: count,
  seconds: count,
  waits: z.array(z.object({ reason: waitReason, seconds: count })).exactOptional(),
}) satisfies z.ZodType<ListedSlice>;

const result = z.object({
  cutoff: z.string(),
  deletedCount: count,
  skippedLocked: count,
  targets: z.array(
    z.object({
      target: z.string(),
      deletedCount: count,
      skippedLocked: count,
      slices: z.array(slice),
      stopped: targetStop,
    }),
  ),
}) satisfies z.ZodType<SessionCleanupResult>;

const progress = z.object({
  cutoff: z.string(),
  dryRun: z.boolean(),
  deletedCount: count,
  skippedLocked: count,
  targets: z.array(
    z.object({
      target: z.string(),
      state: z.union([z.enum(['waiting', 'working']), targetStop]),
      deletedCount: count,
      skippedLocked: count,
      slices: count,
      seconds: count,
    }),
  ),
}) satisfies z.ZodType<RunProgress>;

const sliceProgress = z.object({
  target: z.string(),
  slice: count,
  way: way.exactOptional(),
  deletedCount: count,
  skippedLocked: count,
  rowsPerSecond: count,
  fraction: z.number().min(0).max(1).exactOptional(),
  waitingFor: z.string().exactOptional(),
}) satisfies z.ZodType<SliceProgress>;

const input = z.object({
  targets: z.array(z.string()).exactOptional(),
  cutoff: z.string().exactOptional(),
  dryRun: z.boolean().exactOptional(),
}) satisfies z.ZodType<SessionCleanupInput>;

/** A run's result, or the same from its failure's details or its memo; undefined if it is none. */
export function readRunResult(value: unknown): SessionCleanupResult | undefined {
  return result.safeParse(value).data;
}

/** The answer to the query `progress`; undefined if it is none. */
export function readRunProgress(value: unknown): RunProgress | undefined {
  return progress.safeParse(value).data;
}

/** The details of a heartbeat; undefined if they are none. */
export function readSliceProgress(value: unknown): SliceProgress | undefined {
  return sliceProgress.safeParse(value).data;
}

/** A run's input; empty if it had none that can be read. */
export function readRunInput(value: unknown): SessionCleanupInput {
  return input.safeParse(value).data ?? {};
}
