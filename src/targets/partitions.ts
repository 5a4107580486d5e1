import type { EntityManager } from '@mikro-orm/postgresql';
import type { TargetConfig } from '../config/config.ts';
import { FAILURE } from '../contract/failures.ts';
import { quoteName, quoteTable } from '../database/sql.ts';
import { ask, ASKING } from '../database/transaction.ts';
import { FinalDeletionError } from '../failures/errors.ts';

/** A leaf partition of a partitioned target. */
export interface Leaf {
  readonly oid: string;
  readonly schema: string;
  readonly table: string;
  readonly kind: string;
  readonly accessMethod: string | null;
  /** By the statistics. */
  readonly rows: number;
  /** Indexes that can find rows by their expiry. */
  readonly indexes: readonly string[];
  /** Names of foreign keys that refer to it because they refer to its parent, and by which name they do that. */
  readonly keys: Readonly<Record<string, string>>;
  /** Whether the role has the privileges on the partition that it needs on the parent. */
  readonly isPermitted: boolean;
  /**
   * Whether statements may name the partition itself. Otherwise they name the parent and select the partition by
   * `tableoid`, by which PostgreSQL prunes nothing: each statement then reads the same blocks of all partitions.
   */
  readonly isDirect: boolean;
}

/**
 * The leaf partitions below a table, in the order of their OIDs, those apart that are being detached. Takes no lock on
 * any of them and needs no right.
 *
 * @param column - the one whose indexes are wanted
 */
export async function readLeaves(
  em: EntityManager,
  oid: string,
  column: string | undefined,
): Promise<readonly Leaf[]> {
  const settings = { ...ASKING, jit: 'off' };
  const params = [oid, column ?? null, oid];
  const leaves = await ask<Leaf>(em, settings, { sql: LEAVES, params });
  // MikroORM would take it for a parameter.
  const canBeNamed = ({ schema, table }: Leaf): boolean => !`${schema}${table}`.includes('?');
  return leaves.map((leaf) => ({ ...leaf, isDirect: leaf.isDirect && canBeNamed(leaf) }));
}

/** @throws FinalDeletionError `UnsupportedTable` for a partition that is not a plain table */
export function requirePlain(config: TargetConfig, table: string, leaves: readonly Leaf[]): void {
  for (const leaf of leaves) {
    const isForeign = leaf.kind !== 'r';
    if (!isForeign && leaf.accessMethod === 'heap') continue;
    const what = isForeign
      ? 'is a foreign table'
      : `has the table access method ${quoteName(leaf.accessMethod ?? '')}`;
    throw new FinalDeletionError(
      FAILURE.unsupportedTable,
      `${table}: its partition ${quoteTable(leaf)} ${what}, and only ordinary tables (heap) are supported. Detach it, or ` +
        'make each of the other partitions a target of its own.',
      config,
    );
  }
}

// Not `pg_partition_tree`, which locks every partition. Statement triggers of the parent (`tgtype`: 1 each row, 8
// DELETE) fire only for statements that name it, and row-level security is that of the table which is named.
const LEAVES = `
  with recursive
  tree (oid) as (
    select ?::oid
    union all
    select i.inhrelid from tree join pg_inherits i on i.inhparent = tree.oid where not i.inhdetachpending
  ),
  fires_on_parent as (
    select exists (select from pg_trigger t join pg_class c on c.oid = t.tgrelid
      where t.tgrelid in (select oid from tree) and c.relkind = 'p' and not t.tgisinternal
        and t.tgenabled in ('O', 'A') and t.tgtype & 9 = 8) as answer
  )
  select c.oid::text as oid, n.nspname as schema, c.relname as table, c.relkind::text as kind, m.amname as "accessMethod",
    greatest(c.reltuples, 0)::float8 as rows,
    coalesce((select json_agg(x.relname)
      from pg_index i join pg_class x on x.oid = i.indexrelid join pg_am im on im.oid = x.relam
      where i.indrelid = c.oid and i.indkey[0] = a.attnum and i.indpred is null and i.indisvalid
        and im.amname = 'btree'), '[]') as indexes,
    coalesce((select json_object_agg(k.conname, whole.name)
      from pg_trigger t join pg_constraint k on k.oid = t.tgconstraint cross join lateral (
        with recursive up (name, parent) as (
          select k.conname, k.conparentid
          union all
          select p.conname, p.conparentid from up join pg_constraint p on p.oid = up.parent
        ) select name from up where parent = 0
      ) whole
      where t.tgrelid = c.oid and k.contype = 'f' and k.confrelid = c.oid and t.tgtype & 8 = 8), '{}') as keys,
    allowed.answer as "isPermitted",
    allowed.answer and not fires_on_parent.answer and not row_security_active(c.oid) as "isDirect"
  from tree join pg_class c on c.oid = tree.oid join pg_namespace n on n.oid = c.relnamespace
  cross join fires_on_parent
  cross join lateral (
    select has_schema_privilege(n.oid, 'USAGE') and has_table_privilege(c.oid, 'SELECT')
      and has_table_privilege(c.oid, 'DELETE') and has_any_column_privilege(c.oid, 'UPDATE') as answer
  ) allowed
  left join pg_am m on m.oid = c.relam
  left join pg_attribute a on a.attrelid = c.oid and a.attname = ? and not a.attisdropped
  where c.relkind <> 'p' and c.oid <> ?::oid
  order by c.oid`;
