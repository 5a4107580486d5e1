import type { ResumePoint, Way } from '../contract/slice.ts';
import type { SlicePosition } from './checkpoint.ts';
import { drainRoute } from './drain.ts';
import { Lanes } from './lanes.ts';
import type { LanesEnd, SliceWork } from './delete-slice.ts';
import { forgetLocks, revisitLocked } from './locked-rows.ts';
import type { Route } from './route.ts';
import { sweepRoute } from './sweep.ts';

/** Where a journey through the table begins; without a position, at the way's own start. */
export interface StartPosition {
  readonly way: Way;
  readonly position?: string;
  /** Of the sweep that is resumed. */
  readonly end?: string | undefined;
}

/** Of a sweep, which comes by everywhere, also where locks were met before. */
const AT_THE_BEGINNING: SlicePosition = { way: 'sweep', position: '0' };

/** How a journey ended, and on which route: it may have had to change. */
export interface PassEnd {
  readonly route: Route;
  readonly end: LanesEnd;
}

/**
 * Travels, then visits once more where somebody held locks. A table that was written anew meanwhile is
 * swept again from its beginning, since rows may have come to lie where nobody looks any more.
 */
export async function runPasses(work: SliceWork, from: StartPosition): Promise<PassEnd> {
  const pass = await runPass(work, from);
  const { route, end } = pass;
  await revisitLocked({ ...work, route }, positionOn(route, end.position));
  if (end.kind === 'stopped' || !(await route.isOutdated(work.em))) return pass;
  await forgetLocks(work, AT_THE_BEGINNING);
  return await runPasses(work, AT_THE_BEGINNING);
}

/** Follows one route to its end; a drain that meets too many rows of one expiry becomes a sweep. */
async function runPass(work: SliceWork, from: StartPosition): Promise<PassEnd> {
  const { em, expired, throttle } = work;
  const { target, bound } = expired;
  const route =
    from.way === 'sweep'
      ? await throttle.ask(() => sweepRoute(em, expired, from.end))
      : drainRoute(target, bound);
  // What an earlier attempt or slice came to may be no place any more. A sweep's position always comes with an end.
  const isUsable =
    from.end === undefined
      ? from.way === 'drain' || (from.position ?? route.start) === route.start
      : !(await route.isOutdated(em));
  if (isUsable) {
    const end = await new Lanes({ ...work, route }, from.position ?? route.start).untilEnd();
    if (end.kind !== 'indivisible') return { route, end };
  }
  await forgetLocks(work, AT_THE_BEGINNING);
  return await runPass(work, AT_THE_BEGINNING);
}

/** A position as the ledger and the next slice take it. */
export function positionOn(route: Route, position: string): Omit<ResumePoint, 'deadline'> {
  return { way: route.way, position, ...(route.end === undefined ? {} : { end: route.end }) };
}
