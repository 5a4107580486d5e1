import type { SliceJob } from '../src/deletion/delete-slice.ts';
import type { Target } from '../src/deletion/target.ts';
import type { SliceCall } from './slice-call.ts';

/** What the deletion is to do: the worker's settings, with what the run was asked for on top. */
export function jobOf({ config, runId, request }: SliceCall, target: Target): SliceJob {
  const { rowsPerSecond, lanes } = request.pace ?? {};
  return {
    target,
    settings: {
      ...config.deletion,
      ...(rowsPerSecond === undefined ? {} : { rowsPerSecond: rowsPerSecond ?? undefined }),
      // Who asks for a number of lanes means it.
      ...(lanes === undefined ? {} : { lanes, lanesBesideOthers: lanes }),
    },
    runId,
    slice: request.slice,
    cutoff: request.cutoff,
    ...(request.resumeFrom === undefined ? {} : { resumeFrom: request.resumeFrom }),
  };
}

/** Whether the run has been going on for longer than its time budget. */
export function isBudgetSpent({ config, context, request }: SliceCall): boolean {
  const { runBudgetSeconds } = config.deletion;
  if (runBudgetSeconds === undefined) return false;
  // From when the slice was asked for, so that its earlier attempts count as well.
  const sinceAsked = (Date.now() - context.info.scheduledTimestampMs) / 1_000;
  return (request.elapsedSeconds ?? 0) + sinceAsked >= runBudgetSeconds;
}
