import { setTimeout as sleep } from 'node:timers/promises';
import type { SettledSlice } from '../src/contract.ts';
import { closeSlice, deletedSoFar } from '../src/deletion/delete-slice.ts';
import { failureOf, type SliceCall } from './slice-call.ts';

/** How long a failure waits to learn what its slice has deleted so far. */
const COUNT_TIMEOUT_MILLISECONDS = 5_000;

/** Whoever ends one connection often ends those that lie ready, too, and each may be met before that is known. */
const COUNT_ATTEMPTS = 3;

/** Ends a slice whose attempts have no result, and tells what they deleted. */
export async function settleSlice(call: SliceCall): Promise<SettledSlice> {
  const { orm, ledgerSchema, request, target, configuredTargets, runId } = call;
  try {
    const key = { runId, target: target.name, slice: request.slice };
    const totals = await closeSlice(orm, ledgerSchema, key);
    return { target: target.name, configuredTargets, ...totals };
  } catch (error) {
    throw failureOf(call, error);
  }
}

/**
 * What a slice that is about to fail has deleted, in all its attempts; undefined when nobody can
 * tell in time.
 *
 * @param hasBegun - whether this attempt came as far as its first chunk
 */
export async function countDeleted(
  call: SliceCall,
  hasBegun: boolean,
): Promise<number | undefined> {
  const { attempt, heartbeatDetails } = call.context.info;
  const { scheduledTimestampMs, currentAttemptScheduledTimestampMs } = call.context.info;
  // An operator's reset counts attempts from 1 again, and may clear what was heartbeated; only the
  // times tell of it then.
  const isFirst = attempt === 1 && currentAttemptScheduledTimestampMs === scheduledTimestampMs;
  if (isFirst && heartbeatDetails === undefined && !hasBegun) return 0;
  const timeout = new AbortController();
  try {
    return await Promise.race([
      askLedger(call, COUNT_ATTEMPTS),
      sleep(COUNT_TIMEOUT_MILLISECONDS, undefined, { signal: timeout.signal }),
    ]);
  } catch {
    // The failure in hand says more than this one would.
    return undefined;
  } finally {
    timeout.abort();
  }
}

async function askLedger(call: SliceCall, attempts: number): Promise<number> {
  const { orm, ledgerSchema, runId, target, request } = call;
  try {
    return await deletedSoFar(orm, ledgerSchema, runId, target.name, request.slice);
  } catch (error) {
    if (attempts === 1) throw error;
    return await askLedger(call, attempts - 1);
  }
}
