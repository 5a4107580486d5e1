import type { EntityManager } from '@mikro-orm/postgresql';
import type { Range, Route } from './route.ts';

/**
 * How a stretch is to meet rows that others hold: wait a moment for them, step around them, or leave
 * all of it alone and only count.
 */
export type LockManner = 'wait' | 'skip' | 'leave';

/** A range of the route, and how to treat it after what happened there before. */
export interface Stretch {
  readonly range: Range;
  readonly manner: LockManner;
  /** True: it may take long, since it can't be made smaller. */
  readonly patient: boolean;
}

/** Why a chunk was rolled back: a lock was not to be had in time, or it would have held its own too long. */
export type Refusal = 'locked' | 'slow';

/**
 * What to try next with a refused stretch: first to step around the lock, then smaller pieces, and
 * when it can't be divided any more, patience with a slow one and leaving a locked one. (Stepping
 * around locks can still meet one: that of a row which the deletion cascades to.)
 *
 * Null: the way is wrong for this stretch, more rows share one expiry than fit into a chunk.
 */
export async function gentler(
  em: EntityManager,
  route: Route,
  stretch: Stretch,
  refusal: Refusal,
): Promise<readonly Stretch[] | null> {
  if (refusal === 'locked' && stretch.manner === 'wait') return [{ ...stretch, manner: 'skip' }];
  const halves = await route.halve(em, stretch.range);
  if (halves !== null) return halves.map((range) => ({ ...stretch, range }));
  if (refusal === 'locked') return [{ ...stretch, manner: 'leave' }];
  return route.way === 'drain' && !stretch.patient ? null : [{ ...stretch, patient: true }];
}
