import type { MikroORM } from '@mikro-orm/postgresql';
import type { DeletionSettings, TargetConfig } from '../config/config.ts';
import { FAILURE, type BrakeReport } from '../contract.ts';
import { checkBrake } from '../deletion/brake.ts';
import { deadlineFor, doomedBy } from '../deletion/doomed.ts';
import { FinalDeletionError } from '../deletion/errors.ts';
import { inspectTarget } from '../deletion/target.ts';
import { checkPlausibility } from './plausibility.ts';

/**
 * What the first slice of a target does before it deletes anything: looks whether the expiry means
 * what the configuration says, and whether so much would go that somebody should approve it first.
 *
 * @returns what would be deleted if that needs approval; undefined: go on
 * @throws FinalDeletionError `ImplausibleExpiry` for a unit that the data contradict
 */
export async function reviewTarget(
  orm: MikroORM,
  config: TargetConfig,
  settings: DeletionSettings,
  cutoff: string,
): Promise<BrakeReport | undefined> {
  const em = orm.em.fork();
  const target = await inspectTarget(em, config);
  const { level, message, remedy } = await checkPlausibility(em, target);
  if (level === 'error') {
    throw new FinalDeletionError(
      FAILURE.implausibleExpiry,
      `Target "${target.name}": ${message}, so nothing was deleted. ${remedy ?? ''}`,
    );
  }
  if (settings.brakeShare === null) return undefined;
  const deadline = await deadlineFor(em, cutoff, settings.graceSeconds);
  return await checkBrake(em, await doomedBy(em, target, deadline), settings.brakeShare);
}
