import type { EntityManager } from '@mikro-orm/postgresql';
import { quoteTable } from '../database/sql.ts';
import { ask, ASKING } from '../database/transaction.ts';

/** A column, as the catalogue describes it. A domain counts as the type it is made of. */
export interface CatalogueColumn {
  readonly name: string;
  /** As PostgreSQL names it in messages, without its length. */
  readonly type: string;
  /** With its schema, quoted, ready for SQL. */
  readonly qualifiedType: string;
  /** `pg_type.typcategory`: N for numbers, S for text, B for booleans, D for dates and times, T for intervals. */
  readonly category: string;
  /** Schema of its comparison operators, quoted. */
  readonly operators: string;
  readonly isNullable: boolean;
  /** Quoted, with its schema; null for types without one. */
  readonly collation: string | null;
  /** True for the only column of the primary key. */
  readonly isPrimaryKey: boolean;
  /** Indexes that can find rows by the column: it is their first, in the default order, and they have all rows. */
  readonly indexes: readonly string[];
}

/** A relation, as the catalogue describes it. */
export interface CatalogueTable {
  readonly version: number;
  readonly versionName: string;
  /** `pg_class.relkind`; null: there is no such relation. */
  readonly kind: string | null;
  readonly hasChildren: boolean;
  readonly columns: readonly CatalogueColumn[] | null;
}

/** Where a table was found. */
export interface Located {
  /** An unsigned 32-bit number as text. */
  readonly oid: string;
  readonly schema: string;
}

/** Finds a table by its name; undefined: there is none. */
export async function locateTable(
  em: EntityManager,
  table: Parameters<typeof quoteTable>[0],
): Promise<Located | undefined> {
  const [found] = await em.execute<Located[]>(LOCATE, [quoteTable(table)]);
  return found;
}

// The one query that follows the connection's search_path, as a table's name without a schema means it.
const LOCATE = `
  select c.oid::pg_catalog.text as oid, n.nspname::pg_catalog.text as schema
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
  where c.oid operator(pg_catalog.=) pg_catalog.to_regclass(?::pg_catalog.text)`;

/** Reads what the catalogue says about a relation. Needs no right on it. */
export async function readCatalogue(
  em: EntityManager,
  oid: string | undefined,
): Promise<CatalogueTable | undefined> {
  const settings = { ...ASKING, jit: 'off' };
  const [row] = await ask<CatalogueTable>(em, settings, { sql: CATALOGUE, params: [oid ?? null] });
  return row;
}

// One row always.
const CATALOGUE = `
  select current_setting('server_version_num')::int as version,
    current_setting('server_version') as "versionName",
    c.relkind::text as kind,
    exists (select from pg_inherits i where i.inhparent = c.oid) as "hasChildren",
    (select json_agg(json_build_object(
        'name', a.attname, 'type', format_type(base.oid, null),
        'qualifiedType', quote_ident(n.nspname) || '.' || quote_ident(base.typname), 'category', base.typcategory,
        'operators', coalesce((select quote_ident(s.nspname)
          from pg_opclass oc join pg_am m on m.oid = oc.opcmethod and m.amname = 'btree'
            join pg_amop ao on ao.amopfamily = oc.opcfamily and ao.amoplefttype = oc.opcintype
              and ao.amoprighttype = oc.opcintype and ao.amopstrategy = 3
            join pg_operator o on o.oid = ao.amopopr join pg_namespace s on s.oid = o.oprnamespace
          where oc.opcintype = base.oid and oc.opcdefault), 'pg_catalog'),
        'isNullable', not a.attnotnull,
        'collation', (select quote_ident(cn.nspname) || '.' || quote_ident(co.collname)
          from pg_collation co join pg_namespace cn on cn.oid = co.collnamespace where co.oid = a.attcollation),
        'isPrimaryKey', exists (select from pg_index p where p.indrelid = c.oid and p.indisprimary
          and p.indnkeyatts = 1 and p.indkey[0] = a.attnum),
        'indexes', coalesce((select json_agg(x.relname)
          from pg_index i join pg_class x on x.oid = i.indexrelid join pg_am m on m.oid = x.relam
          where i.indrelid = c.oid and i.indkey[0] = a.attnum and i.indpred is null and i.indisvalid
            and m.amname = 'btree'), '[]')
      ) order by a.attnum)
      from pg_attribute a
      cross join lateral (
        with recursive base (type, of) as (
          select oid, typbasetype from pg_type where oid = a.atttypid
          union all
          select t.oid, t.typbasetype from base join pg_type t on t.oid = base.of
        ) select type from base where of = 0
      ) made
      join pg_type base on base.oid = made.type join pg_namespace n on n.oid = base.typnamespace
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
  from (select ?::oid as oid) named
  left join pg_class c on c.oid = named.oid`;
