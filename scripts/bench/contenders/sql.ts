/** Contenders that are statements on open connections. */
import pg from 'pg';

import { PLAIN_DELETE, RAW_SWEEP, type Contender } from '../contender.ts';
import type { Outcome } from '../results.ts';
import { expiredBy } from '../table-shapes.ts';
import type { TableCopy } from '../templates.ts';

/** One unbounded DELETE, after one of the children: what most software runs from a timer. */
export const plainDelete = statements(PLAIN_DELETE, async (client, { shape, deadline }) => {
  const { child, key, table } = shape;
  const expired = expiredBy(shape, '$1');
  if (child !== undefined) {
    await client.query('begin');
    await client.query(
      `delete from ${child.table} using ${table} where ${child.column} = ${table}.${key} and ${expired}`,
      [deadline],
    );
  }
  const { rowCount } = await client.query(`delete from ${table} where ${expired}`, [deadline]);
  if (child !== undefined) await client.query('commit');
  return { deleted: rowCount ?? 0 };
});

const BATCH = 1_000;

/** The common advice against one long DELETE: a thousand rows by their keys, again and again. */
export const idBatches = statements(
  `id in (… limit ${String(BATCH)})`,
  async (client, { shape: { table, key, expiry }, deadline }) => {
    for (let deleted = 0; ;) {
      const { rowCount } = await client.query(
        `delete from ${table} where ${key} in (select ${key} from ${table} where ${expiry} <= $1 limit ${String(BATCH)})`,
        [deadline],
      );
      if (rowCount === null || rowCount === 0) return { deleted };
      deleted += rowCount;
    }
  },
);

/** Reads the whole table once, dead rows included. */
export const onePass = statements(
  'one pass over the table',
  async (client, { shape: { table, expiry }, deadline }) => {
    await client.query('set enable_indexscan = off; set enable_bitmapscan = off');
    await client.query('set max_parallel_workers_per_gather = 0');
    await client.query(`select count(*) from ${table} where ${expiry} <= $1`, [deadline]);
    return { deleted: 0 };
  },
);

const LANES = 2;
const BLOCKS = 256;

/** The product's sweep as bare SQL: ranges assigned beforehand to two connections, asynchronous commits. */
export const rawSweep = statements(
  RAW_SWEEP,
  async (client, { shape: { table, expiry }, deadline }, lane) => {
    await client.query('set synchronous_commit = off');
    const { rows } = await client.query<{ blocks: number }>(
      `select (pg_relation_size('${table}') / 8192)::int as blocks`,
    );
    let deleted = 0;
    for (let first = lane * BLOCKS; first < (rows[0]?.blocks ?? 0); first += BLOCKS * LANES) {
      const { rowCount } = await client.query(
        `delete from ${table} where ctid >= '(${String(first)},0)'::tid
           and ctid < '(${String(first + BLOCKS)},0)'::tid and ${expiry} <= $1`,
        [deadline],
      );
      deleted += rowCount ?? 0;
    }
    return { deleted };
  },
  LANES,
);

/** Runs the same work on one or more connections, which are opened before the time is taken. */
function statements(
  name: string,
  work: (client: pg.Client, copy: TableCopy, lane: number) => Promise<Outcome>,
  lanes = 1,
): Contender {
  return {
    name,
    run: async (copy, timed) => {
      await using stack = new AsyncDisposableStack();
      const clients = Array.from({ length: lanes }, () =>
        stack.adopt(new pg.Client({ connectionString: copy.url }), (client) => client.end()),
      );
      for (const client of clients) await client.connect();
      await timed(async () => {
        const outcomes = await Promise.all(clients.map((client, lane) => work(client, copy, lane)));
        return { deleted: outcomes.reduce((sum, { deleted = 0 }) => sum + deleted, 0) };
      });
    },
  };
}
