import type { EntityManager } from '@mikro-orm/postgresql';
import type { DeletionSettings } from '../config/config.ts';
import { FAILURE } from '../contract/failures.ts';
import type { BrakeReport } from '../contract/slice.ts';
import { checkApproval } from '../deletion/approval-check.ts';
import { countUnreadable } from '../targets/count-rows.ts';
import { doomedBy } from '../targets/expired-rows.ts';
import { FinalDeletionError } from '../targets/errors.ts';
import type { Target } from '../targets/target.ts';
import { checkPlausibility } from './plausibility.ts';

/** What the review of a target found. */
export interface Review {
  /** What would be deleted, if that needs approval. */
  readonly approval: BrakeReport | undefined;
  /** Rows whose expiry cannot be read; undefined: none, or nobody could tell in time. */
  readonly unreadableCount: number | undefined;
}

/**
 * What the first slice of a target does before it deletes anything: looks whether the expiry means
 * what the configuration says, and whether so much would go that somebody should approve it first.
 *
 * @throws FinalDeletionError `ImplausibleExpiry` for a unit that the data contradict
 */
export async function reviewTarget(
  em: EntityManager,
  target: Target,
  settings: DeletionSettings,
  cutoff: string,
): Promise<Review> {
  if (settings.plausibility === 'check' && target.expiry.type.startsWith('epoch')) {
    const { level, message, remedy } = await checkPlausibility(em, target);
    if (level === 'error') {
      throw new FinalDeletionError(
        FAILURE.implausibleExpiry,
        `Target "${target.name}": ${message}, so nothing was deleted. ${remedy ?? ''}`,
      );
    }
  }
  const unreadableCount = await countUnreadable(em, target);
  if (settings.brakeShare === null) return { approval: undefined, unreadableCount };
  const doomed = await doomedBy(em, target, { cutoff, graceSeconds: settings.graceSeconds });
  return { approval: await checkApproval(em, doomed, settings.brakeShare), unreadableCount };
}
