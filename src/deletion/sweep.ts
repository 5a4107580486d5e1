import type { EntityManager } from '@mikro-orm/postgresql';
import { ASKING, withSettings } from '../database/transaction.ts';
import type { Route } from './route.ts';
import type { Target } from './target.ts';

/**
 * The way for a backlog: block by block through the table in the order it lies on disk, by TID range
 * scans. Every page is read once, no index is needed, and no dead index entry is met again.
 *
 * @param end - the block to stop before; undefined asks the table for its present length. Rows
 *   written beyond it later are too young to have expired, or are left to the next run
 */
export async function sweepRoute(
  em: EntityManager,
  target: Target,
  end: string | undefined,
): Promise<Route> {
  const length = Number(end ?? (await lengthInBlocks(em, target)));
  return {
    way: 'sweep',
    start: '0',
    end: String(length),
    bounds: { initial: 128, smallest: 1, largest: 1024 },
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
    fraction: (position) => (length === 0 ? 1 : Math.min(Number(position) / length, 1)),
  };
}

async function lengthInBlocks(em: EntityManager, target: Target): Promise<string> {
  const rows = await withSettings(em, ASKING, (tx) =>
    tx.execute<{ blocks: string }[]>(
      `select pg_relation_size(?::regclass) / current_setting('block_size')::int as blocks`,
      [target.table],
    ),
  );
  return rows[0]?.blocks ?? '0';
}
