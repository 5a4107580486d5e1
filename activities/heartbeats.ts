import type { Context } from '@temporalio/activity';
import type { SliceProgress } from '../src/contract/slice.ts';

/**
 * A chunk takes some milliseconds, and a worker hands heartbeats on once a second; each one costs it
 * work that the deletion has to wait for. Milliseconds.
 */
const TELL_EVERY = 100;

/** Without progress, the last report is repeated so often: a statement may take long, and is bounded. Milliseconds. */
const REPEAT_EVERY = 1_500;

/** Heartbeats of one attempt. */
export interface Heartbeats extends Disposable {
  /** Tells how far the slice is, unless that was told a moment ago. */
  tell(progress: SliceProgress): void;
  /** Tells what was kept back, so that what stands there in the end is complete, and ends the heartbeats. */
  [Symbol.dispose](): void;
}

/**
 * Keeps an activity's heartbeats few, and going while it works. Begins at once: the server answers a heartbeat with
 * what it wants, and what earlier attempts reported is kept.
 */
export function createHeartbeats(context: Context): Heartbeats {
  let tellAt = 0;
  let keptBack: SliceProgress | undefined;
  let last: unknown = context.info.heartbeatDetails;
  context.heartbeat(last);
  const timer = setInterval(() => {
    context.heartbeat(keptBack ?? last);
  }, REPEAT_EVERY);
  return {
    tell(progress) {
      last = progress;
      if (performance.now() < tellAt) {
        keptBack = progress;
        return;
      }
      tellAt = performance.now() + TELL_EVERY;
      keptBack = undefined;
      context.heartbeat(progress);
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      if (keptBack !== undefined) context.heartbeat(keptBack);
    },
  };
}
