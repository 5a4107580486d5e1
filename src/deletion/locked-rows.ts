import { setTimeout as sleep } from 'node:timers/promises';
import { type ChunkCounts, deleteChunk } from './chunk.ts';
import { ask, withSettings } from '../database/transaction.ts';
import type { LaneWork, SliceWork } from './delete-slice.ts';
import {
  type ChunkEntry,
  type LaneCheckpoint,
  type SlicePosition,
  applyEntry,
} from './checkpoint.ts';
import { recordEntry } from './ledger.ts';
import { addRemaining } from './remaining-rows.ts';
import type { Range, Route } from './route.ts';
import { type Refusal, type RangeTask, afterRefusal } from './work-queue.ts';
import type { EntityManager } from '@mikro-orm/postgresql';

/** Most locks are held for milliseconds only: so many later passes give them time to go. */
const PASSES = 3;

/** Between two passes. Milliseconds. */
const PAUSE = 100;

/** After this the pass in hand is the last one. Milliseconds. */
const TIME = 10_000;

/**
 * Visits once more the ranges in which the main pass met locks. What is still locked in the last
 * pass is added to the checkpoint's `skippedLocked`: it is reported, and the next run takes it.
 *
 * Told to stop, it makes this pass the last one, without a pause.
 */
export async function revisitLocked(work: LaneWork, at: SlicePosition): Promise<void> {
  await gather(work, at);
  const until = performance.now() + TIME;
  const isLastPass = (pass: number): boolean =>
    pass >= PASSES || work.shouldStop() || performance.now() >= until;
  for (let pass = 1; work.checkpoints.some(({ revisit }) => revisit.length > 0); pass += 1) {
    if (!isLastPass(pass)) await sleep(PAUSE);
    for (const checkpoint of work.checkpoints) {
      await revisitLane(work, checkpoint, at, () => isLastPass(pass));
    }
  }
}

/**
 * Forgets where locks were met, and what was told of them: what begins anew comes by everywhere.
 *
 * @param at - where it begins
 */
export async function forgetLocks(work: SliceWork, at: SlicePosition): Promise<void> {
  const { checkpoints } = work;
  const isNothing = checkpoints.every(
    ({ revisit, skippedLocked, remaining }) =>
      revisit.length + skippedLocked + remaining.length === 0,
  );
  if (isNothing) return;
  await recordAll(work, at, (checkpoint) => ({
    ...NOTHING,
    skippedLocked: -checkpoint.skippedLocked,
    remaining: [],
  }));
}

/** Commits one entry for each lane, all or none. */
async function recordAll(
  { em, ledger, checkpoints }: SliceWork,
  at: SlicePosition,
  entryFor: (checkpoint: LaneCheckpoint, index: number) => ChunkEntry,
): Promise<void> {
  const entries = checkpoints.map((checkpoint, index) => ({
    checkpoint,
    entry: entryFor(checkpoint, index),
  }));
  await withSettings(em, { synchronous_commit: 'off' }, async (tx) => {
    for (const { checkpoint, entry } of entries) await ledger.record(tx, checkpoint, entry, at);
  });
  for (const { checkpoint, entry } of entries) applyEntry(checkpoint, entry);
}

/** An entry that adds nothing and leaves an empty list. */
const NOTHING: ChunkEntry = {
  deletedCount: 0,
  skippedLocked: 0,
  revisit: [],
  workedMilliseconds: 0,
};

/**
 * Makes one list of all the lanes' lists, in which each row lies once: joined ranges of one lane may
 * cover those of another, and an earlier attempt may have met the same locks. What lies beyond the
 * position is left to whoever goes on from there.
 */
async function gather(work: LaneWork, at: SlicePosition): Promise<void> {
  const { em, route, checkpoints } = work;
  const ranges = checkpoints.flatMap(({ revisit }) => revisit);
  if (ranges.length === 0) return;
  const gathered = await asDisjoint(em, route, ranges, { before: at.position });
  await recordAll(work, at, (_, index) => ({ ...NOTHING, revisit: index === 0 ? gathered : [] }));
}

