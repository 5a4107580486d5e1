import type { EntityManager } from '@mikro-orm/postgresql';
import type { SentinelRows } from '../contract/slice.ts';
import { ask, ASKING, isTimeout } from '../database/transaction.ts';
import { allOf, joined, type SqlFragment } from '../database/sql.ts';
import { notReferenced } from './children.ts';
import { isExpired, secondsOf, type ExpiredRows } from './expired-rows.ts';
import { asInstant, unreadable } from './expiry.ts';
import { sentinelsOf } from './sentinels.ts';
import type { Target } from './target.ts';

/** What a target's rows hold, by their expiries. Rows that its conditions leave out do not count. */
export interface RowCounts {
  readonly totalRows: number;
  /** Without those that a reference keeps. */
  readonly expiredRows: number;
  /** Rows without an expiry, or with a value that is configured to mean "never": these never expire. */
  readonly nullRows: number;
  /** Rows whose expiry cannot be read, and which never expire either. */
  readonly unreadableRows: number;
  /** Expiry of the oldest expired row, as PostgreSQL writes it in UTC; null: there is none. */
  readonly oldest: string | null;
  /** The same of the row that expired last. */
  readonly newest: string | null;
  /** Rows at well-known values, whether these have expired or not. */
  readonly sentinels: readonly SentinelRows[];
  /** Those of them that have expired. */
  readonly expiredSentinels: readonly SentinelRows[];
  /** True when all of this was counted in a sample and projected onto the table. */
  readonly isEstimate: boolean;
}

/** Blocks that are read when the whole table takes too long, and when these do, too. */
const SAMPLES = [4_000, 200, 10];

/** A sample is cancelled after this. Milliseconds. */
const SAMPLE_TIMEOUT = 5_000;

interface Counted {
  readonly total: string;
  readonly expired: string;
  readonly nulls: string;
  readonly unreadable: string;
  readonly oldest: string | null;
  readonly newest: string | null;
  readonly sentinels: readonly number[];
  readonly expired_sentinels: readonly number[];
}

/**
 * Counts what a preview reports. Where the expiry has an index, only the rows that matter are read, so that a few
 * expired rows of a very large table are counted exactly and at once; elsewhere as {@link countRows}.
 */
export async function countExpired(
  em: EntityManager,
  rows: ExpiredRows,
  timeoutMilliseconds: number,
): Promise<Omit<RowCounts, 'totalRows'>> {
  if (rows.target.expiryIndexes.length === 0) return await countRows(em, rows, timeoutMilliseconds);
  const counts = await unlessTimeout(count(em, rows, timeoutMilliseconds, countByIndex(rows)));
  return counts ?? (await countSample(em, rows));
}

/**
 * Counts by reading the table once. One that takes longer than `timeoutMilliseconds` is cancelled by the server,
 * and the answer is an estimate from ever smaller samples of the table's blocks.
 *
 * @throws the database's error when even the smallest sample takes too long
 */
export async function countRows(
  em: EntityManager,
  rows: ExpiredRows,
  timeoutMilliseconds: number,
): Promise<RowCounts> {
  const counts = await unlessTimeout(count(em, rows, timeoutMilliseconds, countByReading(rows)));
  return counts ?? (await countSample(em, rows));
}

async function countSample(em: EntityManager, rows: ExpiredRows): Promise<RowCounts> {
  const blocks = await countBlocks(em, rows.target);
  const samples = SAMPLES.filter((sample) => sample < blocks);
  const smallest = samples.pop() ?? blocks;
  const countShare = async (share: number): Promise<RowCounts> =>
    await count(em, rows, SAMPLE_TIMEOUT, countByReading(rows, share), share);
  for (const sample of samples) {
    const counts = await unlessTimeout(countShare(sample / blocks));
    if (counts !== undefined) return counts;
  }
  return await countShare(smallest / Math.max(blocks, 1));
}

async function unlessTimeout<Answer>(question: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await question;
  } catch (error) {
    if (isTimeout(error)) return undefined;
    throw error;
  }
}

/** @param share - of the table's blocks that are read; left out: all */
function countByReading(rows: ExpiredRows, share?: number): SqlFragment {
  const { target } = rows;
  const gone = allOf(isExpired(rows), ...notReferenced(target));
  return joined(
    [
      { sql: 'select count(*) as total, ', params: [] },
      countsOf(rows, countFiltered),
      { sql: ', ', params: [] },
      { sql: `${countFiltered(gone).sql} as expired, `, params: gone.params },
      {
        sql: `${ends(rows, ` filter (where ${gone.sql})`)}, `,
        params: [...gone.params, ...gone.params],
      },
      sentinelCounts(rows, (condition) => countFiltered(allOf(condition, gone))),
      { sql: ` as expired_sentinels from ${target.quotedTable}`, params: [] },
      { sql: share === undefined ? '' : sampleOf(share), params: [] },
      whereOf(target),
    ],
    '',
  );
}

/** Each part by its own range of the index; the table's length does not matter. */
function countByIndex(rows: ExpiredRows): SqlFragment {
  const { target } = rows;
  const gone = allOf(isExpired(rows), ...notReferenced(target));
  const countWhere = (condition: SqlFragment): SqlFragment => {
    const { sql, params } = allOf(condition, ...target.where);
    return { sql: `(select count(*) from ${target.quotedTable} where ${sql})`, params };
  };
  return joined(
    [
      { sql: `select '0' as total, expired, expired_sentinels, oldest, newest, `, params: [] },
      countsOf(rows, countWhere),
      { sql: ` from (select count(*) as expired, ${ends(rows, '')}, `, params: [] },
      sentinelCounts(rows, countFiltered),
      {
        sql: ` as expired_sentinels from ${target.quotedTable} where ${gone.sql}) as counted`,
        params: gone.params,
      },
    ],
    '',
  );
}

