import type { EntityManager } from '@mikro-orm/postgresql';
import { ask, ASKING } from '../database/transaction.ts';
import type { Route } from './route.ts';
import type { Target } from './target.ts';

/**
 * The way for a backlog: block by block through the table in the order it lies on disk, by TID range
 * scans. Every page is read once, no index is needed, and no dead index entry is met again.
 *
 * Block numbers mean something only as long as the table is not written anew (`VACUUM FULL`,
 * `CLUSTER`, some `ALTER TABLE`), which packs its rows into other blocks: rows from before the sweep's
 * position may then lie behind it. So the end names the table's file as well, which changes with that.
 *
 * @param end - the block to stop before, and the file; undefined asks the table for both. Rows written
 *   beyond it later are too young to have expired, or are left to the next run
 */
export async function sweepRoute(
  em: EntityManager,
  target: Target,
  end: string | undefined,
): Promise<Route> {
  const extent = end ?? (await extentOf(em, target));
  const [blocks, file] = extent.split('@');
  const length = Number(blocks);
  return {
    way: 'sweep',
    start: '0',
    end: extent,
    positionType: 'bigint',
    // The best of those measured, see docs/benchmarks.md: larger chunks fill PostgreSQL's WAL buffers before
    // their commit has the WAL writer empty them, with smaller ones each trip to the server weighs more.
    bounds: { initial: 256, smallest: 1, largest: 512 },
    settings: {
      enable_seqscan: 'off',
      enable_indexscan: 'off',
      enable_bitmapscan: 'off',
      jit: 'off',
    },
    cut(_em, from, size) {
      const first = Number(from);
      return Promise.resolve(
        first >= length ? null : { from, to: String(Math.min(first + size, length)) },
      );
    },
    halve(_em, { from, to }) {
      const middle = String(Math.floor((Number(from) + Number(to)) / 2));
      return Promise.resolve(
        middle === from
          ? null
          : [
              { from, to: middle },
              { from: middle, to },
            ],
      );
    },
    within: ({ from, to }) => ({
      sql: 'ctid >= ?::tid and ctid < ?::tid',
      params: [`(${from},0)`, `(${to},0)`],
    }),
    remaining: (from) => Math.max(length - Number(from), 0),
    isOutdated: async (em) => (await fileOf(em, target)) !== file,
    fraction: (position) => (length === 0 ? 1 : Math.min(Number(position) / length, 1)),
  };
}

/** The table's length in blocks and the number of its file, as in `1234@16387`. */
async function extentOf(em: EntityManager, target: Target): Promise<string> {
  const rows = await ask<{ extent: string }>(em, ASKING, {
    sql: `select pg_relation_size(named.oid) / current_setting('block_size')::int || '@' || pg_relation_filenode(named.oid) as extent
       from (select ?::regclass as oid) named`,
    params: [target.table],
  });
  return rows[0]?.extent ?? '0@';
}

/**
 * Asked without a lock on the table, so that nobody who holds it is waited for: what is being written
 * anew at this moment had to wait for our last chunk, and so holds no expired row that we have not seen.
 */
async function fileOf(em: EntityManager, target: Target): Promise<string | undefined> {
  const [row] = await em.execute<{ file: string }[]>(
    'select pg_relation_filenode(?::regclass)::text as file',
    [target.table],
  );
  return row?.file;
}
