import { allOf, joined, quoteName, type SqlFragment } from '../database/sql.ts';
import type { Transaction } from '../database/transaction.ts';
import { matching, notReferenced, notReferencedByOthers, type Child } from '../targets/children.ts';
import type { Target } from '../targets/target.ts';
import type { DeletedRows } from './ledger.ts';
import type { StayingRows } from './remaining-rows.ts';
import type { LockMode } from './work-queue.ts';

/** What happened to the expired rows of a range. */
export interface Removed extends DeletedRows {
  readonly staying: readonly StayingRows[];
}

/** What a chunk with children consists of. */
export interface ChunkWithChildren {
  readonly target: Target;
  /** Condition for the expired rows of the range. */
  readonly rows: SqlFragment;
  readonly lockMode: LockMode;
  /** Settings and the attempt's lock. */
  readonly opening: SqlFragment;
  /** MikroORM's bulk delete of the rows for which a condition holds. */
  readonly bulkDelete: (condition: SqlFragment) => SqlFragment;
  /** Triggers that can keep a row. */
  readonly keptBy: { readonly isPossible: boolean; readonly trigger: string | undefined };
}

/**
 * Deletes the expired rows of a range and does to their children what the rule says, in one transaction.
 *
 * In one statement, `delete … where not exists (<child>)` deletes a live child by a cascade, when that child was
 * inserted but not committed as the statement began. So the rows are locked first: that waits for sessions that are
 * inserting a child, and keeps others from it. The statements after it have newer snapshots, see each child, and
 * are about locked rows only: one that has expired since is not locked.
 */
export async function removeWithChildren(
  { send }: Pick<Transaction, 'send'>,
  chunk: ChunkWithChildren,
): Promise<Removed> {
  const { target, rows, lockMode, opening, bulkDelete } = chunk;
  const { row } = await send(opening, lockRows(target, rows, lockMode));
  const lockedByUs = Number(row?.['rows'] ?? 0);
  const own = ownRows(target, rows);
  let [deletedCount, dependentsDeleted] = [0, 0];
  if (lockedByUs > 0) {
    for (const child of target.children.dependents) {
      const deletion = deleteDependents(target, child, own);
      dependentsDeleted += (await send(deletion)).affectedRows;
    }
    const unlinking = target.children.unlink.map((child) => unlinkRows(target, child, own));
    const deletion = bulkDelete(allOf(own, ...withoutChildren(target)));
    deletedCount = (await send(...unlinking, deletion)).affectedRows;
  }
  const isComplete =
    lockMode === 'wait' && deletedCount === lockedByUs && target.children.references.length === 0;
  return {
    deletedCount,
    dependentsDeleted,
    staying: isComplete ? [] : await stayingRows(send, chunk),
  };
}

/**
 * Locks rows of the target against changes, and against new rows that refer to them; counts them as `rows`. Not those
 * that another table keeps in any case: sessions would wait to add further references.
 */
export function lockRows(target: Target, rows: SqlFragment, lockMode: LockMode): SqlFragment {
  const { sql, params } = allOf(rows, ...notReferencedByOthers(target));
  const locking = lockMode === 'skip' ? 'for update skip locked' : 'for update';
  return {
    sql: `select pg_catalog.count(*) as rows from (select from ${target.quotedTable} where ${sql} ${locking}) as locked`,
    params,
  };
}

/** At most so many of the rows of a child that refer to rows of the target. */
export function deleteSomeDependents(
  target: Target,
  child: Child,
  rows: SqlFragment,
  limit: number,
): SqlFragment {
  const { sql, params } = deleteDependents(target, child, rows);
  return {
    // The outer condition is tested again on a row that was changed meanwhile.
    sql: `${sql} and "child".ctid operator(pg_catalog.=) any(array(
      select "child".ctid from ${child.quotedTable} as "child", ${parentsOf(target, child, rows)} where ${matching(child.pairs)}
      limit ?::pg_catalog.int8))`,
    params: [...params, ...rows.params, limit],
  };
}

