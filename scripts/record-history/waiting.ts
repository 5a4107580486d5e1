/** Waiting for what a run does, as the server tells it. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { WorkflowHandle } from '@temporalio/client';

import { PROGRESS_QUERY } from '../../src/contract/names.ts';
import type { RunProgress } from '../../src/contract/run.ts';
import type { Laboratory } from './laboratory.ts';

/** Waits for the end of a run, whatever end that is. */
export async function ended(run: WorkflowHandle): Promise<WorkflowHandle> {
  await run.result().catch(() => undefined);
  return run;
}

/** Waits until a run's history has that many events. */
export async function untilEvents(run: WorkflowHandle, events: number): Promise<void> {
  await until(async () => (await run.describe()).historyLength >= events);
}

/** Waits until a run has told by heartbeat that it deletes. */
export async function untilDeleting(run: WorkflowHandle): Promise<void> {
  await until(async () => {
    const { raw } = await run.describe();
    const details = raw.pendingActivities?.[0]?.heartbeatDetails?.payloads?.[0]?.data;
    return (
      details instanceof Uint8Array && /"deletedCount":[1-9]/.test(Buffer.from(details).toString())
    );
  });
}

/** Waits until a run's activity has been tried that often, or is about to be. */
export async function untilAttempt(run: WorkflowHandle, attempt: number): Promise<void> {
  await until(async () => {
    const { raw } = await run.describe();
    return (raw.pendingActivities?.[0]?.attempt ?? 0) >= attempt;
  });
}

/** Waits until no activity of a run is at work or about to be. */
export async function untilIdle(run: WorkflowHandle): Promise<void> {
  await until(async () => ((await run.describe()).raw.pendingActivities ?? []).length === 0);
}

/** Waits until a run has been continued as a new one, and returns that. */
export async function untilContinued(
  { client }: Pick<Laboratory, 'client'>,
  run: WorkflowHandle,
): Promise<WorkflowHandle> {
  await until(async () => (await run.describe()).status.name === 'CONTINUED_AS_NEW');
  return client.workflow.getHandle(run.workflowId);
}

/** Waits until a run asks for approval. */
export async function untilAwaiting(run: WorkflowHandle): Promise<void> {
  await until(async () => {
    const { targets } = await run.query<RunProgress>(PROGRESS_QUERY);
    return targets.some(({ state }) => state === 'awaiting-approval');
  });
}

/** Waits until `check` holds, which it must within half a minute. */
export async function until(check: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error('What was waited for did not happen.');
    await sleep(50);
  }
}
