import type { EntityManager } from '@mikro-orm/postgresql';
import type { DeletionSettings } from '../config/config.ts';
import { allOf, type SqlFragment } from '../database/sql-fragment.ts';
import { sqlState, withSettings, type LocalSettings } from '../database/transaction.ts';
import { bulkDelete } from './bulk-delete.ts';
import type { Doomed } from './doomed.ts';
import { expired, expirySettings } from './expiry.ts';
import type { Route } from './route.ts';
import type { Refusal, Stretch } from './stretch.ts';
import type { Target } from './target.ts';

/** What one chunk did. */
export interface ChunkCounts {
  readonly deletedCount: number;
  /** Expired rows still there because somebody holds a lock on them. */
  readonly lockedCount: number;
}

export type ChunkOutcome = ChunkCounts | Refusal;

/** A chunk is broken off at this multiple of its time, so that nobody waits longer for its locks. */
const PATIENCE = 8;

/** The same for a stretch that can't be made smaller: a row whose deletion sets off much else. Milliseconds. */
const PATIENCE_WITH_SMALLEST = 30_000;

/** A worker frozen in mid-chunk loses its connection, and so its locks, after this. Milliseconds. */
const IDLE_IN_TRANSACTION = 1_000;

/** `lock_not_available`; `deadlock_detected` can only be met where `deadlock_timeout` is very short. */
const LOCKED = new Set(['55P03', '40P01']);

/** `query_canceled`: by our own `statement_timeout`, or by somebody who found us in the way. */
const SLOW = '57014';

/**
 * Deletes the expired rows of one stretch in one short transaction, to which `record` adds the
 * ledger's entry before it commits. A refused chunk has been rolled back whole.
 *
 * `wait` is the fast path, a plain range delete that gives up on the first lock it can't have within
 * the lock timeout: far below any `deadlock_timeout`, so in a deadlock it is always this side that
 * yields. `skip` locks row by row, passes over those that others hold, and counts them. Either way
 * the expiry is tested on the version that is deleted: PostgreSQL tests it again after a wait.
 */
export async function deleteChunk(
  em: EntityManager,
  doomed: Doomed,
  route: Route,
  stretch: Stretch,
  settings: DeletionSettings,
  record: (tx: EntityManager, counts: ChunkCounts) => Promise<void>,
): Promise<ChunkOutcome> {
  const { target } = doomed;
  const rows = allOf(
    route.within(stretch.range),
    expired(target.expiry, doomed.bound, doomed.deadline),
  );
  let refused: Refusal | undefined;
  try {
    return await withSettings(em, chunkSettings(target, route, stretch, settings), async (tx) => {
      const remove = async (condition: SqlFragment): Promise<number> =>
        await bulkDelete(tx, target, condition).catch((error: unknown) => {
          refused = refusalIn(error);
          throw error;
        });
      const counts = await countsOf(tx, doomed, stretch, rows, remove);
      await record(tx, counts);
      return counts;
    });
  } catch (error) {
    // Only the deletion's own refusal is an outcome: elsewhere the same codes mean something else.
    if (refused !== undefined) return refused;
    throw error;
  }
}

async function countsOf(
  tx: EntityManager,
  doomed: Doomed,
  stretch: Stretch,
  rows: SqlFragment,
  remove: (condition: SqlFragment) => Promise<number>,
): Promise<ChunkCounts> {
  const { target } = doomed;
  switch (stretch.manner) {
    case 'wait':
      return { deletedCount: await remove(rows), lockedCount: 0 };
    case 'skip': {
      const deletedCount = await remove(stepAround(doomed, rows));
      return { deletedCount, lockedCount: await countRows(tx, target, rows) };
    }
    case 'leave':
      return { deletedCount: 0, lockedCount: await countRows(tx, target, rows) };
  }
}

function chunkSettings(
  target: Target,
  route: Route,
  stretch: Stretch,
  settings: DeletionSettings,
): LocalSettings {
  const patience = stretch.patient ? PATIENCE_WITH_SMALLEST : settings.chunkMilliseconds * PATIENCE;
  return {
    lock_timeout: `${settings.lockTimeoutMilliseconds}ms`,
    statement_timeout: `${patience}ms`,
    idle_in_transaction_session_timeout: `${IDLE_IN_TRANSACTION}ms`,
    synchronous_commit: settings.asynchronousCommit ? 'off' : 'on',
    ...route.settings,
    ...expirySettings(target.expiry),
  };
}

function stepAround({ target, bound, deadline }: Doomed, rows: SqlFragment): SqlFragment {
  return allOf(
    {
      sql: `ctid = any(array(select ctid from ${target.table} where ${rows.sql} for update skip locked))`,
      params: rows.params,
    },
    // Once more on the outside: only the conditions of the deletion itself are tested again.
    expired(target.expiry, bound, deadline),
  );
}

async function countRows(em: EntityManager, target: Target, rows: SqlFragment): Promise<number> {
  const [row] = await em.execute<{ count: string }[]>(
    `select count(*) as count from ${target.table} where ${rows.sql}`,
    [...rows.params],
  );
  return Number(row?.count ?? 0);
}

function refusalIn(error: unknown): Refusal | undefined {
  const state = sqlState(error);
  if (state === undefined) return undefined;
  if (LOCKED.has(state)) return 'locked';
  return state === SLOW ? 'slow' : undefined;
}
