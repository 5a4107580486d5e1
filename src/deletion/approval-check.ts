import type { EntityManager } from '@mikro-orm/postgresql';
import type { ApprovalRequest } from '../contract/slice.ts';
import { ask, ASKING, isTimeout } from '../database/transaction.ts';
import { countRows } from '../targets/count-rows.ts';
import { isExpired, type ExpiredRows } from '../targets/expired-rows.ts';
import { sentinelsOf } from '../targets/sentinels.ts';

/** A table this small may well be all expired. */
const SMALLEST_TABLE = 1_000;

/** So few expired rows at well-known values may be test data. */
const FEWEST_SENTINELS = 10;

/** Times that the questions of the approval check may take. Milliseconds. */
export interface ApprovalTimeouts {
  readonly look: number;
  readonly count: number;
}

const TIMEOUTS: ApprovalTimeouts = { look: 5_000, count: 10_000 };

/**
 * Checks whether a run would delete `share` of the table or more, the signature of a mistaken unit or
 * column, or mostly rows that hold a value for "never". Undefined: it would not.
 *
 * With a share of 1 it only looks for one row that stays and for a well-known value, which the expiry's index
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
  const isQuiet =
    share >= 1 &&
    (await holds(em, timeouts.look, anyStays(expired))) === true &&
    (await holds(em, timeouts.look, anySentinel(expired))) === false;
  if (isQuiet) return undefined;
  const counts = await countRows(em, expired, timeouts.count);
  const { expiredRows, totalRows, expiredSentinels, isEstimate } = counts;
  const atSentinels = expiredSentinels.reduce((sum, { rows }) => sum + rows, 0);
  const isMostlySentinels = atSentinels >= FEWEST_SENTINELS && atSentinels * 2 > expiredRows;
  const isMost = totalRows > SMALLEST_TABLE && expiredRows >= totalRows * share;
  if (!isMost && !isMostlySentinels) return undefined;
  return {
    expiredRows,
    totalRows,
    ...(isEstimate ? { isEstimate } : {}),
    ...(expiredSentinels.length === 0 ? {} : { sentinels: expiredSentinels }),
  };
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

/** Whether at least one row stays: by the index's far end, or by reading until one is found. */
function anyStays(rows: ExpiredRows): Question {
  const { target, bound } = rows;
  const { column, sqlType } = target.expiry;
  if (target.expiryIndexes.length > 0) {
    return {
      sql: `coalesce((select max(${column}) from ${target.quotedTable}) > ?::${sqlType}, false)
        or exists (select from ${target.quotedTable} where ${column} is null)`,
      params: [bound],
      isIndexed: true,
    };
  }
  const { sql, params } = isExpired(rows);
  return {
    sql: `exists (select from ${target.quotedTable} where (${sql}) is not true)`,
    params,
    isIndexed: false,
  };
}

/** Without an index the first part of the table must do, since the whole would be read for each run. */
function anySentinel(rows: ExpiredRows): Question {
  const { target } = rows;
  const isIndexed = target.expiryIndexes.length > 0;
  const gone = isExpired(rows);
  const { column } = target.expiry;
  const source = isIndexed
    ? target.quotedTable
    : `(select ${column} from ${target.quotedTable} limit ${ROWS_WITHOUT_INDEX}) as beginning`;
  const any = sentinelsOf(target.expiry)
    .map(({ sql }) => `exists (select from ${source} where ${sql} and ${gone.sql})`)
    .join(' or ');
  return {
    sql: any,
    params: sentinelsOf(target.expiry).flatMap(() => gone.params),
    isIndexed,
  };
}

const ROWS_WITHOUT_INDEX = 10_000;
