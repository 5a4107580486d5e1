/** Observes why the deletion waits. */
import type { SliceProgress } from '../../src/contract/slice.ts';

/** Progress as the deletion reports it, without what the activity adds. */
type Progress = Omit<SliceProgress, 'target' | 'slice'>;

/** Hooks that record each wait and then end its cause. */
export function recordWaits(end: () => unknown): {
  readonly waits: readonly string[];
  readonly hooks: { readonly onProgress: (progress: Progress) => void };
} {
  const waits: string[] = [];
  const onProgress = onWait((waitingFor) => {
    waits.push(waitingFor);
    void end();
  });
  return { waits, hooks: { onProgress } };
}

/** Makes a listener that is called once for each wait, and may end its cause. */
export function onWait(react: (waitingFor: string) => void): (progress: Progress) => void {
  let last: string | undefined;
  return ({ waitingFor }) => {
    const reason = waitingFor?.split(':')[0];
    if (reason !== undefined && reason !== last) react(waitingFor ?? '');
    last = reason;
  };
}
