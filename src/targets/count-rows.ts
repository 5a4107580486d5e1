import type { EntityManager } from '@mikro-orm/postgresql';
import type { SentinelRows } from '../contract/slice.ts';
import type { SqlFragment } from '../database/sql.ts';
import { ask, ASKING, isTimeout } from '../database/transaction.ts';
import { isExpired, type ExpiredRows } from './expired-rows.ts';
import { asInstant, unreadable, type ExpiryColumn } from './expiry.ts';
import { sentinelsOf } from './sentinels.ts';
import type { Target } from './target.ts';

/** What a table holds, by its expiries. */
export interface RowCounts {
  readonly totalRows: number;
  readonly expiredRows: number;
  /** Rows whose expiry is NULL, and which never expire. */
  readonly nullRows: number;
  /** Rows whose expiry cannot be read, and which never expire either. */
  readonly unreadableRows: number;
  /** Expiry of the oldest expired row, as PostgreSQL writes it in UTC; null: there is none. */
  readonly oldest: string | null;
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
  const { expiry, quotedTable } = rows.target;
  const gone = isExpired(rows);
  const countSentinels = (and: string): string =>
    sentinelCounts(expiry, (sql) => `count(*) filter (where ${sql}${and})`);
  return {
    sql: `select count(*) as total, count(*) filter (where ${gone.sql}) as expired,
        count(*) filter (where ${expiry.column} is null) as nulls,
        count(*) filter (where ${unreadable(expiry) ?? 'false'}) as unreadable,
        to_jsonb(min(${asInstant(expiry)}) filter (where ${gone.sql}) at time zone 'UTC') #>> '{}' as oldest,
        ${countSentinels('')} as sentinels, ${countSentinels(` and ${gone.sql}`)} as expired_sentinels
      from ${quotedTable}${share === undefined ? '' : sampleOf(share)}`,
    params: [...gone.params, ...gone.params, ...sentinelsOf(expiry).flatMap(() => gone.params)],
  };
}

/** Each part by its own range of the index; the table's length does not matter. */
function countByIndex(rows: ExpiredRows): SqlFragment {
  const { expiry, quotedTable } = rows.target;
  const gone = isExpired(rows);
  const countWhere = (sql: string): string => `(select count(*) from ${quotedTable} where ${sql})`;
  return {
    sql: `select '0' as total, '0' as unreadable, expired, expired_sentinels, oldest,
        ${countWhere(`${expiry.column} is null`)} as nulls, ${sentinelCounts(expiry, countWhere)} as sentinels
      from (select count(*) as expired,
          to_jsonb(min(${asInstant(expiry)}) at time zone 'UTC') #>> '{}' as oldest,
          ${sentinelCounts(expiry, (sql) => `count(*) filter (where ${sql})`)} as expired_sentinels
        from ${quotedTable} where ${gone.sql}) as counted`,
    params: gone.params,
  };
}

function sentinelCounts(expiry: ExpiryColumn, count: (condition: string) => string): string {
  const counts = sentinelsOf(expiry).map(({ sql }) => `${count(sql)}::float8`);
  return `json_build_array(${counts.join(', ')})`;
}

/** @param share - of the table that `query` reads; left out: all */
async function count(
  em: EntityManager,
  { target: { expiry } }: ExpiredRows,
  timeoutMilliseconds: number,
  query: SqlFragment,
  share?: number,
): Promise<RowCounts> {
  const settings = { ...ASKING, jit: 'off', statement_timeout: `${timeoutMilliseconds}ms` };
  const [row] = await ask<Counted>(em, settings, query);
  const scale = (rows: string | number | undefined): number =>
    Math.round(Number(rows ?? 0) / (share ?? 1));
  const named = (rows: readonly number[] = []): readonly SentinelRows[] =>
    sentinelsOf(expiry).flatMap(({ value }, index) => {
      const found = scale(rows[index]);
      return found === 0 ? [] : [{ value, rows: found }];
    });
  const oldest = row?.oldest ?? null;
  return {
    totalRows: scale(row?.total),
    expiredRows: scale(row?.expired),
    nullRows: scale(row?.nulls),
    unreadableRows: scale(row?.unreadable),
    oldest: oldest === null || oldest.includes('infinity') ? oldest : `${oldest}Z`,
    sentinels: named(row?.sentinels),
    expiredSentinels: named(row?.expired_sentinels),
    isEstimate: share !== undefined,
  };
}

/**
 * How many rows hold an expiry that cannot be read; undefined: none, or counting takes longer than
 * `timeoutMilliseconds`.
 */
export async function countUnreadable(
  em: EntityManager,
  { expiry, quotedTable }: Target,
  timeoutMilliseconds = 5_000,
): Promise<number | undefined> {
  const condition = unreadable(expiry);
  if (condition === undefined) return undefined;
  const settings = { ...ASKING, statement_timeout: `${timeoutMilliseconds}ms` };
  const sql = `select count(*) as count from ${quotedTable} where ${condition}`;
  const rows = await unlessTimeout(ask<{ count: string }>(em, settings, { sql, params: [] }));
  const unreadableRows = Number(rows?.[0]?.count ?? 0);
  return unreadableRows === 0 ? undefined : unreadableRows;
}

/** Follows a table's name: reads that share of its blocks, spread over all of it, and the same ones each time. */
export function sampleOf(share: number): string {
  return ` tablesample system (${(share * 100).toFixed(6)}) repeatable (1)`;
}

/** The table's length in blocks. */
export async function countBlocks(em: EntityManager, target: Target): Promise<number> {
  const [row] = await ask<{ blocks: number }>(em, ASKING, {
    sql: `select (pg_relation_size(?::oid) / current_setting('block_size')::int8)::int4 as blocks`,
    params: [target.oid],
  });
  return row?.blocks ?? 0;
}
