/** The usual advice against one long DELETE: a thousand rows by their keys, again and again. */
import type { Contender } from '../contender.ts';
import { connected } from './connected.ts';

const BATCH = 1_000;

export function idBatches(): Contender {
  return connected(`id in (… limit ${String(BATCH)})`, 1, async ([client], { shape, deadline }) => {
    const { table, key, expiry } = shape;
    for (let deleted = 0; ;) {
      const result = await client?.query(
        `delete from ${table} where ${key} in (select ${key} from ${table} where ${expiry} <= $1 limit ${String(BATCH)})`,
        [deadline],
      );
      const rows = result?.rowCount ?? 0;
      if (rows === 0) return { deleted };
      deleted += rows;
    }
  });
}
