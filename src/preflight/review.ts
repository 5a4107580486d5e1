import type { EntityManager } from '@mikro-orm/postgresql';
import type { DeletionSettings } from '../config/config.ts';
import { FAILURE, type BrakeReport } from '../contract.ts';
import { checkBrake } from '../deletion/brake.ts';
import { doomedBy } from '../deletion/doomed.ts';
import { FinalDeletionError } from '../deletion/errors.ts';
import type { Target } from '../deletion/target.ts';
import { checkPlausibility } from './plausibility.ts';

/**
 * What the first slice of a target does before it deletes anything: looks whether the expiry means
 * what the configuration says, and whether so much would go that somebody should approve it first.
 *
 * @returns what would be deleted if that needs approval; undefined: go on
 * @throws FinalDeletionError `ImplausibleExpiry` for a unit that the data contradict
 */
export async function reviewTarget(
  em: EntityManager,
  target: Target,
  settings: DeletionSettings,
  cutoff: string,
): Promise<BrakeReport | undefined> {
  const { level, message, remedy } = await checkPlausibility(em, target);
  if (level === 'error') {
    throw new FinalDeletionError(
      FAILURE.implausibleExpiry,
      `Target "${target.name}": ${message}, so nothing was deleted. ${remedy ?? ''}`,
    );
  }
  if (settings.brakeShare === null) return undefined;
  const doomed = await doomedBy(em, target, { cutoff, graceSeconds: settings.graceSeconds });
  return await checkBrake(em, doomed, settings.brakeShare);
}
