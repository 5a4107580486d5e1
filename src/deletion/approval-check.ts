import type { EntityManager } from '@mikro-orm/postgresql';
import type { ApprovalRequest } from '../contract/slice.ts';
import { allOf, joined, type SqlFragment } from '../database/sql.ts';
import { ask, ASKING, isTimeout } from '../database/transaction.ts';
import { countRows, type RowCounts } from '../targets/count-rows.ts';
import { NO_CHILDREN } from '../targets/children.ts';
import { isExpired, type ExpiredRows } from '../targets/expired-rows.ts';
import { sentinelsOf } from '../targets/sentinels.ts';
import { isNamedAsStart, mayBeStart, mostStray } from '../targets/start-columns.ts';
import type { Target } from '../targets/target.ts';

/** A table this small may well be all expired. */
const SMALLEST_TABLE = 1_000;

/** Values up to so short a time ago are those of a column that is written at each use. Milliseconds. */
const RECENT = 3_600_000;

/** So few expired rows at well-known values may be test data. */
const FEWEST_SENTINELS = 10;

/** Times that the questions of the approval check may take. Milliseconds. */
export interface ApprovalTimeouts {
  readonly look: number;
  readonly count: number;
}

const TIMEOUTS: ApprovalTimeouts = { look: 5_000, count: 10_000 };

/**
 * Checks whether a run would delete `share` of the target's rows or more, the signature of a mistaken unit or
 * column, or mostly rows that hold a value for "never". Undefined: it would not. A target whose rows expire at once
 * is compared with the whole table, of which it sees a part.
 *
 * With a share of 1 it only looks for rows that stay and for a well-known value, which the expiry's index
 * finds at once. A smaller share has to be counted, and so costs one reading of the table. Where that takes too
 * long, a sample of the table's blocks is counted.
 *
 * @param share - above 0, up to 1: the part of all rows from which approval is needed
 */
export async function checkApproval(
  em: EntityManager,
  expired: ExpiredRows,
  share: number,
  timeouts = TIMEOUTS,
): Promise<ApprovalRequest | undefined> {
  const { expiry, where } = expired.target;
  // Expired rows count as such also while a reference keeps them: else they would pass for rows of the future.
  const target = { ...expired.target, children: NO_CHILDREN };
  const rows = {
    ...expired,
    target: expiry === undefined ? { ...target, where: [], never: where } : target,
  };
  const isQuiet =
    share >= 1 &&
    (await holds(em, timeouts.look, await enoughStay(em, rows))) === true &&
    (await holds(em, timeouts.look, anySentinel(rows))) === false;
  if (isQuiet) return undefined;
  const counts = await countRows(em, rows, timeouts.count);
  const { expiredRows, totalRows, expiredSentinels, isEstimate } = counts;
  const atSentinels = expiredSentinels.reduce((sum, { rows: found }) => sum + found, 0);
  const isMostlySentinels = atSentinels >= FEWEST_SENTINELS && atSentinels * 2 > expiredRows;
  const isMost = totalRows > SMALLEST_TABLE && expiredRows >= totalRows * share;
  if (!isMost && !isMostlySentinels && !looksLikeStart(rows, counts)) return undefined;
  return {
    expiredRows,
    totalRows,
    ...(isEstimate ? { isEstimate } : {}),
    ...(expiredSentinels.length === 0 ? {} : { sentinels: expiredSentinels }),
  };
}

/**
 * Whether a column taken for the expiry seems to hold a start: (nearly) no value lies in the future, and either its
 * name or very recent values say so. Every live session would be deleted, in a small table as well.
 */
function looksLikeStart({ target }: ExpiredRows, counts: RowCounts): boolean {
  const { expiredRows, totalRows, nullRows, unreadableRows, newest } = counts;
  if (!mayBeStart(target) || expiredRows === 0) return false;
  const future = totalRows - nullRows - unreadableRows - expiredRows;
  if (future > mostStray(totalRows)) return false;
  const isRecent = newest !== null && Date.now() - Date.parse(newest) < RECENT;
  return isRecent || isNamedAsStart(target);
}

