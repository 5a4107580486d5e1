import type { SliceJob } from '../src/deletion/delete-slice.ts';
import type { Target } from '../src/targets/target.ts';
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
      ...(lanes === undefined ? {} : { lanes, lanesWhenBusy: lanes }),
    },
    runId,
    slice: request.slice,
    cutoff: request.cutoff,
    ...(request.resumeFrom === undefined ? {} : { resumeFrom: request.resumeFrom }),
    ...(request.budgetSeconds === undefined ? {} : { budgetSeconds: request.budgetSeconds }),
  };
}
