import type { EntityManager } from '@mikro-orm/postgresql';
import { ask, ASKING } from '../database/transaction.ts';

/** What a foreign key does to rows that refer to a deleted row. */
export type DeleteAction = 'no action' | 'restrict' | 'cascade' | 'set null' | 'set default';

/** A column of a child table, and the column of the parent that it refers to. */
export interface ColumnPair {
  readonly child: string;
  readonly parent: string;
  /** Compares a parent's value with a child's: `operator(pg_catalog.=)`. */
  readonly operator: string;
  /** The parent's collation, quoted, with its schema, where the child has another one. */
  readonly collation: string | null;
}

/** A foreign key that takes part in a deletion: it refers to the target, or to a table that a cascade reaches. */
export interface ForeignKey {
  readonly oid: string;
  readonly name: string;
  /** OID of the table whose rows it refers to. */
  readonly parent: string;
  /** OID of its own table. */
  readonly child: string;
  /** Its own table, quoted, with its schema. */
  readonly table: string;
  readonly columns: readonly string[];
  readonly pairs: readonly ColumnPair[];
  readonly action: DeleteAction;
  readonly isDeferrable: boolean;
  /** Columns that its action would set to NULL although they are NOT NULL. */
  readonly brokenColumns: readonly string[];
}

/** A trigger that fires for each row, with its function. */
export interface RowTrigger {
  readonly name: string;
  /** Without its schema. */
  readonly function: string;
}

/** A table whose rows a deletion from the target deletes or updates: the target itself, or a child. */
export interface AffectedTable {
  readonly oid: string;
  /** Quoted, with its schema. */
  readonly table: string;
  readonly event: 'delete' | 'update';
  readonly isPartitioned: boolean;
  /** OID of the partitioned table that it belongs to; null: none. */
  readonly partitionOf: string | null;
  /** Enabled rules on this event: all those of the target, of other tables those that replace it (INSTEAD). */
  readonly rules: readonly string[];
  /** Enabled row triggers that fire on this event. */
  readonly triggers: readonly RowTrigger[];
  /** Columns whose name and type say that rows have an expiry of their own. */
  readonly expiryColumns: readonly string[];
  /** Publications that make PostgreSQL refuse the event, since the table has no replica identity. */
  readonly blockingPublications: readonly string[];
}

/** What the catalogue says about a table and about everything that a deletion from it affects. */
export interface TableFacts {
  /** The target first. */
  readonly tables: readonly AffectedTable[];
  readonly keys: readonly ForeignKey[];
  /** Null: that of a partitioned table is its partitions' own affair. */
  readonly accessMethod: string | null;
  /** True for a table that Citus distributes or replicates. */
  readonly isDistributed: boolean;
  /** True when row-level security may hide rows from this role. */
  readonly hidesRows: boolean;
  /** Where a primary was set to read-only, as `pg_settings.source` has it; null: it is not. */
  readonly readOnlySource: string | null;
}

/**
 * Reads these facts in one query, whose cost depends on what refers to the table and not on the size of the catalogue.
 * Needs no right on any of the tables.
 *
 * @param event - what happens to rows of the table itself
 */
export async function readTableFacts(
  em: EntityManager,
  oid: string,
  event: AffectedTable['event'] = 'delete',
): Promise<TableFacts> {
  const [facts] = await ask<TableFacts>(em, SETTINGS, { sql: TABLE_FACTS, params: [oid, event] });
  if (facts === undefined) throw new TypeError('the catalogue query returned no row');
  return { ...facts, isDistributed: facts.isDistributed && (await isDistributed(em, oid)) };
}

async function isDistributed(em: EntityManager, oid: string): Promise<boolean> {
  const rows = await ask(em, SETTINGS, {
    sql: 'select 1 from pg_catalog.pg_dist_partition where logicalrelid::oid = ?::oid',
    params: [oid],
  });
  return rows.length > 0;
}

const SETTINGS = { ...ASKING, jit: 'off' };

/** SQL for {@link TableFacts.readOnlySource}. */
export const READ_ONLY_SOURCE = `
    case when current_setting('transaction_read_only') = 'on' and not pg_is_in_recovery() then
      (select source from pg_settings where name = 'default_transaction_read_only') end`;

