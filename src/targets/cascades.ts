import type { EntityManager } from '@mikro-orm/postgresql';
import type { TargetConfig } from '../config/config.ts';
import { quoteName } from '../database/sql.ts';
import type { ForeignKey, TableFacts } from './table-facts.ts';

/** A table whose rows are deleted with those of the target, with the shortest path by which a cascade reaches it. */
export interface Cascade {
  readonly oid: string;
  readonly table: string;
  /** From the target to the table, both included. */
  readonly path: readonly string[];
  /** The foreign key of the last step; undefined for the step to a partition. */
  readonly key: ForeignKey | undefined;
}

/** A cascade that deletes rows which may be live: their own expiry says so, and not that of the target's row. */
export interface RiskyCascade extends Cascade {
  /** Why its rows may be live; follows "rows of <table>". */
  readonly reason: string;
}

/** OIDs of the target and of its partitions, at all levels. */
export function ownTablesOf({ tables }: TableFacts): ReadonlySet<string> {
  const own = new Set(tables.slice(0, 1).map(({ oid }) => oid));
  const partitionsOf = Map.groupBy(tables, ({ partitionOf }) => partitionOf);
  // The set grows while it is read.
  for (const oid of own) for (const table of partitionsOf.get(oid) ?? []) own.add(table.oid);
  return own;
}

/** Follows ON DELETE CASCADE from the target; the target itself is listed when a cascade leads back to it. */
function cascadesOf(facts: TableFacts): readonly Cascade[] {
  const { tables, keys } = facts;
  const [target] = tables;
  if (target === undefined) return [];
  const reached = new Map<string, Cascade>();
  const own = ownTablesOf(facts);
  const queue: Pick<Cascade, 'oid' | 'path'>[] = tables
    .filter(({ oid }) => own.has(oid))
    .map(({ oid, table }) => ({ oid, path: oid === target.oid ? [table] : [target.table, table] }));
  // The queue grows while it is read.
  for (const from of queue) {
    const children = keys
      .filter((key) => key.action === 'cascade' && key.parent === from.oid)
      .map((key) => ({ oid: key.child, table: key.table, key }));
    const partitions = tables
      .filter(
        ({ oid, partitionOf, event }) =>
          partitionOf === from.oid && event === 'delete' && !own.has(oid),
      )
      .map(({ oid, table }) => ({ oid, table, key: undefined }));
    for (const step of [...children, ...partitions]) {
      if (reached.has(step.oid)) continue;
      const cascade = { ...step, path: [...from.path, step.table] };
      reached.set(step.oid, cascade);
      if (!own.has(step.oid)) queue.push(cascade);
    }
  }
  return [...reached.values()];
}

/** The tables from the target to a foreign key's own table, for messages. */
export function pathOf(key: ForeignKey, facts: TableFacts): readonly string[] {
  const [target] = facts.tables;
  const parent =
    target !== undefined && ownTablesOf(facts).has(key.parent)
      ? [target.table]
      : (cascadesOf(facts).find(({ oid }) => oid === key.parent)?.path ?? []);
  return [...parent, key.table];
}

/** The cascades that may delete live rows: into the table itself, another target, or rows with their own expiry. */
export async function riskyCascadesOf(
  em: EntityManager,
  facts: TableFacts,
  configured: readonly TargetConfig[],
): Promise<readonly RiskyCascade[]> {
  const cascades = cascadesOf(facts);
  if (cascades.length === 0) return [];
  const owners = await ownersOf(em, configured);
  const own = ownTablesOf(facts);
  return cascades.flatMap((cascade) => {
    const { oid } = cascade;
    const owner = owners.get(oid);
    const columns = facts.tables
      .filter((table) => table.oid === oid && table.event === 'delete')
      .flatMap(({ expiryColumns }) => expiryColumns);
    if (own.has(oid)) return [{ ...cascade, reason: 'the same table' }];
    if (owner !== undefined) return [{ ...cascade, reason: `the table of the target "${owner}"` }];
    if (columns.length === 0) return [];
    const reason = `with an expiry of its own in ${columns.map(quoteName).join(', ')}`;
    return [{ ...cascade, reason }];
  });
}

/** Names of targets by the OIDs of their tables; those without a table are left out. */
export async function ownersOf(
  em: EntityManager,
  configured: readonly TargetConfig[],
): Promise<ReadonlyMap<string, string>> {
  const wanted = configured.map(({ name, schema = null, table }) => ({ name, schema, table }));
  const rows = await em.execute<{ oid: string; name: string }[]>(
    `select found.oid::pg_catalog.text as oid, named.name
     from pg_catalog.jsonb_to_recordset(?::pg_catalog.jsonb)
       as named (name pg_catalog.text, schema pg_catalog.text, "table" pg_catalog.text)
     cross join lateral (${FIND_TABLE}) found`,
    [JSON.stringify(wanted)],
  );
  return new Map(rows.map(({ oid, name }) => [oid, name]));
}

/**
 * The OID of the table that `named.schema` and `named."table"` name. Follows the connection's search_path, as a table's
 * name without a schema means it. Not `to_regclass`, which fails where the role may not use the schema.
 */
export const FIND_TABLE = `
  select c.oid from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
  where c.relname operator(pg_catalog.=) named."table"::pg_catalog.name
    and (n.nspname operator(pg_catalog.=) named.schema::pg_catalog.name
      or named.schema is null and pg_catalog.pg_table_is_visible(c.oid))`;
