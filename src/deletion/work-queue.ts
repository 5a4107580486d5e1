import type { EntityManager } from '@mikro-orm/postgresql';
import type { Piece, Route } from './route.ts';
import type { LockManner, Stretch } from './range.ts';

/** A stretch that a lane is working on, or that waits to be taken up again. */
export interface Claim extends Stretch {
  readonly taken: boolean;
}

/** What a lane wants to take. */
export interface Wanted {
  /** In the unit of the route. */
  readonly size: number;
  readonly manner: LockManner;
  /** Rows that a chunk may delete; left out: as many as the route takes. */
  readonly mostRows?: number | undefined;
}

/**
 * Shares one route out to lanes: whoever is free takes the next stretch, so that no lane idles
 * while another still has half the table before it.
 *
 * It also knows how far *everybody* has come. That point, not a lane's own, is what the ledger
 * keeps: a lane may be killed with a stretch in hand that lies behind what others have finished.
 */
export class WorkQueue {
  readonly #route: Route;
  /** Claimed or given back, and not yet finished, in the order of the route. */
  readonly #open: Claim[] = [];
  #cursor: string;
  /** True when the route has no further stretch; those given back are still to be done. */
  #isCutUp = false;
  #cutting: Promise<unknown> = Promise.resolve();

  constructor(route: Route, from: string) {
    this.#route = route;
    this.#cursor = from;
  }

  /** Where a successor may go on now: nothing before it is left unvisited. */
  get position(): string {
    return this.#open[0]?.range.from ?? this.#cursor;
  }

  /** Where a successor may go on once `claim` is committed. */
  positionAfter(claim: Claim): string {
    return this.#open.find((other) => other !== claim)?.range.from ?? this.#cursor;
  }

  /** What nobody has claimed yet, in the unit of a chunk's size; undefined where that can't be told. */
  get remaining(): number | undefined {
    return this.#route.remaining(this.#cursor);
  }

  /**
   * Takes the next stretch, of about `size`; null when none is left to begin. `indivisible`: more than
   * `mostRows` share one expiry.
   */
  async claim(em: EntityManager, wanted: Wanted): Promise<Claim | 'indivisible' | null> {
    // One at a time: the next stretch begins where this one ends.
    const claim = this.#cutting.then(
      async () => (await this.#claimReturned(em, wanted)) ?? (await this.#claimNew(em, wanted)),
    );
    this.#cutting = claim.catch(() => undefined);
    return await claim;
  }

  /** One that was given back, or as much of it as a chunk takes by now. */
  async #claimReturned(em: EntityManager, { size }: Wanted): Promise<Claim | undefined> {
    const returned = this.#open.find((open) => !open.taken);
    if (returned === undefined) return undefined;
    const head = await this.#route.head(em, returned.range, size);
    const { range } = returned;
    const claim = { ...returned, ...(head === null ? {} : claimOf(head)), taken: true };
    const rest =
      head === null || head.to === range.to
        ? []
        : [{ ...returned, range: { from: head.to, to: range.to } }];
    this.#open.splice(this.#open.indexOf(returned), 1, claim, ...rest);
    return claim;
  }

  async #claimNew(em: EntityManager, wanted: Wanted): Promise<Claim | 'indivisible' | null> {
    if (this.#isCutUp) return null;
    const { size, manner, mostRows } = wanted;
    const piece = await this.#route.cut(em, this.#cursor, size, mostRows);
    if (piece === 'indivisible') return piece;
    this.#isCutUp = piece === null;
    if (piece === null) return null;
    this.#cursor = piece.to;
    const claim: Claim = { ...claimOf(piece), manner, taken: true };
    this.#open.push(claim);
    return claim;
  }

  /** To be called when the stretch has been committed. */
  finish(claim: Claim): void {
    this.giveBack(claim, []);
  }

  /** Gives a stretch back, in other pieces or for other treatment, for any lane to take up. */
  giveBack(claim: Claim, instead: readonly Stretch[]): void {
    const returned = instead.map((stretch) => ({ ...stretch, taken: false }));
    this.#open.splice(this.#open.indexOf(claim), 1, ...returned);
  }
}

function claimOf({ from, to, isSingle }: Piece): Pick<Claim, 'range' | 'patient'> {
  return { range: { from, to }, patient: isSingle === true };
}
