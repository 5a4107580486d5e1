import { setTimeout as sleep } from 'node:timers/promises';
import { deleteChunk, type ChunkCounts } from './chunk.ts';
import type { LaneWork } from './lanes.ts';
import type { LaneAccount, SlicePosition } from './account.ts';
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
  for (let pass = 1; work.accounts.some(({ revisit }) => revisit.length > 0); pass += 1) {
    const isLast = pass >= PASSES || work.shouldStop();
    if (!isLast) await sleep(PAUSE);
    for (const account of work.accounts) await revisitAccount(work, account, at, isLast);
    if (isLast) return;
  }
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