async function revisitLane(
  work: LaneWork,
  checkpoint: LaneCheckpoint,
  at: SlicePosition,
  isLast: () => boolean,
): Promise<void> {
  const treatment = new Map<Range, RangeTask>();
  for (let index = 0; ;) {
    const range = checkpoint.revisit[index];
    if (range === undefined) return;
    const task = treatment.get(range) ?? { range, lockMode: 'skip', isSingle: false };
    const outcome = await revisitRange(work, checkpoint, at, task, isLast());
    if (outcome === 'left') index += 1;
    else if (outcome !== 'done') {
      if (outcome.kind === 'slow') await work.ledger.ensureCurrent(checkpoint);
      if (outcome.kind === 'locked' && (await work.throttle.untilUnlocked())) continue;
      // The list itself is divided, so that what has been done to one piece is not done again.
      const instead = await afterRefusal(work.em, work.route, task, outcome);
      if (instead === 'remains') {
        const added = [work.refusedRows.count(outcome)];
        const remaining = addRemaining(checkpoint.remaining, added, [at.position]);
        const revisit = checkpoint.revisit.filter((other) => other !== range);
        await recordEntry(work, checkpoint, { ...NOTHING, revisit, remaining }, at);
        continue;
      }
      const pieces = instead ?? [{ ...task, isSingle: true }];
      for (const piece of pieces) treatment.set(piece.range, piece);
      checkpoint.revisit = checkpoint.revisit.toSpliced(
        index,
        1,
        ...pieces.map((piece) => piece.range),
      );
    }
  }
}

/** Visits one range of the list: `done` takes it off, `left` keeps it for the next pass. */
async function revisitRange(
  work: LaneWork,
  checkpoint: LaneCheckpoint,
  at: SlicePosition,
  task: RangeTask,
  isLast: boolean,
): Promise<'done' | 'left' | Refusal> {
  const began = performance.now();
  const withoutIt = checkpoint.revisit.filter((range) => range !== task.range);
  const isDone = (counts: ChunkCounts): boolean => isLast || counts.lockedCount === 0;
  let entry: ChunkEntry = NOTHING;
  const outcome = await deleteChunk(work, work.route, task, async (tx, counts) => {
    entry = {
      deletedCount: counts.deletedCount,
      skippedLocked: isLast ? counts.lockedCount : 0,
      revisit: isDone(counts) ? withoutIt : checkpoint.revisit,
      workedMilliseconds: Math.round(performance.now() - began),
    };
    await work.ledger.record(tx, checkpoint, entry, at);
  });
  if ('kind' in outcome) return outcome;
  applyEntry(checkpoint, entry);
  if (outcome.deletedCount > 0) work.refusedRows.forget();
  return isDone(outcome) ? 'done' : 'left';
}

/** What has to be known of a route here. */
type Order = Pick<Route, 'positionType'>;

/** So many ranges are visited again for each lane. */
const MOST_REMEMBERED = 32;

/**
 * Adds a range that has to be visited again. The list is part of the ledger's row and visiting its ranges
 * again costs as much as the first time, so it is short: a full one is returned as it is.
 */
export function remember(list: readonly Range[], range: Range): readonly Range[] {
  return list.length < MOST_REMEMBERED ? [...list, range] : list;
}

/**
 * The same ranges in the order of the route, with none counted twice: those that overlap become
 * one. PostgreSQL does it, since it alone knows the order of expiries.
 *
 * @param before - what lies from this position on is left out
 */
export async function asDisjoint(
  em: EntityManager,
  route: Order,
  ranges: readonly Range[],
  limits: { readonly before?: string },
): Promise<readonly Range[]> {
  const { before } = limits;
  // Before the lowest position there is nothing.
  if (before === '' || ranges.length === 0) return [];
  const type = route.positionType;
  const end = before ?? null;
  return await ask<Range>(
    em,
    {},
    {
      sql: `with listed as (
       select "from", nullif("from", '')::${type} as low,
         case when "to"::${type} > ?::${type} then ?::text else "to" end as "to"
       from jsonb_to_recordset(?::jsonb) as listed ("from" text, "to" text)
       where coalesce(nullif("from", '')::${type} < ?::${type}, true)
     ), placed as (
       select *, row_number() over (order by low nulls first) as place from listed
     ), reaching as (
       select *, max("to"::${type}) over (order by place rows between unbounded preceding and 1 preceding) as reached
       from placed
     ), numbered as (
       select *, count(*) filter (where reached is null or low >= reached) over (order by place) as island from reaching
     ), islands as (
       select island, (array_agg("from" order by place))[1] as "from",
         (array_agg("to" order by "to"::${type} desc))[1] as "to"
       from numbered group by island
     )
     select "from", "to" from islands order by island`,
      params: [end, end, JSON.stringify(ranges), end],
    },
  );
}
