import type { EntityManager } from '@mikro-orm/postgresql';
import type { Route } from './route.ts';
import type { LockManner, Stretch } from './stretch.ts';

/** A stretch that a lane is working on, or that waits to be taken up again. */
export interface Claim extends Stretch {
  readonly taken: boolean;
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

  /** Takes the next stretch, of about `size` if it is a new one; null when none is left to begin. */
  async claim(em: EntityManager, size: number, manner: LockManner): Promise<Claim | null> {
    const index = this.#open.findIndex((claim) => !claim.taken);
    const returned = this.#open[index];
    if (returned !== undefined) {
      const claim = { ...returned, taken: true };
      this.#open[index] = claim;
      return claim;
    }
    // One at a time: the next stretch begins where this one ends.
    const cut = this.#cutting.then(async () => {
      const range = this.#isCutUp ? null : await this.#route.cut(em, this.#cursor, size);
      this.#isCutUp = range === null;
      if (range === null) return null;
      this.#cursor = range.to;
      const claim: Claim = { range, manner, patient: false, taken: true };
      this.#open.push(claim);
      return claim;
    });
    this.#cutting = cut.catch(() => undefined);
    return await cut;
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
