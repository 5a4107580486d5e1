/** When a worker's attempts at an activity are over, as it logs itself. */
import { expect, vi } from 'vitest';

import type { WorkerProcess } from './worker-process.ts';

/** Setting of a worker that logs its attempts. */
export const LOGS_ATTEMPTS = { LOG_LEVEL: 'debug' } as const;

/**
 * Waits until this worker, which began one, has no attempt of a run left. An attempt learns that its
 * run was ended by its next heartbeat, up to a second later, and deletes until then.
 *
 * @param worker - started with {@link LOGS_ATTEMPTS}
 */
export async function untilAttemptsEnded(
  worker: WorkerProcess,
  { runId }: { readonly runId: string },
): Promise<void> {
  await vi.waitFor(
    () => {
      const events = worker
        .log()
        .filter(({ workflowRunId }) => workflowRunId === runId)
        .map(({ msg }) => String(msg))
        .filter((message) => message.startsWith('Activity '));
      const begun = events.filter((message) => message === 'Activity started').length;
      expect(begun).toBeGreaterThan(0);
      expect(events.length).toBe(2 * begun);
    },
    { timeout: 30_000, interval: 20 },
  );
}
