import type { EntityManager } from '@mikro-orm/postgresql';
import type { RowRefusal } from './remaining-rows.ts';
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
  /** True: the statement may take long, since the range holds one row and cannot be made smaller. */
  readonly patient: boolean;
}

/**
 * Why a chunk was rolled back: a lock was not to be had in time, it would have held its own too long, or
 * PostgreSQL refuses the deletion of one of its rows.
 */
export type Refusal =
  | { readonly kind: 'locked' | 'slow' }
  | { readonly kind: 'refused'; readonly row: RowRefusal; readonly error: unknown };

/**
 * What to try next with a refused stretch: first to step around the lock, then smaller pieces, down to a
 * single row: a slow one gets more time, a locked one is left. (Stepping around locks can still meet one: that of a row
 * which the deletion cascades to.)
 *
 * `remains`: the stretch is a single row that cannot be deleted. Null: the way is wrong for this stretch, more
 * rows share one expiry than fit into a chunk.
 */
export async function gentler(
  em: EntityManager,
  route: Route,
  stretch: Stretch,
  { kind }: Refusal,
): Promise<readonly Stretch[] | 'remains' | null> {
  if (kind === 'locked' && stretch.manner === 'wait') return [{ ...stretch, manner: 'skip' }];
  const pieces = stretch.patient ? 'single' : await route.divide(em, stretch.range);
  if (pieces !== 'single' && pieces !== null) {
    return pieces.map(({ isSingle, ...range }) => ({
      ...stretch,
      range,
      patient: isSingle === true,
    }));
  }
  if (kind === 'locked') return [{ ...stretch, manner: 'leave' }];
  if (pieces === null) return null;
  return kind === 'slow' && !stretch.patient ? [{ ...stretch, patient: true }] : 'remains';
}
