import { randomUUID } from 'node:crypto';

import type { Config } from './config/config.ts';
import type { Way } from './contract/slice.ts';
import { closeOrm, createOrm } from './database/orm.ts';
import { deleteSlice } from './deletion/delete-slice.ts';
import { inspectTarget } from './targets/target.ts';

/** What {@link cleanOnce} did to one target. */
export interface CleanedTarget {
  readonly target: string;
  readonly deletedCount: number;
  readonly skippedLocked: number;
  readonly way: Way;
}

/**
 * Cleans all targets once, without Temporal: for an application's tests of its configuration. Deletes exactly what a
 * run would delete, and asks for no approval. The database needs the ledger, see `migrate`.
 *
 * @param cutoff - delete what had expired by this instant; left out: the database's present
 * @throws FinalDeletionError naming what is wrong with a target
 *
 * @example
 * const [sessions] = await cleanOnce(loadConfig({ DATABASE_URL: testDatabaseUrl }));
 * assert.equal(sessions?.deletedCount, 3);
 */
export async function cleanOnce(
  { database, targets, deletion }: Pick<Config, 'database' | 'targets' | 'deletion'>,
  cutoff = new Date().toISOString(),
): Promise<readonly CleanedTarget[]> {
  const orm = createOrm(database, targets, deletion);
  try {
    const runId = randomUUID();
    const cleaned: CleanedTarget[] = [];
    for (const config of targets) {
      const target = await inspectTarget(orm.em.fork(), config, targets);
      const job = { target, settings: deletion, runId, slice: 0, cutoff };
      const { deletedCount, skippedLocked, way } = await deleteSlice(
        orm,
        database.ledgerSchema,
        job,
        { onProgress: () => undefined, shouldStop: () => undefined },
      );
      cleaned.push({ target: config.name, deletedCount, skippedLocked, way });
    }
    return cleaned;
  } finally {
    await closeOrm(orm);
  }
}
