/** One unbounded DELETE, which most software does from a timer. */
import type { Contender } from '../contender.ts';
import { connected } from './connected.ts';

/** Name of the usual baseline. */
export const PLAIN_DELETE = 'plain DELETE';

export function plainDelete(): Contender {
  return connected(PLAIN_DELETE, 1, async ([client], { shape, deadline }) => {
    const result = await client?.query(`delete from ${shape.table} where ${shape.expiry} <= $1`, [
      deadline,
    ]);
    return { deleted: result?.rowCount ?? 0 };
  });
}