function countFiltered({ sql, params }: SqlFragment): SqlFragment {
  return { sql: `count(*) filter (where ${sql})`, params };
}

/** What both ways count alike: rows that never expire, and those at well-known values. */
function countsOf(
  { target }: ExpiredRows,
  count: (condition: SqlFragment) => SqlFragment,
): SqlFragment {
  const { expiry, expiryColumns, never } = target;
  const isUnreadable = unreadable(expiryColumns) ?? 'false';
  const isNever = never.map(({ sql, params }) => ({ sql: `not ${sql}`, params }));
  const isNull =
    expiry === undefined ? 'false' : `${expiry.column} is null and not ${isUnreadable}`;
  const noExpiry = joined([{ sql: isNull, params: [] }, ...isNever], ' or ');
  return joined(
    [
      count({ ...noExpiry, sql: `(${noExpiry.sql})` }),
      { sql: ' as nulls, ', params: [] },
      count(allOf({ sql: isUnreadable, params: [] }, ...never)),
      { sql: ' as unreadable, ', params: [] },
      sentinelCounts({ target }, count),
      { sql: ' as sentinels', params: [] },
    ],
    '',
  );
}

/** The first and the last expiry, of those rows that `filter` leaves. */
function ends({ target: { expiry, lifetimeSeconds } }: ExpiredRows, filter: string): string {
  const end = (aggregate: string): string =>
    expiry === undefined
      ? 'null'
      : `to_jsonb((${aggregate}(${asInstant(expiry)})${filter} + ${secondsOf(lifetimeSeconds)}) at time zone 'UTC') #>> '{}'`;
  return `${end('min')} as oldest, ${end('max')} as newest`;
}

function sentinelCounts(
  { target }: Pick<ExpiredRows, 'target'>,
  count: (condition: SqlFragment) => SqlFragment,
): SqlFragment {
  const counts = sentinelsOf(target).map(({ sql }) => count({ sql, params: [] }));
  const { sql, params } = joined(
    counts.map((each) => ({ ...each, sql: `${each.sql}::float8` })),
    ', ',
  );
  return { sql: `json_build_array(${sql})`, params };
}

function whereOf({ where }: Target): SqlFragment {
  const { sql, params } = allOf(...where);
  return { sql: sql === '' ? '' : ` where ${sql}`, params };
}

/** @param share - of the table that `query` reads; left out: all */
async function count(
  em: EntityManager,
  { target }: ExpiredRows,
  timeoutMilliseconds: number,
  query: SqlFragment,
  share?: number,
): Promise<RowCounts> {
  const settings = { ...ASKING, jit: 'off', statement_timeout: `${timeoutMilliseconds}ms` };
  const [row] = await ask<Counted>(em, settings, query);
  const scale = (rows: string | number | undefined): number =>
    Math.round(Number(rows ?? 0) / (share ?? 1));
  const named = (rows: readonly number[] = []): readonly SentinelRows[] =>
    sentinelsOf(target).flatMap(({ value }, index) => {
      const found = scale(rows[index]);
      return found === 0 ? [] : [{ value, rows: found }];
    });
  return {
    totalRows: scale(row?.total),
    expiredRows: scale(row?.expired),
    nullRows: scale(row?.nulls),
    unreadableRows: scale(row?.unreadable),
    oldest: inUtc(row?.oldest),
    newest: inUtc(row?.newest),
    sentinels: named(row?.sentinels),
    expiredSentinels: named(row?.expired_sentinels),
    isEstimate: share !== undefined,
  };
}

function inUtc(text: string | null = null): string | null {
  return text === null || text.includes('infinity') ? text : `${text}Z`;
}

/**
 * How many rows hold an expiry that cannot be read; undefined: none, or counting takes longer than
 * `timeoutMilliseconds`.
 */
export async function countUnreadable(
  em: EntityManager,
  { expiryColumns, quotedTable, never, where }: Target,
  timeoutMilliseconds = 5_000,
): Promise<number | undefined> {
  const condition = unreadable(expiryColumns);
  if (condition === undefined) return undefined;
  const settings = { ...ASKING, statement_timeout: `${timeoutMilliseconds}ms` };
  const { sql, params } = allOf({ sql: condition, params: [] }, ...never, ...where);
  const query = { sql: `select count(*) as count from ${quotedTable} where ${sql}`, params };
  const rows = await unlessTimeout(ask<{ count: string }>(em, settings, query));
  const unreadableRows = Number(rows?.[0]?.count ?? 0);
  return unreadableRows === 0 ? undefined : unreadableRows;
}

/** Follows a table's name: reads that share of its blocks, spread over all of it, and the same ones each time. */
export function sampleOf(share: number): string {
  return ` tablesample system (${(share * 100).toFixed(6)}) repeatable (1)`;
}

/** The table's length in blocks, with all its partitions. */
export async function countBlocks(
  em: EntityManager,
  { oid, leaves = [] }: Target,
): Promise<number> {
  const [row] = await ask<{ blocks: number }>(em, ASKING, {
    sql: `select coalesce(sum(pg_relation_size(oid) / current_setting('block_size')::int8), 0)::float8 as blocks
      from jsonb_array_elements_text(?::jsonb) relation (name), cast(name as oid) oid`,
    params: [JSON.stringify([oid, ...leaves.map((leaf) => leaf.oid)])],
  });
  return row?.blocks ?? 0;
}
