import type { EntityManager } from '@mikro-orm/postgresql';
import { allOf, type SqlFragment } from '../database/sql.ts';
import { ask, ASKING } from '../database/transaction.ts';
import { isExpired, type ExpiredRows } from '../targets/expired-rows.ts';
import type { Piece, Range, Route } from './route.ts';
import type { Target } from '../targets/target.ts';

/** A position is a tuple's address in one number: block × 65,536 + line pointer. */
const ADDRESSES = 65_536;

/**
 * Line pointers of a block of 8 kB at most (`MaxHeapTuplesPerPage`), and the unit of a chunk's size: so many are
 * one block, and fewer are rows within a block.
 */
const BLOCK = 291;

/** Blocks of a chunk: at first, and at most. */
const INITIAL_BLOCKS = 256;
const MOST_BLOCKS = 512;

/** Marks a sweep whose positions are tuple addresses: versions that count blocks begin again. */
const FORMAT = ':tuples';

/**
 * The way for a backlog: block by block through the table in the order it lies on disk, by TID range
 * scans. Every page is read once, no index is needed, and no dead index entry is met again. Where whole blocks
 * take too long or a row refuses, a block is divided down to single rows.
 *
 * Addresses are valid only as long as the table is not rewritten (`VACUUM FULL`,
 * `CLUSTER`, some `ALTER TABLE`), which packs its rows into other blocks: rows from before the sweep's
 * position may then lie behind it. So the end names the table's file as well, which changes with that.
 *
 * @param end - the block to stop before, and the file; undefined asks the table for both. Rows written
 *   beyond it later are too young to have expired, or are left to the next run
 */
export async function sweepRoute(
  em: EntityManager,
  expired: ExpiredRows,
  end: string | undefined,
): Promise<Route> {
  const { target } = expired;
  const extent = end === undefined ? await extentOf(em, target) : { end, density: BLOCK };
  const [blocks, file] = extent.end.split('@');
  const length = Number(blocks) * ADDRESSES;
  const rowsPerUnit = extent.density / BLOCK;
  const settings = {
    enable_seqscan: 'off',
    enable_indexscan: 'off',
    enable_bitmapscan: 'off',
    jit: 'off',
  };

  /** Addresses of the expired rows of a range that lies in one block, in order. */
  const rowsOf = async (manager: EntityManager, range: Range): Promise<readonly number[]> => {
    const { sql, params } = allOf(within(range), isExpired(expired));
    const [found] = await ask<{ rows: readonly number[] | null }>(
      manager,
      { ...ASKING, ...settings },
      {
        sql: `select json_agg((at[0] * ${ADDRESSES} + at[1])::bigint order by at[0], at[1]) as rows
          from (select ctid::text::point as at from ${target.quotedTable} where ${sql}) found`,
        params,
      },
    );
    return found?.rows ?? [];
  };

  const cutOff = async (manager: EntityManager, range: Range, size: number): Promise<Piece> => {
    const [from, to] = [Number(range.from), Number(range.to)];
    if (size >= BLOCK) {
      const reached = (blockOf(from) + Math.floor(size / BLOCK)) * ADDRESSES;
      return { from: range.from, to: String(Math.min(reached, to)) };
    }
    const rest = { from: range.from, to: String(Math.min((blockOf(from) + 1) * ADDRESSES, to)) };
    const rows = await rowsOf(manager, rest);
    const next = rows[size];
    return {
      from: range.from,
      to: next === undefined ? rest.to : String(next),
      isSingle: size === 1 || rows.length <= 1,
    };
  };

  return {
    way: 'sweep',
    leaf: target.parent && target.oid,
    start: '0',
    end: extent.end,
    // The best of those measured, see docs/benchmarks.md: larger chunks fill PostgreSQL's WAL buffers before
    // their commit has the WAL writer empty them, with smaller ones each trip to the server weighs more.
    bounds: { initial: INITIAL_BLOCKS * BLOCK, smallest: 1, largest: MOST_BLOCKS * BLOCK },
    settings,
    async cut(manager, from, size) {
      return Number(from) >= length
        ? null
        : await cutOff(manager, { from, to: String(length) }, size);
    },
    async head(manager, range, size) {
      return lengthOf(range) <= size ? null : await cutOff(manager, range, size);
    },
    async divide(manager, { from, to }) {
      const first = blockOf(Number(from));
      const afterLast = blockOf(Number(to) + ADDRESSES - 1);
      if (afterLast - first > 1) {
        const middle = String(Math.floor((first + afterLast) / 2) * ADDRESSES);
        return [
          { from, to: middle },
          { from: middle, to },
        ];
      }
      const rows = await rowsOf(manager, { from, to });
      const middle = rows[Math.floor(rows.length / 2)];
      if (middle === undefined || rows.length === 1) return 'single';
      return [
        { from, to: String(middle), isSingle: rows.length <= 3 },
        { from: String(middle), to, isSingle: rows.length === 2 },
      ];
    },
    lengthOf,
    sizeOf: (rows) => Math.max(Math.floor(rows / rowsPerUnit), 1),
    rowsIn: (size) => (size < BLOCK ? size : Math.ceil(size * rowsPerUnit)),
    within,
    remaining: (from) => Math.max(lengthOf({ from, to: String(length) }), 0),
    // A table that has been dropped has no file.
    isOutdated: async (manager) => ((await fileOf(manager, target)) ?? file) !== file,
    fraction: (position) => (length === 0 ? 1 : Math.min(Number(position) / length, 1)),
  };
}

