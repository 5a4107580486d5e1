import type { SliceProgress } from '../contract/slice.ts';
import type { LaneAccount } from './checkpoint.ts';
import { lockedRows } from './remaining-rows.ts';
import type { Route } from './route.ts';
import type { Pressure } from './server-load.ts';

/** What a slice tells while it works; the caller knows target and slice. */
export type ProgressListener = (progress: Omit<SliceProgress, 'target' | 'slice'>) => void;

/** Turns what happens in a slice into its progress reports. */
export class SliceReport {
  readonly #began = performance.now();
  readonly #listener: ProgressListener;
  #accounts: readonly LaneAccount[] | undefined;
  #deletedBefore = 0;
  #route: Route | undefined;
  #position = '';

  constructor(listener: ProgressListener) {
    this.#listener = listener;
  }

  /**
   * To be called once the ledger has told what stands there; until then nothing is told.
   *
   * @param accounts - read at every report; what earlier attempts did doesn't count for the rate
   */
  begin(accounts: readonly LaneAccount[]): void {
    this.#accounts = accounts;
    this.#deletedBefore = sumOfDeleted(accounts);
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

  #report(waitingFor?: string): void {
    if (this.#accounts === undefined) return;
    const deletedCount = sumOfDeleted(this.#accounts);
    const seconds = Math.max((performance.now() - this.#began) / 1_000, 0.001);
    const fraction = this.#route?.fraction(this.#position);
    this.#listener({
      ...(this.#route === undefined ? {} : { way: this.#route.way }),
      deletedCount,
      skippedLocked: this.#accounts.reduce(
        (sum, account) => sum + account.skippedLocked + lockedRows(account.remaining),
        0,
      ),
      rowsPerSecond: Math.round((deletedCount - this.#deletedBefore) / seconds),
      ...(fraction === undefined ? {} : { fraction }),
      ...(waitingFor === undefined ? {} : { waitingFor }),
    });
  }
}

function sumOfDeleted(accounts: readonly LaneAccount[]): number {
  return accounts.reduce((sum, account) => sum + account.deletedCount, 0);
}
