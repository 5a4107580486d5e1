import { setTimeout as sleep } from 'node:timers/promises';
import { deleteChunk, type ChunkCounts } from './chunk.ts';
import { withSettings } from '../database/transaction.ts';
import { expirySettings } from './expiry.ts';
import type { LaneWork, SliceWork } from './lanes.ts';
import type { ChunkEntry, LaneAccount, SlicePosition } from './account.ts';
import { asDisjoint } from './revisit-list.ts';
import type { Range } from './route.ts';
import { gentler, type Refusal, type Stretch } from './stretch.ts';

/** Most locks are held for milliseconds only: so many later passes give them time to go. */
const PASSES = 3;

/** Between two passes. Milliseconds. */
const PAUSE = 100;

/**
 * Visits once more the stretches in which the main pass met locks. What is still locked in the last
 * pass is added to the account's `skippedLocked`: it is reported, and the next run takes it.
 *
 * Told to stop, it makes this pass the last one, without a pause.
 */
export async function revisitLocked(work: LaneWork, at: SlicePosition): Promise<void> {
  await gather(work, at);
  for (let pass = 1; work.accounts.some(({ revisit }) => revisit.length > 0); pass += 1) {
    const isLast = pass >= PASSES || work.shouldStop();
    if (!isLast) await sleep(PAUSE);
    for (const account of work.accounts) await revisitAccount(work, account, at, isLast);
    if (isLast) return;
  }
}

/**
 * Forgets where locks were met, and what was told of them: what begins anew comes by everywhere.
 *
 * @param at - where it begins
 */
export async function forgetLocks(work: SliceWork, at: SlicePosition): Promise<void> {
  const { em, accounts } = work;
  if (accounts.every(({ revisit, skippedLocked }) => revisit.length + skippedLocked === 0)) return;
  await em.transactional(async (tx) => {
    for (const account of accounts) {
      await work.ledger.record(
        tx,
        account,
        { ...NOTHING, skippedLocked: -account.skippedLocked },
        at,
      );
    }
  });
  for (const account of accounts) Object.assign(account, { revisit: [], skippedLocked: 0 });
}

/** An entry that adds nothing and leaves an empty list. */
const NOTHING: ChunkEntry = {
  deletedCount: 0,
  skippedLocked: 0,
  revisit: [],
  workedMilliseconds: 0,
};

/**
 * Makes one list of all the lanes' lists, in which each row lies once: joined stretches of one lane may
 * cover those of another, and an earlier attempt may have met the same locks. What lies beyond the
 * position is left to whoever goes on from there.
 */
async function gather(work: LaneWork, at: SlicePosition): Promise<void> {
  const { em, doomed, route, ledger, accounts } = work;
  const ranges = accounts.flatMap(({ revisit }) => revisit);
  if (ranges.length === 0) return;
  const settings = expirySettings(doomed.target.expiry);
  const gathered = await withSettings(em, settings, async (tx) => {
    const disjoint = await asDisjoint(tx, route, ranges, { before: at.position });
    for (const [index, account] of accounts.entries()) {
      await ledger.record(tx, account, { ...NOTHING, revisit: index === 0 ? disjoint : [] }, at);
    }
    return disjoint;
  });
  for (const [index, account] of accounts.entries()) account.revisit = index === 0 ? gathered : [];
}

async function revisitAccount(
  work: LaneWork,
  account: LaneAccount,
  at: SlicePosition,
  isLast: boolean,
): Promise<void> {
  const treatment = new Map<Range, Stretch>();
  for (let index = 0; ;) {
    const range = account.revisit[index];
    if (range === undefined) return;
    const stretch = treatment.get(range) ?? { range, manner: 'skip', patient: false };
    const outcome = await revisitStretch(work, account, at, stretch, isLast);
    if (outcome === 'left') index += 1;
    else if (outcome !== 'done') {
      if (outcome === 'locked' && (await work.consideration.untilUnlocked())) continue;
      // The list itself is divided, so that what has been done to one piece is not done again.
      const instead = await gentler(work.em, work.route, stretch, outcome);
      const pieces = instead ?? [{ ...stretch, patient: true }];
      for (const piece of pieces) treatment.set(piece.range, piece);
      account.revisit = account.revisit.toSpliced(index, 1, ...pieces.map((piece) => piece.range));
    }
  }
}

/** Visits one stretch of the list: `done` takes it off, `left` keeps it for the next pass. */
async function revisitStretch(
  work: LaneWork,
  account: LaneAccount,
  at: SlicePosition,
  stretch: Stretch,
  isLast: boolean,
): Promise<'done' | 'left' | Refusal> {
  const began = performance.now();
  const withoutIt = account.revisit.filter((range) => range !== stretch.range);
  const isDone = (counts: ChunkCounts): boolean => isLast || counts.lockedCount === 0;
  const outcome = await deleteChunk(
    work.em,
    work.doomed,
    work.route,
    stretch,
    work.settings,
    (tx, counts) =>
      work.ledger.record(
        tx,
        account,
        {
          deletedCount: counts.deletedCount,
          skippedLocked: isLast ? counts.lockedCount : 0,
          revisit: isDone(counts) ? withoutIt : account.revisit,
          workedMilliseconds: Math.round(performance.now() - began),
        },
        at,
      ),
  );
  if (typeof outcome === 'string') return outcome;
  account.deletedCount += outcome.deletedCount;
  if (!isDone(outcome)) return 'left';
  account.revisit = withoutIt;
  if (isLast) account.skippedLocked += outcome.lockedCount;
  return 'done';
}
