import type { Transaction } from '../database/transaction.ts';
import { deleteSomeDependents, lockRows, ownRows } from './child-rows.ts';
import { openingOf, recorded, rowsOf, type SliceWork } from './chunk.ts';
import type { DeletedRows, LedgerEntry } from './ledger.ts';
import type { Refusal } from './remaining-rows.ts';
import type { ChunkBounds, Route } from './route.ts';
import { nextChunkSize, type RangeTask } from './work-queue.ts';

/** Rows that one batch deletes. */
const BATCH: ChunkBounds = { initial: 1_000, smallest: 1, largest: 10_000 };

/**
 * Deletes dependents of a single row in short transactions of their own, until so few are left that the row's own chunk
 * is short, too. Each transaction locks the row and tests again whether it has expired. A refused batch has been
 * rolled back, those before it have not.
 *
 * @param entryFor - the entry of a batch that began then; its position must not lie after the row
 */
export async function deleteDependentsInBatches(
  work: SliceWork,
  route: Route,
  task: RangeTask,
  entryFor: (began: number) => LedgerEntry,
): Promise<Refusal | 'few-left' | 'stopped'> {
  let size = BATCH.initial;
  for (;;) {
    await work.throttle.untilClear();
    if (work.shouldStop()) return 'stopped';
    const began = performance.now();
    const outcome = await recorded(
      work,
      (transaction) => deleteBatch(transaction, work, route, task, size),
      () => entryFor(began),
    );
    if ('kind' in outcome) {
      if (outcome.kind !== 'slow' || size === BATCH.smallest) return outcome;
      size = Math.ceil(size / 2);
      continue;
    }
    work.onChunk(route, outcome.entry.at.position);
    if (outcome.dependentsDeleted < size) return 'few-left';
    const elapsed = performance.now() - began;
    size = nextChunkSize(size, elapsed, work.settings.chunkMilliseconds, BATCH);
  }
}

/** Deletes at most so many dependents of the expired rows of a range. */
async function deleteBatch(
  { send }: Pick<Transaction, 'send'>,
  work: SliceWork,
  route: Route,
  task: RangeTask,
  size: number,
): Promise<DeletedRows> {
  const { target } = work.expired;
  const rows = rowsOf(work, route, task);
  // The smallest batch may take as long as a single row.
  const opening = openingOf(work, { isSingle: size === BATCH.smallest });
  await send(opening, lockRows(target, rows, task.lockMode));
  let dependentsDeleted = 0;
  for (const child of target.children.dependents) {
    const rest = size - dependentsDeleted;
    if (rest === 0) break;
    const deletion = deleteSomeDependents(target, child, ownRows(target, rows), rest);
    dependentsDeleted += (await send(deletion)).affectedRows;
  }
  return { deletedCount: 0, dependentsDeleted };
}
