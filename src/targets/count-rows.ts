import type { EntityManager } from '@mikro-orm/postgresql';
import type { SentinelRows } from '../contract/slice.ts';
import { ask, ASKING, isTimeout } from '../database/transaction.ts';
import { isExpired, type ExpiredRows } from './expired-rows.ts';
import { asInstant, unreadable } from './expiry.ts';
import { sentinelsOf } from './sentinels.ts';
import type { Target } from './target.ts';

/** What a table holds, as far as its expiries tell. */
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
  doomed: ExpiredRows,
  timeoutMilliseconds: number,
): Promise<Omit<RowCounts, 'totalRows'>> {
  if (doomed.target.expiryIndexes.length === 0) {
    return await countRows(em, doomed, timeoutMilliseconds);
  }
  try {
    return await countByIndex(em, doomed, timeoutMilliseconds);
  } catch (error) {
    if (!isTimeout(error)) throw error;
  }
  return await countSample(em, doomed);
}

/**
 * Counts by reading the table once. One that takes longer than `timeoutMilliseconds` is cancelled by the server,
 * and the answer is an estimate from ever smaller samples of the table's blocks.
 *
 * @throws the database's error when even the smallest sample takes too long
 */
export async function countRows(
  em: EntityManager,
  doomed: ExpiredRows,
  timeoutMilliseconds: number,
): Promise<RowCounts> {
  try {
    return await count(em, doomed, timeoutMilliseconds, undefined);
  } catch (error) {
    if (!isTimeout(error)) throw error;
  }
  return await countSample(em, doomed);
}

async function countSample(em: EntityManager, doomed: ExpiredRows): Promise<RowCounts> {
  const blocks = await countBlocks(em, doomed.target);
  const samples = SAMPLES.filter((sample) => sample < blocks);
  for (const sample of samples.slice(0, -1)) {
    try {
      return await count(em, doomed, SAMPLE_TIMEOUT, sample / blocks);
    } catch (error) {
      if (!isTimeout(error)) throw error;
    }
  }
  return await count(em, doomed, SAMPLE_TIMEOUT, Math.min((samples.at(-1) ?? blocks) / blocks, 1));
}

/** @param share - of the table's blocks that are read; undefined: all */
async function count(
  em: EntityManager,
  rows: ExpiredRows,
  timeoutMilliseconds: number,
  share: number | undefined,
): Promise<RowCounts> {
  const { target } = rows;
  const { expiry, quotedTable } = target;
  const gone = isExpired(rows);
  const sentinels = sentinelsOf(expiry);
  const filters = (and: string): string =>
    sentinels.map(({ sql }) => `count(*) filter (where ${sql}${and})::float8`).join(', ');
  const sample =
    share === undefined ? '' : ` tablesample system (${(share * 100).toFixed(6)}) repeatable (1)`;
  const settings = { ...ASKING, jit: 'off', statement_timeout: `${timeoutMilliseconds}ms` };
  const [row] = await ask<Counted>(em, settings, {
    sql: `select count(*) as total, count(*) filter (where ${gone.sql}) as expired,
        count(*) filter (where ${expiry.column} is null) as nulls,
        count(*) filter (where ${unreadable(expiry) ?? 'false'}) as unreadable,
        to_jsonb(min(${asInstant(expiry)}) filter (where ${gone.sql}) at time zone 'UTC') #>> '{}' as oldest,
        json_build_array(${filters('')}) as sentinels,
        json_build_array(${filters(` and ${gone.sql}`)}) as expired_sentinels
      from ${quotedTable}${sample}`,
    params: [...gone.params, ...gone.params, ...sentinels.flatMap(() => gone.params)],
  });
  return asCounts(target, row, share);
}

/** Each part by its own range of the index; the table's length plays no part. */
async function countByIndex(
  em: EntityManager,
  rows: ExpiredRows,
  timeoutMilliseconds: number,
): Promise<RowCounts> {
  const { target } = rows;
  const { expiry, quotedTable } = target;
  const gone = isExpired(rows);
  const sentinels = sentinelsOf(expiry);
  const each = (count: (condition: string) => string): string =>
    sentinels.map(({ sql }) => `${count(sql)}::float8`).join(', ');
  const settings = { ...ASKING, jit: 'off', statement_timeout: `${timeoutMilliseconds}ms` };
  const [row] = await ask<Counted>(em, settings, {
    sql: `select '0' as total, '0' as unreadable, expired, expired_sentinels, oldest,
        (select count(*) from ${quotedTable} where ${expiry.column} is null) as nulls,
        json_build_array(${each((sql) => `(select count(*) from ${quotedTable} where ${sql})`)}) as sentinels
      from (select count(*) as expired,
          to_jsonb(min(${asInstant(expiry)}) at time zone 'UTC') #>> '{}' as oldest,
          json_build_array(${each((sql) => `count(*) filter (where ${sql})`)}) as expired_sentinels
        from ${quotedTable} where ${gone.sql}) as counted`,
    params: gone.params,
  });
  return asCounts(target, row, undefined);
}

function asCounts(
  { expiry }: Target,
  row: Counted | undefined,
  share: number | undefined,
): RowCounts {
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
 * How many rows hold an expiry that cannot be read; undefined: none, or the table is too large to tell within
 * `timeoutMilliseconds`.
 */
export async function countUnreadable(
  em: EntityManager,
  target: Target,
  timeoutMilliseconds = 5_000,
): Promise<number | undefined> {
  const condition = unreadable(target.expiry);
  if (condition === undefined) return undefined;
  const settings = { ...ASKING, statement_timeout: `${timeoutMilliseconds}ms` };
  try {
    const [row] = await ask<{ count: string }>(em, settings, {
      sql: `select count(*) as count from ${target.quotedTable} where ${condition}`,
      params: [],
    });
    const count = Number(row?.count ?? 0);
    return count === 0 ? undefined : count;
  } catch (error) {
    if (isTimeout(error)) return undefined;
    throw error;
  }
}

/** The table's length in blocks. */
export async function countBlocks(em: EntityManager, target: Target): Promise<number> {
  const [row] = await ask<{ blocks: number }>(em, ASKING, {
    sql: `select (pg_relation_size(?::oid) / current_setting('block_size')::int8)::int4 as blocks`,
    params: [target.oid],
  });
  return row?.blocks ?? 0;
}
