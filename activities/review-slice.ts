import type { SliceResult } from '../src/contract.ts';
import type { Target } from '../src/deletion/target.ts';
import { reviewTarget } from '../src/preflight/review.ts';
import { countDeleted, hasBegun } from './settle-slice.ts';
import { failureOf, isFirstAttempt, type SliceCall } from './slice-call.ts';

/**
 * What the first slice of a target returns instead of deleting, when (nearly) every row would go and
 * nobody has approved that. Undefined: go on.
 */
export async function reviewSlice(
  call: SliceCall,
  table: Target,
): Promise<SliceResult | undefined> {
  const { orm, config, request, target } = call;
  const { slice, resumeFrom, isApproved } = request;
  if (slice > 0 || resumeFrom !== undefined || isApproved === true) return undefined;
  try {
    // Somebody has approved it, or nobody had to.
    if (!isFirstAttempt(call) && (await hasBegun(call))) return undefined;
    const brake = await reviewTarget(orm.em.fork(), table, config.deletion, request.cutoff);
    if (brake === undefined) return undefined;
    return {
      target: target.name,
      deadline: request.cutoff,
      way: 'sweep',
      deletedCount: 0,
      skippedLocked: 0,
      seconds: 0,
      stopped: 'approval-needed',
      brake,
    };
  } catch (error) {
    throw failureOf(call, error, await countDeleted(call, false));
  }
}
