/**
 * The yardstick: what the product's sweep would be as bare SQL. Range by range through the table, on
 * two connections, committed asynchronously. No ledger, so neither exact nor resumable; no time
 * limits, no regard for locks, and ranges dealt out beforehand.
 */
import type { Contender } from '../contender.ts';
import { connected } from './connected.ts';

/** Name of the yardstick in tables and plots. */
export const RAW_SWEEP = 'raw sweep';

const BLOCKS = 256;

export function rawSweep(lanes = 2): Contender {
  const name = lanes === 2 ? RAW_SWEEP : `${RAW_SWEEP}, ${String(lanes)} lanes`;
  return connected(name, lanes, async (clients, { shape, deadline }) => {
    const counts = await Promise.all(
      clients.map(async (client, lane) => {
        await client.query('set synchronous_commit = off');
        const { rows } = await client.query<{ blocks: number }>(
          `select (pg_relation_size('${shape.table}') / 8192)::int as blocks`,
        );
        const blocks = rows[0]?.blocks ?? 0;
        let deleted = 0;
        for (let first = lane * BLOCKS; first < blocks; first += BLOCKS * lanes) {
          const result = await client.query(
            `delete from ${shape.table} where ctid >= '(${String(first)},0)'::tid
               and ctid < '(${String(first + BLOCKS)},0)'::tid and ${shape.expiry} <= $1`,
            [deadline],
          );
          deleted += result.rowCount ?? 0;
        }
        return deleted;
      }),
    );
    return { deleted: counts.reduce((sum, count) => sum + count, 0) };
  });
}
