/** Listening to what the deletion holds back for. */
import type { SliceProgress } from '../../src/contract/slice.ts';

/** Progress as the deletion tells it, without what the activity adds. */
type Progress = Omit<SliceProgress, 'target' | 'slice'>;

/** Makes a listener that hears of each wait once, and may then take its cause away. */
export function onWait(react: (waitingFor: string) => void): (progress: Progress) => void {
  let heard: string | undefined;
  return ({ waitingFor }) => {
    const reason = waitingFor?.split(':')[0];
    if (reason !== undefined && reason !== heard) react(waitingFor ?? '');
    heard = reason;
  };
}
