import type { EntityManager } from '@mikro-orm/postgresql';
import type { DeletionSettings } from '../config/config.ts';
import { allOf, asWhere, quoteTable, type SqlFragment } from '../database/sql.ts';
import {
  ask,
  inTransaction,
  isLockTimeout,
  isTimeout,
  settingsStatement,
  sqlState,
  type LocalSettings,
  type Transaction,
} from '../database/transaction.ts';
import { isExpired, type ExpiredRows } from '../targets/expired-rows.ts';
import type { Target } from '../targets/target.ts';
import { hasChildren } from '../targets/children.ts';
import type { LaneCheckpoint } from './checkpoint.ts';
import { removeWithChildren, TOUCHED_BY_US, type Removed } from './child-rows.ts';
import { applyEntry, type DeletedRows, type LedgerEntry, type SliceLedger } from './ledger.ts';
import {
  lockedRows,
  rowRefusalIn,
  type RefusedRows,
  type Refusal,
  type StayingRows,
} from './remaining-rows.ts';
import type { Route } from './route.ts';
import type { Throttle } from './throttle.ts';
import type { RangeTask } from './work-queue.ts';

/** Receives what one transaction deleted of the target's own rows, and how long it took. */
export type CommitListener = (deletedCount: number, milliseconds: number) => void;

/** What all parts of one slice share. */
export interface SliceWork {
  readonly em: EntityManager;
  readonly expired: ExpiredRows;
  readonly settings: DeletionSettings;
  readonly ledger: SliceLedger;
  readonly checkpoints: readonly LaneCheckpoint[];
  readonly throttle: Throttle;
  readonly keptBy: KeptBy;
  readonly refusedRows: RefusedRows;
  /** Called after each committed chunk, with the position reached. */
  readonly onChunk: (route: Route, position: string) => void;
  /** Called after each commit that deletes or could have. */
  readonly onCommit: CommitListener;
  /** Asked before each chunk; true ends the work there. */
  readonly shouldStop: () => boolean;
  /** Whether the caller wants the slice to stop. */
  readonly isInterrupted: () => boolean;
}

/** What one chunk did. */
export interface ChunkOutcome {
  readonly deletedCount: number;
  /** Expired rows still there because another session holds a lock on them. */
  readonly lockedCount: number;
  /** What was recorded. */
  readonly entry: LedgerEntry;
}

/** A chunk is cancelled after this multiple of its time, so that no session waits longer for its locks. */
const TIMEOUT_FACTOR = 8;

/** The same for a single row, whose deletion may set off much else. Milliseconds. */
const SINGLE_ROW_TIMEOUT = 30_000;

/** A worker frozen in mid-chunk loses its connection, and so its locks, after this. Milliseconds. */
const IDLE_IN_TRANSACTION = 1_000;

/** `deadlock_detected`, which can only be met where `deadlock_timeout` is very short. */
const DEADLOCK = '40P01';

/**
 * Deletes the expired rows of one range and adds the entry to the ledger, in one short transaction; the checkpoint
 * then holds what was committed. A refused chunk has been rolled back whole.
 *
 * `wait` is the fast path, a plain range delete that gives up on the first lock it can't have within
 * the lock timeout: far below any `deadlock_timeout`, so in a deadlock it is always this side that
 * yields. `skip` locks row by row, passes over those that others hold, and counts them. Either way
 * the expiry is tested on the version that is deleted: PostgreSQL tests it again after a wait.
 *
 * Cascades and triggers run in this transaction. So it sets nothing that they would notice, and since the
 * search_path is the database's, every function, operator and type is written with its schema.
 *
 * Two round trips. One statement that also writes the ledger (`with deleted as (delete … returning 1) update …`) needs
 * one, but returning rows costs more than a trip: slices over 1 M rows took 1.13 times as long.
 *
 * @param entryFor - called once the rows that stay have been counted
 */
export async function deleteChunk(
  work: SliceWork,
  route: Route,
  task: RangeTask,
  entryFor: (staying: readonly StayingRows[]) => LedgerEntry,
): Promise<ChunkOutcome | Refusal> {
  const { em, expired, keptBy } = work;
  const { target } = expired;
  const { lockMode } = task;
  const rows = rowsOf(work, route, task);
  const opening = openingOf(work, task);
  const outcome = await recorded(
    work,
    async (transaction) =>
      hasChildren(target.children) && lockMode !== 'leave'
        ? await removeWithChildren(transaction, {
            target,
            rows,
            lockMode,
            opening,
            bulkDelete: (condition) => bulkDelete(em, target, condition),
            keptBy,
          })
        : await remove(transaction, work, route, task),
    ({ staying }) => entryFor(staying),
  );
  if ('kind' in outcome) return outcome;
  const { deletedCount, staying, entry } = outcome;
  return { deletedCount, lockedCount: lockedRows(staying), entry };
}

/** Runs a chunk's transaction: what `remove` deletes, and the entry for it. A refused one has been rolled back. */
export async function recorded<Deleted extends DeletedRows>(
  { em, ledger, expired, onCommit }: SliceWork,
  remove: (transaction: Transaction) => Promise<Deleted>,
  entryFor: (deleted: Deleted) => LedgerEntry,
): Promise<(Deleted & { readonly entry: LedgerEntry }) | Refusal> {
  const began = performance.now();
  let isRecording = false;
  try {
    const committed = await inTransaction(em, async (transaction) => {
      const deleted = await remove(transaction);
      const entry = entryFor(deleted);
      isRecording = true;
      await transaction.commit(ledger.entry(entry, deleted));
      applyEntry(entry, deleted);
      return { ...deleted, entry };
    });
    onCommit(committed.deletedCount, performance.now() - began);
    return committed;
  } catch (error) {
    const refusal = refusalIn(error, expired.target);
    // While the ledger is written, a lock that cannot be had is the ledger's.
    if (refusal === undefined || (isRecording && refusal.kind === 'locked')) throw error;
    return refusal;
  }
}

