import type { SliceProgress } from '../contract.ts';
import type { LaneAccount } from './account.ts';
import type { Pressure } from './pressure.ts';
import type { Route } from './route.ts';

/** What a slice tells while it works; the caller knows target and slice. */
export type ProgressListener = (progress: Omit<SliceProgress, 'target' | 'slice'>) => void;

/** Turns what happens in a slice into its progress reports. */
export class SliceReport {
  readonly #began = performance.now();
  readonly #listener: ProgressListener;
  readonly #accounts: readonly LaneAccount[];
  readonly #deletedBefore: number;
  #route: Route | undefined;
  #position = '';

  /** @param accounts - read at every report; those of earlier attempts don't count for the rate */
  constructor(accounts: readonly LaneAccount[], listener: ProgressListener) {
    this.#accounts = accounts;
    this.#listener = listener;
    this.#deletedBefore = this.#deletedCount;
  }

  /** To be called after each committed chunk. */
  onChunk(route: Route, position: string): void {
    this.#route = route;
    this.#position = position;
    this.#report();
  }

  /** To be called while the slice holds back, and without an argument when that is over. */
  onWaiting(pressure: Pressure | undefined): void {
    this.#report(pressure && `${pressure.reason}: ${pressure.detail}`);
  }

  get #deletedCount(): number {
    return this.#accounts.reduce((sum, account) => sum + account.deletedCount, 0);
  }

  #report(waitingFor?: string): void {
    const deletedCount = this.#deletedCount;
    const seconds = Math.max((performance.now() - this.#began) / 1_000, 0.001);
    const fraction = this.#route?.fraction(this.#position);
    this.#listener({
      ...(this.#route === undefined ? {} : { way: this.#route.way }),
      deletedCount,
      skippedLocked: this.#accounts.reduce((sum, account) => sum + account.skippedLocked, 0),
      rowsPerSecond: Math.round((deletedCount - this.#deletedBefore) / seconds),
      ...(fraction === undefined ? {} : { fraction }),
      ...(waitingFor === undefined ? {} : { waitingFor }),
    });
  }
}
