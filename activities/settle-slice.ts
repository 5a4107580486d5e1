import { setTimeout as sleep } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { TargetConfig } from '../src/config/config.ts';
import type { SettledSlice, SettleRequest, SliceResult } from '../src/contract/slice.ts';
import { closeSlice, deletedSoFar, isClaimed } from '../src/deletion/delete-slice.ts';
import { isFirstAttempt, runIdOf, type CleanupDependencies, type SliceCall } from './slice-call.ts';
import { toApplicationFailure } from '../src/failures/translate.ts';

/** How long a failure waits to learn what its slice has deleted so far. */
const COUNT_TIMEOUT_MILLISECONDS = 5_000;

/** Whoever ends one connection often ends those that lie ready, too, and each may be met before that is known. */
const COUNT_ATTEMPTS = 3;

/**
 * Ends a slice that has no result, and returns what its attempts deleted and where they came to. Needs the ledger
 * only, so it is the same on a worker that does not know the target.
 */
export async function settleSlice(
  { orm, config }: CleanupDependencies,
  { target, slice }: SettleRequest,
): Promise<SettledSlice> {
  const key = { runId: runIdOf(Context.current()), target, slice };
  try {
    return await closeSlice(orm, config.database.ledgerSchema, key);
  } catch (error) {
    throw toApplicationFailure(error, { target: targetNamed(target), details: { target } });
  }
}

/**
 * The result of a slice that was settled before this attempt began. A run takes it in only if the workflow task
 * that settled the slice was lost; otherwise the attempt has been given up, and so is its result.
 */
export async function resultOfClosed({
  orm,
  ledgerSchema,
  request,
  runId,
}: SliceCall): Promise<SliceResult> {
  const key = { runId, target: request.target, slice: request.slice };
  const settled = await closeSlice(orm, ledgerSchema, key);
  const { way = 'sweep', deadline = request.cutoff } = settled.resumeFrom ?? {};
  return { ...settled, target: request.target, way, deadline, stopped: 'handed-over' };
}

/** For messages about the ledger, which say nothing of the target's table. */
function targetNamed(name: string): TargetConfig {
  return {
    name,
    schema: undefined,
    table: name,
    expiresColumn: '',
    expiresType: undefined,
    timeZone: undefined,
    cascade: 'refuse',
  };
}

/** Whether the ledger shows that an attempt at the slice has begun to delete. */
export async function hasBegun({
  orm,
  ledgerSchema,
  runId,
  target,
  request,
}: SliceCall): Promise<boolean> {
  return await isClaimed(orm, ledgerSchema, { runId, target: target.name, slice: request.slice });
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
  if (isFirstAttempt(call) && !hasBegun) return 0;
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
