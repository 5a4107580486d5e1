import type { EntityManager } from '@mikro-orm/postgresql';
import { type SqlFragment, allOf, asWhere, quoteName } from '../database/sql.ts';
import { type LocalSettings, ask, sqlState, withSettings } from '../database/transaction.ts';
import { type ExpiredRows, isExpired } from '../targets/expired-rows.ts';
import type { SliceWork } from './delete-slice.ts';
import { rowRefusalIn } from './remaining-rows.ts';
import type { Route } from './route.ts';
import type { Refusal, RangeTask } from './work-queue.ts';
import type { Target } from '../targets/target.ts';

/** What one chunk did. */
export interface ChunkCounts {
  readonly deletedCount: number;
  /** Expired rows still there because somebody holds a lock on them. */
  readonly lockedCount: number;
  /** Expired rows still there because a trigger keeps them without an error. */
  readonly keptCount: number;
}

/** A chunk is broken off at this multiple of its time, so that nobody waits longer for its locks. */
const TIMEOUT_FACTOR = 8;

/** The same for a single row, whose deletion may set off much else. Milliseconds. */
const SINGLE_ROW_TIMEOUT = 30_000;

/** A worker frozen in mid-chunk loses its connection, and so its locks, after this. Milliseconds. */
const IDLE_IN_TRANSACTION = 1_000;

/** `lock_not_available`; `deadlock_detected` can only be met where `deadlock_timeout` is very short. */
const LOCKED = new Set(['55P03', '40P01']);

/** `query_canceled`: by our own `statement_timeout`, or by somebody who found us in the way. */
const SLOW = '57014';

/**
 * Deletes the expired rows of one range in one short transaction, to which `record` adds the
 * ledger's entry before it commits. A refused chunk has been rolled back whole.
 *
 * `wait` is the fast path, a plain range delete that gives up on the first lock it can't have within
 * the lock timeout: far below any `deadlock_timeout`, so in a deadlock it is always this side that
 * yields. `skip` locks row by row, passes over those that others hold, and counts them. Either way
 * the expiry is tested on the version that is deleted: PostgreSQL tests it again after a wait.
 *
 * Cascades and triggers run in this transaction. So it sets nothing that they would notice, and since the
 * search_path is the database's, every function, operator and type is written with its schema.
 */
export async function deleteChunk(
  work: SliceWork,
  route: Route,
  task: RangeTask,
  record: (tx: EntityManager, counts: ChunkCounts) => Promise<void>,
): Promise<ChunkCounts | Refusal> {
  const rows = allOf(route.within(task.range), expiredOn(route, work.expired));
  const settings = chunkSettings(work, task);
  let refused: Refusal | undefined;
  let isEntered = false;
  try {
    return await withSettings(
      work.em,
      settings,
      async (tx) => {
        const counts = await countsOf(tx, work, route, task, rows).catch((error: unknown) => {
          refused = refusalIn(error);
          throw error;
        });
        await record(tx, counts);
        isEntered = true;
        return counts;
      },
      work.ledger.attemptLock,
    );
  } catch (error) {
    // Deferred constraints and triggers refuse at the commit. A lock that is not to be had there is the ledger's.
    if (isEntered) {
      const atCommit = refusalIn(error);
      if (atCommit !== undefined && atCommit.kind !== 'locked') refused = atCommit;
    }
    // Elsewhere the same codes mean something else.
    if (refused !== undefined) return refused;
    throw error;
  }
}

async function countsOf(
  tx: EntityManager,
  { expired, keptBy }: SliceWork,
  route: Route,
  { lockMode }: RangeTask,
  rows: SqlFragment,
): Promise<ChunkCounts> {
  const { target } = expired;
  if (lockMode === 'leave') {
    return { deletedCount: 0, lockedCount: await countRows(tx, target, rows), keptCount: 0 };
  }
  const condition = lockMode === 'wait' ? rows : stepAround(route, expired, rows);
  const deletedCount = await bulkDelete(tx, target, condition);
  if (lockMode === 'wait') {
    // Whoever held a lock would have made the deletion fail.
    const keptCount = keptBy.isPossible ? await countRows(tx, target, rows) : 0;
    return { deletedCount, lockedCount: 0, keptCount };
  }
  const left = await countRows(tx, target, rows);
  const keptCount = keptBy.isPossible && left > 0 ? await countRows(tx, target, rows, UNLOCKED) : 0;
  return { deletedCount, lockedCount: Math.max(left - keptCount, 0), keptCount };
}

