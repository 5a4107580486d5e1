/** Waits for what a run does, as the server reports it. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { WorkflowHandle } from '@temporalio/client';

import { PROGRESS_QUERY } from '../../src/contract/names.ts';
import type { RunProgress } from '../../src/contract/run.ts';
import type { RecordingEnvironment } from './environment.ts';

/** Waits for the end of a run, also a failed one. */
export async function ended(run: WorkflowHandle): Promise<WorkflowHandle> {
  await run.result().catch(() => undefined);
  return run;
}

export function untilEvents(events: number): (run: WorkflowHandle) => Promise<void> {
  return async (run) => await until(async () => (await run.describe()).historyLength >= events);
}

/** Waits until a heartbeat reports deleted rows. */
export async function untilDeleting(run: WorkflowHandle): Promise<void> {
  await until(async () => {
    const { raw } = await run.describe();
    const details = raw.pendingActivities?.[0]?.heartbeatDetails?.payloads?.[0]?.data;
    return (
      details instanceof Uint8Array && /"deletedCount":[1-9]/.test(Buffer.from(details).toString())
    );
  });
}

/** Waits for an attempt at a run's activity, or for the wait before it. */
export function untilAttempt(attempt: number): (run: WorkflowHandle) => Promise<void> {
  return async (run) =>
    await until(async () => {
      const { raw } = await run.describe();
      return (raw.pendingActivities?.[0]?.attempt ?? 0) >= attempt;
    });
}

export async function untilIdle(run: WorkflowHandle): Promise<void> {
  await until(async () => ((await run.describe()).raw.pendingActivities ?? []).length === 0);
}

/** Waits until a run has continued as new, and returns the new run. */
export async function untilContinued(
  run: WorkflowHandle,
  { client }: RecordingEnvironment,
): Promise<WorkflowHandle> {
  await until(async () => (await run.describe()).status.name === 'CONTINUED_AS_NEW');
  return client.workflow.getHandle(run.workflowId);
}

export async function untilAwaiting(run: WorkflowHandle): Promise<void> {
  await until(async () => {
    const { targets } = await run.query<RunProgress>(PROGRESS_QUERY);
    return targets.some(({ state }) => state === 'awaiting-approval');
  });
}

/** Waits until `check` holds, for at most 30 seconds. */
export async function until(check: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error('The run did not get there within 30 seconds.');
    await sleep(50);
  }
}
