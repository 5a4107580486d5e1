/** Runs that an operator has a hand in. */
import type { WorkflowHandle } from '@temporalio/client';

import { UPDATE } from '../../src/contract.ts';
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
};

/** Starts a run that would delete every row, the sign of a mistake. */
async function startAlarming(laboratory: Laboratory): Promise<WorkflowHandle> {
  await laboratory.fill(2_000);
  await laboratory.sql('delete from sessions where expires_at > now()');
  return await start(laboratory);
}
