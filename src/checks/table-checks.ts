import type { EntityManager } from '@mikro-orm/postgresql';
import { quoteName } from '../database/sql.ts';
import { ask } from '../database/transaction.ts';
import { doomedBy } from '../targets/expired-rows.ts';
import { drainRoute } from '../deletion/drain.ts';
import { isIndexable } from '../targets/expiry.ts';
import type { Target } from '../targets/target.ts';
import type { Finding } from './finding.ts';

/**
 * Whether the drain can find expired rows by an index: asked with EXPLAIN, on the very condition it
 * uses. Without one every run reads the whole table, which is slower and not wrong.
 */
export async function checkIndex(em: EntityManager, target: Target): Promise<Finding> {
  const { column } = target.expiry;
  const found = { check: 'index', subject: target.name } as const;
  if (!isIndexable(target.expiry)) {
    return {
      ...found,
      level: 'warning',
      message: `text in ${column} can't be found by an index, so each run reads the whole table`,
      remedy: 'Keep the expiry in a timestamptz column if the table is large.',
    };
  }
  const doomed = await doomedBy(em, target, { graceSeconds: 0 });
  const route = drainRoute(target, doomed.bound);
  const rows = route.within({ from: '', to: doomed.bound });
  const plan = await ask(
    em,
    { ...route.settings, enable_bitmapscan: 'off' },
    {
      sql: `explain (format json) select from ${target.table} where ${rows.sql} order by ${column} limit 1`,
      params: rows.params,
    },
  );
  const text = JSON.stringify(plan);
  const used = target.expiryIndexes.find((index) => text.includes(JSON.stringify(index)));
  if (used !== undefined) {
    return { ...found, level: 'ok', message: `index ${quoteName(used)} finds expired rows` };
  }
  return {
    ...found,
    level: 'warning',
    message: `no index finds rows by ${column}, so each run reads the whole table`,
    remedy: `CREATE INDEX CONCURRENTLY ON ${target.table} (${column});`,
  };
}

/** Row triggers of the table and of tables that cascades reach: they cost time, and may keep rows or fail. */
export function checkTriggers(target: Target): Finding {
  const triggers = target.surroundings.tables.flatMap(({ oid, table, event, triggers: own }) =>
    own.map(({ name }) =>
      oid === target.oid ? quoteName(name) : `${quoteName(name)} on ${event} in ${table}`,
    ),
  );
  const found = { check: 'triggers', subject: target.name } as const;
  if (triggers.length === 0) {
    return { ...found, level: 'ok', message: 'no trigger fires for each row' };
  }
  return {
    ...found,
    level: 'warning',
    message: `fires for each deleted row: ${triggers.join(', ')}`,
    remedy:
      'Make sure that it is quick, that it does not return NULL, which keeps the row, and that its function has the rights ' +
      'it needs when this role deletes.',
  };
}
