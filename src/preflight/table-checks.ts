import type { EntityManager } from '@mikro-orm/postgresql';
import { quoteName } from '../database/quote-name.ts';
import { ask } from '../database/transaction.ts';
import { doomedBy } from '../deletion/doomed.ts';
import { drainRoute } from '../deletion/drain.ts';
import { isIndexable } from '../deletion/expiry.ts';
import type { Target } from '../deletion/target.ts';
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

/** Foreign keys that refer to the table: without an index each deleted row reads the other table whole. */
export async function checkReferences(
  em: EntityManager,
  target: Target,
): Promise<readonly Finding[]> {
  const rows = await em.execute<
    { name: string; child: string; columns: readonly string[]; action: string; indexed: boolean }[]
  >(REFERENCES, [target.table]);
  const found = { check: 'references', subject: target.name } as const;
  if (rows.length === 0) return [{ ...found, level: 'ok', message: 'no other table refers to it' }];
  return rows.map(({ name, child, columns, action, indexed }): Finding => {
    const key = `foreign key ${quoteName(name)} of ${child}`;
    if (action === 'a' || action === 'r') {
      return {
        ...found,
        level: 'error',
        message: `${key} forbids deleting rows that it refers to`,
        remedy: `Declare it ON DELETE CASCADE or SET NULL, or delete the rows of ${child} first.`,
      };
    }
    if (!indexed) {
      return {
        ...found,
        level: 'warning',
        message: `${key} has no index: every deleted row reads all of ${child}`,
        remedy: `CREATE INDEX CONCURRENTLY ON ${child} (${columns.map(quoteName).join(', ')});`,
      };
    }
    return { ...found, level: 'ok', message: `${key} is indexed` };
  });
}

/** Triggers that fire for each row cost time, and may keep rows from being deleted. */
export async function checkTriggers(em: EntityManager, target: Target): Promise<Finding> {
  const rows = await em.execute<{ name: string }[]>(
    `select tgname::text as name from pg_trigger
     where tgrelid = to_regclass(?) and not tgisinternal and tgenabled <> 'D' and tgtype & 1 = 1 and tgtype & 8 = 8`,
    [target.table],
  );
  const found = { check: 'triggers', subject: target.name } as const;
  if (rows.length === 0) return { ...found, level: 'ok', message: 'no trigger fires for each row' };
  return {
    ...found,
    level: 'warning',
    message: `fires for each deleted row: ${rows.map(({ name }) => quoteName(name)).join(', ')}`,
    remedy: 'See that it is quick and returns OLD: one that returns NULL keeps its row.',
  };
}

/** Row-level security that applies to this role hides rows: they would stay for ever, uncounted. */
export async function checkRowSecurity(em: EntityManager, target: Target): Promise<Finding> {
  const [row] = await em.execute<{ active: boolean }[]>(
    'select row_security_active(to_regclass(?)) as active',
    [target.table],
  );
  const found = { check: 'row-security', subject: target.name } as const;
  if (row?.active !== true) return { ...found, level: 'ok', message: 'no policy hides rows' };
  return {
    ...found,
    level: 'warning',
    message: `row-level security applies to this role and may hide expired rows of ${target.table}`,
    remedy: 'Give the role BYPASSRLS, or a policy that lets it see and delete all rows.',
  };
}

// A foreign key is served by an index whose first columns are the key's, in any order.
const REFERENCES = `
  select k.conname::text as name, k.conrelid::regclass::text as child, k.confdeltype::text as action,
    (select json_agg(a.attname order by a.attnum) from pg_attribute a
      where a.attrelid = k.conrelid and a.attnum = any(k.conkey)) as columns,
    exists (select from pg_index i where i.indrelid = k.conrelid and i.indisvalid and i.indpred is null
      and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey) as indexed
  from pg_constraint k where k.contype = 'f' and k.confrelid = to_regclass(?) and k.conparentid = 0
  order by 1`;