/**
 * Names of columns that hold an expiry, in lower case: `expires_at`, `expiry`, `valid_until`, `not_after`, `ttl`. Not
 * `created_at`, which nearly every table has. Without question marks, which would be parameters.
 */
export const EXPIRY_NAME =
  'expir|valid_{0,1}(until|till)|(^|_)valid_{0,1}to(_|$)|not_{0,1}(valid_{0,1}){0,1}after|(^|_)ttl(_|$)';

const QUOTED_TABLE = `format('"%s"."%s"', replace(n.nspname, '"', '""'), replace(c.relname, '"', '""'))`;

/*
 * Foreign keys are found by the triggers that enforce them on the table referred to: there is an index for
 * that, a disabled trigger has no effect, and a partition has triggers of its own. Before PostgreSQL 15 only the
 * partitions have them, so a key is followed up to the one that refers to the partitioned table, and listed once.
 * `pg_trigger.tgtype`: 1 for each row, 8 on DELETE, 16 on UPDATE. `pg_rewrite.ev_type`: 1 SELECT, 2 UPDATE, 4 DELETE. A
 * recursion with `union` ends in a cycle. `confdelsetcols` is not a column before PostgreSQL 15.
 */
const TABLE_FACTS = `
  with recursive
  affected (oid, event) as (
    select ?::oid, ?::text
    union
    select next.oid, next.event from affected a cross join lateral (
      select k.conrelid as oid, case k.confdeltype when 'c' then 'delete' else 'update' end as event
      from pg_trigger t join pg_constraint k on k.oid = t.tgconstraint
      where a.event = 'delete' and t.tgrelid = a.oid and t.tgtype & 8 = 8 and t.tgenabled in ('O', 'A')
        and k.contype = 'f' and k.confdeltype in ('c', 'n', 'd')
      union all
      select i.inhrelid, a.event from pg_inherits i join pg_class p on p.oid = i.inhrelid
      where i.inhparent = a.oid and p.relispartition
    ) next
  ),
  target as (select oid from affected limit 1),
  keys as (
    select distinct on (k.oid) k.*, k.confrelid as parent,
      coalesce((select array_agg(value::int2) from jsonb_array_elements_text(
        case jsonb_typeof(to_jsonb(k) -> 'confdelsetcols') when 'array' then to_jsonb(k) -> 'confdelsetcols' end)),
        k.conkey) as set_columns
    from affected a join pg_trigger t on t.tgrelid = a.oid join pg_constraint own on own.oid = t.tgconstraint
    cross join lateral (
      with recursive up (oid, depth) as (
        select own.oid, 0
        union all
        select whole.oid, depth + 1 from up join pg_constraint part on part.oid = up.oid
        join pg_constraint whole on whole.oid = part.conparentid and whole.conrelid = part.conrelid
        where whole.confrelid in (select oid from affected where event = 'delete')
      ) select oid from up order by depth desc limit 1
    ) listed
    join pg_constraint k on k.oid = listed.oid
    where a.event = 'delete' and t.tgtype & 8 = 8 and t.tgenabled in ('O', 'A') and own.contype = 'f'
  ),
  policies as (
    select p.polcmd as command, p.polpermissive as is_permissive, pg_get_expr(p.polqual, p.polrelid) as condition
    from target join pg_policy p on p.polrelid = target.oid
    where row_security_active(target.oid) and exists (select from unnest(p.polroles) role
      where case role when 0 then true else pg_has_role(role, 'usage') end)
  )
  select
    (select json_agg(json_build_object(
        'oid', c.oid::text, 'event', a.event, 'table', ${QUOTED_TABLE},
        'isPartitioned', c.relkind = 'p',
        'partitionOf', case when c.relispartition then
          (select i.inhparent::text from pg_inherits i where i.inhrelid = c.oid) end,
        'rules', coalesce((select json_agg(r.rulename order by r.rulename) from pg_rewrite r
          where r.ev_class = c.oid and r.ev_enabled in ('O', 'A')
            and r.ev_type in ('1', case a.event when 'delete' then '4' else '2' end)
            and (c.oid = target.oid or r.is_instead)), '[]'),
        'triggers', coalesce((select json_agg(json_build_object('name', t.tgname, 'function', f.proname) order by t.tgname)
          from pg_trigger t join pg_proc f on f.oid = t.tgfoid
          where t.tgrelid = c.oid and not t.tgisinternal and t.tgenabled in ('O', 'A') and t.tgtype & 1 = 1
            and t.tgtype & case a.event when 'delete' then 8 else 16 end <> 0
            and not exists (select from affected up join pg_trigger whole on whole.tgrelid = up.oid
              where whole.oid = t.tgparentid)), '[]'),
        'expiryColumns', coalesce((select json_agg(col.attname order by col.attnum)
          from pg_attribute col join pg_type ty on ty.oid = col.atttypid
          where col.attrelid = c.oid and col.attnum > 0 and not col.attisdropped
            and ty.typcategory in ('D', 'N', 'S', 'T')
            and lower(col.attname::text) ~ '${EXPIRY_NAME}'), '[]'),
        'blockingPublications', case when c.relkind = 'p' or c.relpersistence <> 'p' or c.relreplident = 'f' or exists (
            select from pg_index i where i.indrelid = c.oid and i.indisvalid
              and case c.relreplident when 'd' then i.indisprimary when 'i' then i.indisreplident else false end)
          then '[]' else coalesce((select json_agg(p.pubname order by p.pubname) from pg_publication p
            where case a.event when 'delete' then p.pubdelete else p.pubupdate end
              and (p.puballtables or exists (select from pg_get_publication_tables(p.pubname::text) published
                where published.relid = c.oid or published.relid in (select pg_partition_ancestors(c.oid))))), '[]') end
      ) order by c.oid = target.oid desc, a.event, n.nspname, c.relname)
      from affected a cross join target join pg_class c on c.oid = a.oid join pg_namespace n on n.oid = c.relnamespace
      ) as tables,
    (select coalesce(json_agg(json_build_object(
        'oid', k.oid::text, 'name', k.conname, 'parent', k.parent::text, 'child', k.conrelid::text,
        'table', ${QUOTED_TABLE}, 'isDeferrable', k.condeferrable,
        'action', case k.confdeltype when 'a' then 'no action' when 'r' then 'restrict' when 'c' then 'cascade'
          when 'n' then 'set null' else 'set default' end,
        'columns', (select json_agg(col.attname order by key.position)
          from unnest(k.conkey) with ordinality key (number, position)
          join pg_attribute col on col.attrelid = k.conrelid and col.attnum = key.number),
        'pairs', (select json_agg(json_build_object('child', ca.attname, 'parent', pa.attname,
            'operator', format('operator(%I.%s)', opn.nspname, op.oprname),
            'collation', case when ca.attcollation <> 0 and pa.attcollation not in (0, ca.attcollation) then
              (select format('%I.%I', con.nspname, co.collname) from pg_collation co
                join pg_namespace con on con.oid = co.collnamespace where co.oid = pa.attcollation) end
          ) order by key.position)
          from unnest(k.conkey, k.confkey, k.conpfeqop) with ordinality key (child, parent, equals, position)
          join pg_attribute ca on ca.attrelid = k.conrelid and ca.attnum = key.child
          join pg_attribute pa on pa.attrelid = k.confrelid and pa.attnum = key.parent
          join pg_operator op on op.oid = key.equals join pg_namespace opn on opn.oid = op.oprnamespace),
        'brokenColumns', coalesce((select json_agg(col.attname order by col.attnum)
          from pg_attribute col join pg_type ty on ty.oid = col.atttypid
          where col.attrelid = k.conrelid and col.attnum = any(k.set_columns) and (col.attnotnull or ty.typnotnull)
            and (k.confdeltype = 'n' or k.confdeltype = 'd' and not col.atthasdef)), '[]')
      ) order by n.nspname, c.relname, k.conname), '[]')
      from keys k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
      ) as keys,
    (select m.amname from target join pg_class c on c.oid = target.oid join pg_am m on m.oid = c.relam
      where c.relkind <> 'p') as "accessMethod",
    to_regclass('pg_catalog.pg_dist_partition') is not null as "isDistributed",
    not (select not row_security_active(target.oid) or (
      select bool_and(exists (select from policies where command in ('*', wanted) and is_permissive and condition = 'true')
        and not exists (select from policies
          where command in ('*', wanted) and not is_permissive and condition is distinct from 'true'))
      from unnest(array['r', 'w', 'd']::"char"[]) wanted) from target) as "hidesRows",
    ${READ_ONLY_SOURCE} as "readOnlySource"`;
