import type { CleanupActivities } from '../src/contract/run.ts';
import type { SliceResult } from '../src/contract/slice.ts';
import { deleteSlice, type SliceOutcome } from '../src/deletion/delete-slice.ts';
import { ClosedSliceError } from '../src/targets/errors.ts';
import { inspectTarget, type Target } from '../src/targets/target.ts';
import { createHeartbeats, type Heartbeats } from './heartbeats.ts';
import { previewSlice } from './preview-slice.ts';
import { createProgressSignal } from './progress-signal.ts';
import { reviewSlice } from './review-slice.ts';
import { planRun } from './plan-run.ts';
import { countDeleted, resultOfClosed, settleSlice } from './settle-slice.ts';
import { beginCall, failureOf, type CleanupDependencies, type SliceCall } from './slice-call.ts';
import { jobOf } from './slice-job.ts';
import { stopRequest } from './stop-request.ts';

/**
 * Makes the activities that the workflow `sessionCleanup` calls. They throw an `ApplicationFailure`
 * for everything that goes wrong, with `SliceFailureDetails` as its details, and let cancellation
 * through where the server withdrew the attempt; the ledger holds its count.
 */
export function createCleanupActivities(dependencies: CleanupDependencies): CleanupActivities {
  return {
    /**
     * Deletes one slice of a target, going on where an earlier attempt came to, and heartbeats
     * while it works. Told to stop, it finishes the chunk in hand and returns what it did.
     */
    async deleteExpiredSessions(request) {
      const call = beginCall(dependencies, request);
      using heartbeats = createHeartbeats(call.context);
      if (request.dryRun === true) return await previewSlice(call);
      const table = await inspect(call);
      const { instead, ...found } = await reviewSlice(call, table);
      if (instead !== undefined) return instead;
      return { ...(await performSlice(call, table, heartbeats)), ...found };
    },

    // oxlint-disable-next-line typescript/require-await
    async planRun(request) {
      return planRun(dependencies, request);
    },

    async settleSlice(request) {
      return await settleSlice(dependencies, request);
    },
  };
}

/** Looks the target up in the catalogue, before anything else is asked of it. */
async function inspect(call: SliceCall): Promise<Target> {
  try {
    return await inspectTarget(call.orm.em.fork(), call.target, call.config.targets);
  } catch (error) {
    throw failureOf(call, error, await countDeleted(call, false));
  }
}

async function performSlice(
  call: SliceCall,
  table: Target,
  heartbeats: Heartbeats,
): Promise<SliceResult> {
  const { orm, ledgerSchema, context, request, target } = call;
  const tellRun = createProgressSignal(context);
  const began = performance.now();
  let hasBegun = false;
  let outcome: SliceOutcome;
  try {
    outcome = await deleteSlice(orm, ledgerSchema, jobOf(call, table), {
      onProgress(progress) {
        const seconds = Math.round(performance.now() - began) / 1_000;
        const told = { target: target.name, slice: request.slice, ...progress, seconds };
        heartbeats.tell(told);
        tellRun(told);
      },
      shouldStop() {
        hasBegun = true;
        const stop = stopRequest(context);
        // For the deletion this is the same; what becomes of its outcome is decided below.
        return stop === 'withdrawn' ? 'cancelled' : stop;
      },
    });
  } catch (error) {
    if (error instanceof ClosedSliceError) return await resultOfClosed(call);
    throw failureOf(call, error, await countDeleted(call, hasBegun));
  }
  const isUnwanted = outcome.stopped === 'cancelled' && stopRequest(context) === 'withdrawn';
  // Throws; the next attempt, if there is one, reads the count from the ledger.
  if (isUnwanted) return await context.cancelled;
  const { uncountedCascades } = table;
  return {
    ...outcome,
    target: target.name,
    ...(uncountedCascades.length === 0 ? {} : { uncountedCascades }),
  };
}
