import { FAILURE } from '../src/contract/failures.ts';
import type { SliceResult } from '../src/contract/slice.ts';
import { checkPlausibility } from '../src/checks/plausibility.ts';
import { checkApproval } from '../src/deletion/approval-check.ts';
import { isClaimed } from '../src/deletion/delete-slice.ts';
import { FinalDeletionError } from '../src/failures/errors.ts';
import { countUnreadable } from '../src/targets/count-rows.ts';
import { expiredRowsOf } from '../src/targets/expired-rows.ts';
import type { Target } from '../src/targets/target.ts';
import { isFirstAttempt, type SliceCall } from './slice-call.ts';

/** What the review before a target's first slice found. */
export interface SliceReview {
  /** To be returned instead of deleting, when (nearly) every row would go and nobody has approved that. */
  readonly instead?: SliceResult;
  /** As in the slice's result. */
  readonly unreadableCount?: number;
}

/**
 * Reviews a target before its first slice deletes anything: whether the expiry means what the configuration says, and
 * whether so much would be deleted that an operator should approve it first.
 *
 * @throws FinalDeletionError `ImplausibleExpiry` for a unit that the data contradict
 */
export async function reviewSlice(call: SliceCall, target: Target): Promise<SliceReview> {
  const { orm, ledgerSchema, key, request, deletion } = call;
  const { resumeFrom, isApproved, cutoff } = request;
  // Not by the slice's number: earlier slices may have been settled before they began.
  if (resumeFrom !== undefined || isApproved === true) return {};
  // An earlier attempt that began to delete was approved, or did not have to be.
  if (!isFirstAttempt(call) && (await isClaimed(orm, ledgerSchema, key))) return {};
  const em = orm.em.fork();
  if (deletion.plausibility === 'check' && target.expiry.type.startsWith('epoch')) {
    const { level, message, remedy } = await checkPlausibility(em, target);
    if (level === 'error') {
      throw new FinalDeletionError(
        FAILURE.implausibleExpiry,
        `Target "${target.name}": ${message}, so nothing was deleted. ${remedy ?? ''}`,
      );
    }
  }
  const unreadableRows = await countUnreadable(em, target);
  const unreadable = unreadableRows === undefined ? {} : { unreadableCount: unreadableRows };
  if (deletion.approvalShare === null) return unreadable;
  const expiredRows = await expiredRowsOf(em, target, {
    cutoff,
    graceSeconds: deletion.graceSeconds,
  });
  const approval = await checkApproval(em, expiredRows, deletion.approvalShare);
  if (approval === undefined) return unreadable;
  return {
    instead: {
      target: target.name,
      deadline: cutoff,
      way: 'sweep',
      deletedCount: 0,
      skippedLocked: 0,
      seconds: 0,
      stopped: 'approval-needed',
      approval,
    },
  };
}
