import { setTimeout as sleep } from 'node:timers/promises';
import type { SlicePosition } from './checkpoint.ts';
import { drainRoute } from './drain.ts';
import type { SliceWork } from './chunk.ts';
import { Lanes, type LanesEnd } from './lanes.ts';
import { retriedIn, settledIn } from './remaining-rows.ts';
import { positionOn, type Route } from './route.ts';
import { sweepRoute } from './sweep.ts';

/** Where a pass over the table begins; without a position, at the way's own start. */
export type StartPosition = Pick<SlicePosition, 'way'> & Partial<SlicePosition>;

/** Of a sweep, which visits everything, also where locks were met before. */
const BEGINNING = { way: 'sweep', position: '0' } as const satisfies SlicePosition;

/** Most locks are held for milliseconds only: up to so many visits give them time to be released. */
const RETRIES = 3;

/** Before a retry. Milliseconds. */
const PAUSE = 100;

/** No retry begins after this. Milliseconds. */
const RETRY_TIME = 10_000;

/** How a pass ended, and on which route: it may have had to change. */
export interface PassEnd {
  readonly route: Route;
  readonly end: LanesEnd;
}

/**
 * Passes over the table, then once more over the ranges with locked rows. A table that was rewritten meanwhile is
 * swept again from its beginning, since its rows may have moved behind the position.
 */
export async function runPasses(work: SliceWork, from: StartPosition): Promise<PassEnd> {
  const pass = await runPass(work, from);
  const { route, end } = pass;
  const at = positionOn(route, end.position);
  if (end.kind === 'stopped') {
    await work.ledger.forgetFrom(work.checkpoints, at, work.expired.target);
  }
  await retryLocked(work, route, at);
  if (end.kind === 'stopped' || !(await route.isOutdated(work.em))) return pass;
  await forgetRemaining(work, route.leaf);
  return await runPasses(work, BEGINNING);
}

/**
 * Visits the ranges with locked rows again. Each visit replaces what the ledger says of its range, so the count of
 * locked rows is exact whenever this ends. A slice whose time is spent retries once; one that was asked to stop does
 * not.
 */
async function retryLocked(work: SliceWork, route: Route, at: SlicePosition): Promise<void> {
  const until = performance.now() + RETRY_TIME;
  const shouldStop = (): boolean => work.isInterrupted() || performance.now() >= until;
  for (let retry = 1; retry <= RETRIES && !shouldStop(); retry += 1) {
    if (work.checkpoints.every(({ remaining }) => retriedIn(remaining).length === 0)) return;
    const isLast = work.shouldStop();
    if (!isLast) await sleep(PAUSE);
    for (const checkpoint of work.checkpoints) {
      const retried = retriedIn(checkpoint.remaining);
      const own = { ...work, route, checkpoints: [checkpoint], shouldStop };
      if (retried.length > 0) await new Lanes(own, at.position, retried).untilEnd();
    }
    if (isLast) return;
  }
}

/** Forgets rows that stay, those of partitions that are done apart: what begins again at `leaf` visits them all. */
export async function forgetRemaining(
  { ledger, checkpoints }: SliceWork,
  leaf: string | undefined,
): Promise<void> {
  await ledger.changeRemaining(checkpoints, { ...BEGINNING, leaf }, settledIn);
}

/** Follows one route to its end; a drain that meets too many rows of one expiry becomes a sweep. */
async function runPass(work: SliceWork, from: StartPosition): Promise<PassEnd> {
  const { em, expired, throttle } = work;
  const { target, bound } = expired;
  // A change of the configuration or of the table may leave a drain without its index.
  const { expiry, expiryIndexes } = target;
  const route =
    from.way === 'drain' && expiry !== undefined && expiryIndexes.length > 0
      ? drainRoute(target, expiry, bound)
      : await throttle.ask(() => sweepRoute(em, expired, from.end));
  // The position of an earlier attempt or slice may be outdated. A sweep's position always comes with an end.
  const isUsable =
    route.way === from.way &&
    (from.end === undefined
      ? from.way === 'drain' || (from.position ?? route.start) === route.start
      : !(await route.isOutdated(em)));
  if (isUsable) {
    const end = await new Lanes({ ...work, route }, from.position ?? route.start).untilEnd();
    if (end.kind !== 'indivisible') return { route, end };
  }
  await forgetRemaining(work, route.leaf);
  return await runPass(work, BEGINNING);
}
