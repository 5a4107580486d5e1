import type { SliceProgress } from '../contract/slice.ts';
import type { LaneCheckpoint } from './checkpoint.ts';
import { lockedRows } from './remaining-rows.ts';
import type { Route } from './route.ts';
import type { ServerLoad } from './server-load.ts';

/** Receives what a slice reports while it works; the caller knows target and slice. */
export type ProgressListener = (progress: Omit<SliceProgress, 'target' | 'slice'>) => void;

/** Makes the progress reports of a slice. */
export class SliceReport {
  readonly #began = performance.now();
  readonly #listener: ProgressListener;
  #checkpoints: readonly LaneCheckpoint[] | undefined;
  #deletedBefore = 0;
  #route: Route | undefined;
  #position = '';

  constructor(listener: ProgressListener) {
    this.#listener = listener;
  }

  /**
   * To be called once the ledger has been read; until then nothing is reported.
   *
   * @param checkpoints - read at every report; what earlier attempts did doesn't count for the rate
   */
  begin(checkpoints: readonly LaneCheckpoint[]): void {
    this.#checkpoints = checkpoints;
    this.#deletedBefore = sumOfDeleted(checkpoints);
  }

  /** To be called after each committed chunk. */
  onChunk(route: Route, position: string): void {
    this.#route = route;
    this.#position = position;
    this.#report();
  }

  /** To be called while the slice is throttled, and without an argument when that is over. */
  onWaiting(load: ServerLoad | undefined): void {
    this.#report(load && `${load.reason}: ${load.detail}`);
  }

  #report(waitingFor?: string): void {
    if (this.#checkpoints === undefined) return;
    const deletedCount = sumOfDeleted(this.#checkpoints);
    const dependentsDeleted = this.#checkpoints.reduce(
      (sum, checkpoint) => sum + checkpoint.dependentsDeleted,
      0,
    );
    const seconds = Math.max((performance.now() - this.#began) / 1_000, 0.001);
    const fraction = this.#route?.fraction(this.#position);
    this.#listener({
      ...(this.#route === undefined ? {} : { way: this.#route.way }),
      deletedCount,
      ...(dependentsDeleted === 0 ? {} : { dependentsDeleted }),
      skippedLocked: lockedRows(this.#checkpoints.flatMap(({ remaining }) => remaining)),
      rowsPerSecond: Math.round((deletedCount - this.#deletedBefore) / seconds),
      ...(fraction === undefined ? {} : { fraction }),
      ...(waitingFor === undefined ? {} : { waitingFor }),
    });
  }
}

function sumOfDeleted(checkpoints: readonly LaneCheckpoint[]): number {
  return checkpoints.reduce((sum, checkpoint) => sum + checkpoint.deletedCount, 0);
}
