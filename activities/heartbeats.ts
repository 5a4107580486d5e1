import type { Context } from '@temporalio/activity';
import type { SliceProgress } from '../src/contract.ts';

/**
 * A chunk takes some milliseconds, and a worker hands heartbeats on once a second; each one costs it
 * work that the deletion has to wait for. Milliseconds.
 */
const TELL_EVERY = 100;

/** Heartbeats of one attempt. */
export interface Heartbeats {
  /** Tells how far the slice is, unless that was told a moment ago. */
  tell(progress: SliceProgress): void;
  /** Tells what was kept back, so that what stands there in the end is complete. */
  flush(): void;
}

/** Keeps an activity's heartbeats few. */
export function createHeartbeats(context: Context): Heartbeats {
  let tellAt = 0;
  let keptBack: SliceProgress | undefined;
  return {
    tell(progress) {
      if (performance.now() < tellAt) {
        keptBack = progress;
        return;
      }
      tellAt = performance.now() + TELL_EVERY;
      keptBack = undefined;
      context.heartbeat(progress);
    },
    flush() {
      if (keptBack !== undefined) context.heartbeat(keptBack);
    },
  };
}