/** Condition for those rows that this transaction has locked and that nothing keeps. */
export function ownRows(target: Target, rows: SqlFragment): SqlFragment {
  return allOf(rows, { sql: LOCKED_BY_US, params: [] }, ...notReferenced(target));
}

/**
 * Conditions that a row has no dependents and nothing to unlink any more. Another session may have deleted the last
 * reference to it after these were left alone.
 */
function withoutChildren({ children, quotedTable }: Target): readonly SqlFragment[] {
  const { dependents, unlink, references } = children;
  return references.length === 0
    ? []
    : [...dependents, ...unlink].map(({ quotedTable: table, pairs }) => ({
        sql: `not exists (select from ${table} as "child" where ${matching(pairs, quotedTable)})`,
        params: [],
      }));
}

/** Condition for a row that this transaction has locked. A lock of another session that has ended leaves no trace. */
const LOCKED_BY_US = 'xmax operator(pg_catalog.=) pg_catalog.pg_current_xact_id()::pg_catalog.xid';

/** The same, or has written, as a trigger may that keeps rows marked as deleted. */
export const TOUCHED_BY_US = `(${LOCKED_BY_US} or ${LOCKED_BY_US.replace('xmax', 'xmin')})`;

function deleteDependents(target: Target, child: Child, rows: SqlFragment): SqlFragment {
  return {
    sql: `delete from ${child.quotedTable} as "child" using ${parentsOf(target, child, rows)} where ${matching(child.pairs)}`,
    params: rows.params,
  };
}

function unlinkRows(target: Target, child: Child, rows: SqlFragment): SqlFragment {
  const nulls = child.pairs.map((pair) => `${quoteName(pair.child)} = null`);
  return {
    sql: `update ${child.quotedTable} as "child" set ${nulls.join(', ')} from ${parentsOf(target, child, rows)} where ${matching(child.pairs)}`,
    params: rows.params,
  };
}

/** The rows of the target, to be joined with a child that may have columns of the same names. */
function parentsOf({ quotedTable }: Target, { pairs }: Child, { sql }: SqlFragment): string {
  const columns = [...new Set(pairs.map(({ parent }) => quoteName(parent)))];
  return `(select ${columns.join(', ')} from ${quotedTable} where ${sql}) as "parent"`;
}

/** Expired rows that are still there, by reason: locked by others, referenced, or kept by a trigger. */
async function stayingRows(
  send: Transaction['send'],
  { target, rows, keptBy }: ChunkWithChildren,
): Promise<readonly StayingRows[]> {
  const { references } = target.children;
  const free = joined([{ sql: 'true', params: [] }, ...notReferenced(target)], ' and ').sql;
  const { row } = await send({
    sql: `select pg_catalog.count(*) filter (where is_free and not is_own) as locked,
        pg_catalog.count(*) filter (where not is_free) as referenced,
        pg_catalog.count(*) filter (where is_own and is_free) as kept
      from (select ${TOUCHED_BY_US} as is_own, (${free}) as is_free from ${target.quotedTable} where ${rows.sql}) as staying`,
    params: rows.params,
  });
  const key = references.length === 1 ? references[0]?.name : undefined;
  const trigger = keptBy.trigger;
  const found: readonly StayingRows[] = [
    { reason: 'locked', rows: Number(row?.['locked'] ?? 0) },
    {
      reason: 'referenced',
      rows: Number(row?.['referenced'] ?? 0),
      ...(key === undefined ? {} : { by: key }),
    },
    {
      reason: 'kept-by-trigger',
      rows: keptBy.isPossible ? Number(row?.['kept'] ?? 0) : 0,
      ...(trigger === undefined ? {} : { by: trigger }),
    },
  ];
  return found.filter((each) => each.rows > 0);
}
