import type { SliceResult } from '../src/contract/slice.ts';
import { previewTarget } from '../src/deletion/preview.ts';
import { failureOf, type SliceCall } from './slice-call.ts';

/** Tells what the slice would delete, in the shape of what a slice deleted; writes nothing. */
export async function previewSlice(call: SliceCall): Promise<SliceResult> {
  const { orm, config, context, request, target } = call;
  try {
    const { deadline, eligibleRows, estimatedSeconds, way, unreadableCount } = await Promise.race([
      previewTarget(orm, target, config.deletion, request.cutoff, config.targets),
      // There is nothing to lose by leaving at once.
      context.cancelled,
    ]);
    return {
      target: target.name,
      deadline,
      way,
      deletedCount: eligibleRows,
      skippedLocked: 0,
      seconds: estimatedSeconds,
      stopped: 'drained',
      ...(unreadableCount === undefined ? {} : { unreadableCount }),
    };
  } catch (error) {
    throw failureOf(call, error);
  }
}