interface Question {
  readonly sql: string;
  readonly params: readonly unknown[];
  /** Whether an index answers it. */
  readonly isIndexed: boolean;
}

/** The answer to a yes-or-no question; undefined when it takes too long. */
async function holds(
  em: EntityManager,
  timeoutMilliseconds: number,
  { sql, params, isIndexed }: Question,
): Promise<boolean | undefined> {
  const settings = {
    ...ASKING,
    jit: 'off',
    statement_timeout: `${timeoutMilliseconds}ms`,
    ...(isIndexed ? { enable_seqscan: 'off' } : {}),
  };
  try {
    const [row] = await ask<{ answer: boolean }>(em, settings, {
      sql: `select (${sql}) as answer`,
      params,
    });
    return row?.answer === true;
  } catch (error) {
    if (isTimeout(error)) return undefined;
    throw error;
  }
}

/**
 * Whether more rows stay than a few stray ones: by the index's far end, or by reading until so many are found. The
 * statistics say how many those are.
 */
async function enoughStay(em: EntityManager, rows: ExpiredRows): Promise<Question> {
  const { target, bound } = rows;
  const { expiry, quotedTable, where, never } = target;
  const isSuspect = mayBeStart(target);
  const most = isSuspect ? mostStray(await rowsOf(em, target)) + 1 : 1;
  const count = (rest: SqlFragment): SqlFragment => ({
    sql: `(select count(*) from (select from ${quotedTable} where ${rest.sql} limit ${most}) as staying) >= ${most}`,
    params: rest.params,
  });
  if (
    expiry !== undefined &&
    target.expiryIndexes.length > 0 &&
    where.length + never.length === 0
  ) {
    const { column, sqlType } = expiry;
    const future = count({ sql: `${column} > ?::${sqlType}`, params: [bound] });
    const isNull = isSuspect
      ? ''
      : ` or exists (select from ${quotedTable} where ${column} is null)`;
    return { sql: `${future.sql}${isNull}`, params: future.params, isIndexed: true };
  }
  const { sql, params } = isExpired(rows);
  // Of a start, a row without a value says nothing.
  const known =
    isSuspect && expiry !== undefined
      ? [{ sql: `${expiry.column} is not null`, params: [] }, ...never]
      : [];
  const stays = allOf({ sql: `(${sql}) is not true`, params }, ...where, ...known);
  return { ...count(stays), isIndexed: false };
}

/** By the statistics; nobody but an operator makes those of a partitioned table. */
async function rowsOf(em: EntityManager, { oid, leaves }: Target): Promise<number> {
  if (leaves !== undefined) return leaves.reduce((sum, { rows }) => sum + rows, 0);
  const [row] = await ask<{ rows: number }>(em, ASKING, {
    sql: 'select greatest(reltuples, 0)::float8 as rows from pg_class where oid = ?::oid',
    params: [oid],
  });
  return row?.rows ?? 0;
}

/** Without an index the first part of the table must do, since the whole would be read for each run. */
function anySentinel(rows: ExpiredRows): Question {
  const { target } = rows;
  const isIndexed = target.expiryIndexes.length > 0;
  const gone = isExpired(rows);
  const source = isIndexed
    ? target.quotedTable
    : `(select * from ${target.quotedTable} limit ${ROWS_WITHOUT_INDEX}) as beginning`;
  const any = sentinelsOf(target).map(({ sql }) => ({
    sql: `exists (select from ${source} where ${sql} and ${gone.sql})`,
    params: gone.params,
  }));
  const none = { sql: 'false', params: [] };
  return { ...joined(any.length === 0 ? [none] : any, ' or '), isIndexed };
}

const ROWS_WITHOUT_INDEX = 10_000;