/** The first statement of a chunk's transaction. */
export function openingOf(work: SliceWork, task: Pick<RangeTask, 'isSingle'>): SqlFragment {
  return settingsStatement(chunkSettings(work, task), work.ledger.attemptLock);
}

/** Condition for the expired rows of a range. */
export function rowsOf({ expired }: SliceWork, route: Route, { range }: RangeTask): SqlFragment {
  return allOf(route.within(range), expiredOn(route, expired));
}

/** Deletes the expired rows of a range, whatever refers to them. */
async function remove(
  { send }: Transaction,
  work: SliceWork,
  route: Route,
  task: RangeTask,
): Promise<Removed> {
  const { em, expired, keptBy } = work;
  const { target } = expired;
  const [rows, opening] = [rowsOf(work, route, task), openingOf(work, task)];
  const condition = task.lockMode === 'wait' ? rows : stepAround(route, expired, rows);
  const deletion = task.lockMode === 'leave' ? undefined : bulkDelete(em, target, condition);
  const counting = stayingRows(task, target, rows, keptBy);
  const deletedCount = deletion === undefined ? 0 : (await send(opening, deletion)).affectedRows;
  const { row } =
    counting === undefined
      ? {}
      : await send(...(deletion === undefined ? [opening] : []), counting);
  const [lockedCount, keptCount] = [Number(row?.['locked'] ?? 0), Number(row?.['kept'] ?? 0)];
  const by = keptBy.trigger === undefined ? {} : { by: keptBy.trigger };
  return {
    deletedCount,
    dependentsDeleted: 0,
    staying: [
      ...(lockedCount > 0 ? [{ reason: 'locked' as const, rows: lockedCount }] : []),
      ...(keptCount > 0 ? [{ reason: 'kept-by-trigger' as const, rows: keptCount, ...by }] : []),
    ],
  };
}

/** Query for the rows that stay: `locked` by others, or `kept` by a trigger; undefined: there can be none. */
function stayingRows(
  { lockMode }: RangeTask,
  { quotedTable }: Target,
  { sql, params }: SqlFragment,
  { isPossible }: KeptBy,
): SqlFragment | undefined {
  // A lock of another session would have made the deletion fail.
  if (lockMode === 'wait' && !isPossible) return undefined;
  // A row that was locked during the deletion may be free by now. One of which a trigger was asked was locked for that.
  const isKept = isPossible && lockMode !== 'leave' ? TOUCHED_BY_US : 'false';
  const isLocked = lockMode === 'wait' ? 'false' : 'not is_kept';
  return {
    sql: `select pg_catalog.count(*) filter (where ${isLocked}) as locked, pg_catalog.count(*) filter (where is_kept) as kept
      from (select ${isKept} as is_kept from ${quotedTable} where ${sql}) as staying`,
    params,
  };
}

function chunkSettings(
  { settings }: SliceWork,
  { isSingle }: Pick<RangeTask, 'isSingle'>,
): LocalSettings {
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
  // Through the parent it also has to prune partitions.
  return way === 'sweep' && expired.target.parent?.isNamed !== true
    ? { sql: `(${sql}) is true`, params }
    : { sql, params };
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

function refusalIn(error: unknown, { parent }: Target): Refusal | undefined {
  if (isLockTimeout(error) || sqlState(error) === DEADLOCK) return { kind: 'locked' };
  // By our own `statement_timeout`, or by an operator.
  if (isTimeout(error)) return { kind: 'slow' };
  const row = rowRefusalIn(error);
  if (row === undefined) return undefined;
  // A foreign key has another name for each partition.
  const by = parent?.keys[row.by ?? ''] ?? row.by;
  return { kind: 'refused', row: { ...row, ...(by === undefined ? {} : { by }) }, error };
}

/**
 * MikroORM's bulk delete of the rows for which the condition holds.
 *
 * A slice sends the same deletion again and again, only with other parameters. Building it is a third of what
 * a chunk costs the worker, so that is done once for each condition.
 */
function bulkDelete(em: EntityManager, target: Target, condition: SqlFragment): SqlFragment {
  return { sql: statementFor(em, target, condition), params: condition.params };
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
  const named = onTable(statement, target);
  known.set(condition.sql, named);
  return named;
}

/**
 * MikroORM leaves the schema `public` out, which leaves the table to the search_path: that may name another one
 * first, or not name `public` at all. Nor does it know the partitions of a table.
 */
function onTable(statement: string, { quotedTable, schema, config }: Target): string {
  const [table, bare] = [
    { ...config, schema },
    { ...config, schema: undefined },
  ].map((named) => `delete from ${quoteTable(named)} `);
  const made = [table, bare].find((start) => start !== undefined && statement.startsWith(start));
  if (made === undefined) throw new TypeError('the deletion names another table');
  return `delete from ${quotedTable} ${statement.slice(made.length)}`;
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
