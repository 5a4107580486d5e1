import type { SliceResult } from '../src/contract/slice.ts';
import type { Target } from '../src/targets/target.ts';
import { reviewTarget } from '../src/checks/review.ts';
import { countDeleted, hasBegun } from './settle-slice.ts';
import { failureOf, isFirstAttempt, type SliceCall } from './slice-call.ts';

/** What the review before a target's first slice found. */
export interface SliceReview {
  /** To be returned instead of deleting, when (nearly) every row would go and nobody has approved that. */
  readonly instead?: SliceResult;
  /** As in the slice's result. */
  readonly unreadableCount?: number;
}

/** Reviews a target before the first slice that deletes anything. */
export async function reviewSlice(call: SliceCall, table: Target): Promise<SliceReview> {
  const { orm, config, request, target } = call;
  const { resumeFrom, isApproved } = request;
  // Not by the slice's number: earlier slices may have been settled before they began.
  if (resumeFrom !== undefined || isApproved === true) return {};
  try {
    // Somebody has approved it, or nobody had to.
    if (!isFirstAttempt(call) && (await hasBegun(call))) return {};
    const review = await reviewTarget(orm.em.fork(), table, config.deletion, request.cutoff);
    const { approval, unreadableCount } = review;
    if (approval === undefined) return unreadableCount === undefined ? {} : { unreadableCount };
    const instead: SliceResult = {
      target: target.name,
      deadline: request.cutoff,
      way: 'sweep',
      deletedCount: 0,
      skippedLocked: 0,
      seconds: 0,
      stopped: 'approval-needed',
      approval,
    };
    return { instead };
  } catch (error) {
    throw failureOf(call, error, await countDeleted(call, false));
  }
}
