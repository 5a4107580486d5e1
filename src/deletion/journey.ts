import type { EntityManager } from '@mikro-orm/postgresql';
import type { ResumePoint, Way } from '../contract.ts';
import type { Doomed } from './doomed.ts';
import { drainRoute } from './drain.ts';
import { runLanes, type LanesEnd, type LaneWork } from './lanes.ts';
import { revisitLocked } from './revisit.ts';
import type { Route } from './route.ts';
import { sweepRoute } from './sweep.ts';

/** Where a journey through the table begins; without a position, at the way's own start. */
export interface Departure {
  readonly way: Way;
  readonly position?: string;
  /** Of the sweep that is resumed. */
  readonly end?: string | undefined;
}

/** How a journey ended, and on which route: it may have had to change. */
export interface Arrival {
  readonly route: Route;
  readonly end: LanesEnd;
}

/**
 * Travels, then visits once more where somebody held locks. A table that was written anew meanwhile is
 * swept again from its beginning, since rows may have come to lie where nobody looks any more.
 */
export async function travelToTheEnd(
  em: EntityManager,
  doomed: Doomed,
  from: Departure,
  work: (route: Route) => LaneWork,
): Promise<Arrival> {
  const arrival = await travel(em, doomed, from, work);
  const { route, end } = arrival;
  const lanes = work(route);
  await revisitLocked(lanes, positionOn(route, end.position));
  if (end.kind === 'stopped' || !(await route.isOutdated(em))) return arrival;
  forgetLocks(lanes);
  return await travelToTheEnd(em, doomed, { way: 'sweep' }, work);
}

/** Follows one route to its end; a drain that meets too many rows of one expiry becomes a sweep. */
async function travel(
  em: EntityManager,
  doomed: Doomed,
  from: Departure,
  work: (route: Route) => LaneWork,
): Promise<Arrival> {
  const route =
    from.way === 'sweep'
      ? await sweepRoute(em, doomed.target, from.end)
      : drainRoute(doomed.target, doomed.bound);
  const lanes = work(route);
  // What an earlier attempt or slice came to may be no place any more.
  const isUsable = from.end === undefined || !(await route.isOutdated(em));
  if (isUsable) {
    const end = await runLanes(lanes, from.position ?? route.start);
    if (end.kind !== 'indivisible') return { route, end };
  }
  forgetLocks(lanes);
  return await travel(em, doomed, { way: 'sweep' }, work);
}

/** A sweep from the beginning comes by everywhere, also where locks were met before. */
function forgetLocks({ accounts }: LaneWork): void {
  for (const account of accounts) account.revisit = [];
}

/** A position as the ledger and the next slice take it. */
export function positionOn(route: Route, position: string): Omit<ResumePoint, 'deadline'> {
  return { way: route.way, position, ...(route.end === undefined ? {} : { end: route.end }) };
}