function chunkSettings({ settings }: SliceWork, { isSingle }: RangeTask): LocalSettings {
  const timeout = isSingle ? SINGLE_ROW_TIMEOUT : settings.chunkMilliseconds * TIMEOUT_FACTOR;
  return {
    lock_timeout: `${settings.lockTimeoutMilliseconds}ms`,
    statement_timeout: `${timeout}ms`,
    idle_in_transaction_session_timeout: `${IDLE_IN_TRANSACTION}ms`,
    synchronous_commit: settings.asynchronousCommit ? 'off' : 'on',
  };
}

/** For a sweep in a form that no index serves: the planner would read many index entries for each block. */
function expiredOn({ way }: Route, expired: ExpiredRows): SqlFragment {
  const { sql, params } = isExpired(expired);
  return way === 'sweep' ? { sql: `(${sql}) is true`, params } : { sql, params };
}

function stepAround(route: Route, expired: ExpiredRows, rows: SqlFragment): SqlFragment {
  return allOf(
    {
      sql: `ctid operator(pg_catalog.=) any(array(select ctid from ${expired.target.quotedTable} where ${rows.sql} for update skip locked))`,
      params: rows.params,
    },
    // Once more on the outside: only the conditions of the deletion itself are tested again.
    expiredOn(route, expired),
  );
}

/** Leaves rows out that others hold. */
const UNLOCKED = ' for update skip locked';

async function countRows(
  em: EntityManager,
  target: Target,
  rows: SqlFragment,
  locking = '',
): Promise<number> {
  const [row] = await em.execute<{ count: string }[]>(
    `select pg_catalog.count(*) as count from (select from ${target.quotedTable} where ${rows.sql}${locking}) as expired`,
    [...rows.params],
  );
  return Number(row?.count ?? 0);
}

function refusalIn(error: unknown): Refusal | undefined {
  const state = sqlState(error);
  if (state === undefined) return undefined;
  if (LOCKED.has(state)) return { kind: 'locked' };
  if (state === SLOW) return { kind: 'slow' };
  const row = rowRefusalIn(error);
  return row && { kind: 'refused', row, error };
}

/**
 * MikroORM's bulk delete: removes the rows for which the condition holds, and returns how many.
 *
 * A slice asks for the same deletion again and again, only with other parameters. Putting it together is a
 * third of what a chunk costs the worker, so that is done once for each condition.
 */
async function bulkDelete(
  em: EntityManager,
  target: Target,
  condition: SqlFragment,
): Promise<number> {
  const statement = statementFor(em, target, condition);
  const { affectedRows } = await em.execute<{ affectedRows: number }>(
    statement,
    [...condition.params],
    'run',
  );
  return affectedRows;
}

const statements = new WeakMap<Target, Map<string, string>>();

function statementFor(em: EntityManager, target: Target, condition: SqlFragment): string {
  const known = statements.get(target) ?? new Map<string, string>();
  statements.set(target, known);
  const found = known.get(condition.sql);
  if (found !== undefined) return found;
  const statement = em
    .createQueryBuilder(target.entity)
    .withSchema(target.schema)
    .delete(asWhere(condition))
    .getQuery();
  const named = withSchema(statement, target);
  known.set(condition.sql, named);
  return named;
}

/**
 * MikroORM leaves the schema `public` out, which leaves the table to the search_path: that may name another one
 * first, or not name `public` at all.
 */
function withSchema(statement: string, { quotedTable, schema }: Target): string {
  const bare = `delete from ${quotedTable.slice(quoteName(schema).length + 1)} `;
  return statement.startsWith(bare)
    ? `delete from ${quotedTable} ${statement.slice(bare.length)}`
    : statement;
}

/** Triggers that can keep a row from being deleted without an error. */
export interface KeptBy {
  readonly isPossible: boolean;
  /** Undefined where several triggers can do so. */
  readonly trigger: string | undefined;
}

/** Asks for enabled BEFORE DELETE row triggers: one that returns NULL keeps its row. */
export async function findKeptBy(em: EntityManager, target: Target): Promise<KeptBy> {
  // Bits of tgtype: 1 each row, 2 before, 8 delete.
  const triggers = await ask<{ name: string }>(
    em,
    {},
    {
      sql: `select tgname::text as name from pg_trigger
      where tgrelid = ?::oid and tgtype::int & 11 = 11 and tgenabled in ('O', 'A') limit 2`,
      params: [target.oid],
    },
  );
  return {
    isPossible: triggers.length > 0,
    trigger: triggers.length === 1 ? triggers[0]?.name : undefined,
  };
}
