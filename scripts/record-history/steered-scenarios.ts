/** Runs that an operator has a hand in. */
import { randomUUID } from 'node:crypto';

import type { WorkflowHandle } from '@temporalio/client';

import { PROGRESS_SIGNAL, UPDATE } from '../../src/contract/names.ts';
import type { SliceProgress } from '../../src/contract/slice.ts';
import { UNHURRIED, type Laboratory } from './laboratory.ts';
import { chainFrom, start, type Scenario } from './starting.ts';
import { ended, untilAwaiting, untilContinued, untilDeleting, untilIdle } from './waiting.ts';

/** By the name of the file that keeps the history. */
export const STEERED: Readonly<Record<string, Scenario>> = {
  'paused-and-resumed': async (laboratory) => {
    await laboratory.fill(40_000);
    await using _ = await laboratory.startWorker({ deletion: UNHURRIED });
    const run = await start(laboratory);
    await untilDeleting(run);
    await run.executeUpdate(UPDATE.pause, { args: [{ reason: 'Release day' }] });
    await untilIdle(run);
    await run.executeUpdate(UPDATE.resume);
    return await ended(run);
  },

  'continued-while-paused': async (laboratory) => {
    await laboratory.fill(40_000);
    await using _ = await laboratory.startWorker({ deletion: UNHURRIED });
    const first = await start(laboratory);
    await untilDeleting(first);
    await first.executeUpdate(UPDATE.pause);
    const next = await untilContinued(laboratory, first);
    await untilIdle(next);
    await next.executeUpdate(UPDATE.resume);
    await ended(first);
    return await chainFrom(laboratory, first);
  },

  'paced-anew': async (laboratory) => {
    await laboratory.fill(40_000);
    await using _ = await laboratory.startWorker({ deletion: UNHURRIED });
    const run = await start(laboratory);
    await untilDeleting(run);
    await run.executeUpdate(UPDATE.setPace, { args: [{ rowsPerSecond: null, lanes: 1 }] });
    return await ended(run);
  },

  approved: async (laboratory) => {
    const run = await startAlarming(laboratory);
    await using _ = await laboratory.startWorker();
    await untilAwaiting(run);
    await run.executeUpdate(UPDATE.approve, { args: [{ target: 'sessions' }] });
    return await ended(run);
  },

  rejected: async (laboratory) => {
    const run = await startAlarming(laboratory);
    await using _ = await laboratory.startWorker();
    await untilAwaiting(run);
    await run.executeUpdate(UPDATE.reject);
    return await ended(run);
  },

  'cancelled-while-paused': async (laboratory) => {
    await laboratory.fill(40_000);
    await using _ = await laboratory.startWorker({ deletion: UNHURRIED });
    const run = await start(laboratory);
    await untilDeleting(run);
    await run.executeUpdate(UPDATE.pause);
    await untilIdle(run);
    await run.cancel();
    return await ended(run);
  },

  'reset-after-progress': async (laboratory) => {
    await laboratory.fill(40_000);
    await using _ = await laboratory.startWorker({ deletion: UNHURRIED });
    const run = await start(laboratory);
    await untilDeleting(run);
    // As the activity does after ten seconds. A reset hands it on.
    await run.signal(PROGRESS_SIGNAL, { ...PROGRESS, runId: (await run.describe()).runId });
    return await ended(await reset(laboratory, run));
  },
};

const PROGRESS: SliceProgress = {
  target: 'sessions',
  slice: 0,
  way: 'sweep',
  deletedCount: 1_000,
  skippedLocked: 0,
  rowsPerSecond: 500,
};

/** Resets a run to its first task, and returns the run that begins there. */
async function reset({ client }: Laboratory, run: WorkflowHandle): Promise<WorkflowHandle> {
  const { workflowId } = run;
  const { runId } = await run.describe();
  const { events } = await run.fetchHistory();
  const firstTask = events?.find((event) => event.workflowTaskCompletedEventAttributes);
  const answer = await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId, runId },
    workflowTaskFinishEventId: firstTask?.eventId ?? null,
    requestId: randomUUID(),
    reason: 'To begin anew',
  });
  return client.workflow.getHandle(workflowId, answer.runId);
}

/** Starts a run that would delete every row, the sign of a mistake. */
async function startAlarming(laboratory: Laboratory): Promise<WorkflowHandle> {
  await laboratory.fill(2_000);
  await laboratory.sql('delete from sessions where expires_at > now()');
  return await start(laboratory);
}
