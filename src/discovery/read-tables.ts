import type { EntityManager } from '@mikro-orm/postgresql';
import type { DatabaseSettings } from '../config/config.ts';
import { ask, ASKING } from '../database/transaction.ts';

/** A table that may hold sessions or tokens, as the catalogue describes it. */
export interface FoundTable {
  readonly oid: string;
  readonly schema: string;
  readonly name: string;
  readonly isPartitioned: boolean;
  /** Whether the role may read it. */
  readonly isReadable: boolean;
  /** Whether its name alone, without the schema, means this table. */
  readonly isDefault: boolean;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

/**
 * Reads the tables whose name is one of `names` or looks like `pattern`, in all schemas but those of PostgreSQL and of
 * the ledger. Partitions belong to their table. Takes no lock on any of them and needs no right.
 *
 * @param pattern - a regular expression, of any case
 */
export async function readTables(
  em: EntityManager,
  { ledgerSchema, defaultSchema }: Pick<DatabaseSettings, 'ledgerSchema' | 'defaultSchema'>,
  names: readonly string[],
  pattern: string,
): Promise<readonly FoundTable[]> {
  const tables = await ask<Omit<FoundTable, 'isDefault'>>(
    em,
    { ...ASKING, jit: 'off', statement_timeout: '30s' },
    { sql: TABLES, params: [ledgerSchema, JSON.stringify(names), pattern] },
  );
  const visible = defaultSchema === undefined ? await visibleTables(em, tables) : new Set<string>();
  return tables.map((table) => ({
    ...table,
    isDefault: visible.has(table.oid) || table.schema === defaultSchema,
  }));
}

/** Follows the connection's search_path, as a table's name without a schema does. */
async function visibleTables(
  em: EntityManager,
  tables: readonly Pick<FoundTable, 'oid'>[],
): Promise<ReadonlySet<string>> {
  const oids = JSON.stringify(tables.map(({ oid }) => oid));
  const rows = await em.execute<{ oid: string }[]>(VISIBLE, [oids]);
  return new Set(rows.map(({ oid }) => oid));
}

// A column of a domain has the type of which the domain is made.
const TABLES = `
  select c.oid::text as oid, n.nspname::text as schema, c.relname::text as name, c.relkind = 'p' as "isPartitioned",
    has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') as "isReadable",
    (select json_agg(json_build_object('name', a.attname, 'type', format_type(case t.typtype when 'd' then (
        with recursive base (type, of) as (
          select t.oid, t.typbasetype
          union all
          select d.oid, d.typbasetype from base join pg_type d on d.oid = base.of
        ) select type from base where of = 0
      ) else t.oid end, null)) order by a.attnum)
      from pg_attribute a join pg_type t on t.oid = a.atttypid
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence <> 't'
    and n.nspname <> 'information_schema' and not starts_with(n.nspname::text, 'pg_') and n.nspname <> ?::name
    and (c.relname in (select value::name from jsonb_array_elements_text(?::jsonb)) or c.relname::text ~* ?::text)
    and exists (select from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)
  order by n.nspname, c.relname`;

const VISIBLE = `
  select c.oid::pg_catalog.text as oid
  from pg_catalog.jsonb_array_elements_text(?::pg_catalog.jsonb) as listed
  join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) listed.value::pg_catalog.oid
  where pg_catalog.pg_table_is_visible(c.oid)`;
