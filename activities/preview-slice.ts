import type { SliceResult } from '../src/contract.ts';
import { previewTarget } from '../src/deletion/preview.ts';
import { failureOf, type SliceCall } from './slice-call.ts';

/** A preview says nothing until it is done, so the server is told this often that it is at work. */
const HEARTBEAT_MILLISECONDS = 2_000;

/** Tells what the slice would delete, in the shape of what a slice deleted; writes nothing. */
export async function previewSlice(call: SliceCall): Promise<SliceResult> {
  const { orm, config, context, request, target, configuredTargets } = call;
  const heartbeat = setInterval(() => {
    context.heartbeat();
  }, HEARTBEAT_MILLISECONDS);
  try {
    const { deadline, eligibleRows, estimatedSeconds, way } = await Promise.race([
      previewTarget(orm, target, config.deletion, request.cutoff, config.targets),
      // There is nothing to lose by leaving at once.
      context.cancelled,
    ]);
    return {
      target: target.name,
      configuredTargets,
      deadline,
      way,
      deletedCount: eligibleRows,
      skippedLocked: 0,
      seconds: estimatedSeconds,
      stopped: 'drained',
    };
  } catch (error) {
    throw failureOf(call, error, 0);
  } finally {
    clearInterval(heartbeat);
  }
}