function blockOf(address: number): number {
  return Math.floor(address / ADDRESSES);
}

function within({ from, to }: Range): SqlFragment {
  return {
    sql: 'ctid operator(pg_catalog.>=) ?::pg_catalog.tid and ctid operator(pg_catalog.<) ?::pg_catalog.tid',
    params: [tupleAt(Number(from)), tupleAt(Number(to))],
  };
}

/** As PostgreSQL writes it; line pointers begin at 1. */
function tupleAt(address: number): string {
  return `(${blockOf(address)},${address % ADDRESSES})`;
}

/** In blocks and rows of a block, see {@link BLOCK}. */
function lengthOf({ from, to }: Range): number {
  const [first, last] = [Number(from), Number(to)];
  return (
    (blockOf(last) - blockOf(first)) * BLOCK +
    Math.min(last % ADDRESSES, BLOCK) -
    Math.min(first % ADDRESSES, BLOCK)
  );
}

interface Extent {
  /** The table's length in blocks and the number of its file, as in `1234@16387:tuples`. */
  readonly end: string;
  /** Rows in a block by the statistics; without those, the most that fit into one. */
  readonly density: number;
}

async function extentOf(em: EntityManager, target: Target): Promise<Extent> {
  const [row] = await ask<Extent>(em, ASKING, {
    sql: `select pg_relation_size(c.oid) / current_setting('block_size')::int || '@' || pg_relation_filenode(c.oid) || '${FORMAT}' as end,
         (case when reltuples > 0 and relpages > 0 then least(greatest(reltuples / relpages, 1), ${BLOCK}) else ${BLOCK} end)::float8 as density
       from pg_class c where c.oid = ?::oid`,
    params: [target.oid],
  });
  return row ?? { end: `0@${FORMAT}`, density: BLOCK };
}

/**
 * Asked without a lock on the table, so that no session that holds one is waited for: a rewrite in
 * progress had to wait for our last chunk, and so holds no expired row that we have not seen.
 */
async function fileOf(em: EntityManager, target: Target): Promise<string | null | undefined> {
  const [row] = await ask<{ file: string | null }>(
    em,
    {},
    {
      sql: `select pg_relation_filenode(?::oid) || '${FORMAT}' as file`,
      params: [target.oid],
    },
  );
  return row?.file;
}
