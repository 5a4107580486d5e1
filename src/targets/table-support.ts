import type { EntityManager } from '@mikro-orm/postgresql';
import type { TargetConfig } from '../config/config.ts';
import { targetSettings } from '../config/settings.ts';
import { FAILURE } from '../contract/failures.ts';
import { quoteName } from '../database/sql.ts';
import { FinalDeletionError } from './errors.ts';
import { cascadesOf, type Cascade } from './cascades.ts';
import { readSurroundings, type Surroundings } from './dependents.ts';

/** A table that can be cleaned, with what a deletion from it affects. */
export interface Supported {
  readonly surroundings: Surroundings;
  /** Tables that cascades reach by permission although their rows may be live; rows deleted there are not counted. */
  readonly uncountedCascades: readonly string[];
}

/** The table that is to be cleaned. */
interface Found {
  readonly oid: string;
  /** Quoted, with its schema. */
  readonly table: string;
}

/** Cascades that one message names; a failure in a workflow's history has to stay small. */
const NAMED_CASCADES = 3;

/** Sources of a setting that do not change by themselves. A server's own file does, as after a failover or on a full disk. */
const LASTING_SOURCES = new Set(['database', 'user', 'database user', 'global', 'client']);

/**
 * Checks whether deletions from a table can work, are counted, and delete expired rows only.
 *
 * @param configured - all configured targets; a cascade into the table of another one is refused
 * @throws FinalDeletionError naming what stands against it and the remedy
 */
export async function requireSupported(
  em: EntityManager,
  config: TargetConfig,
  found: Found,
  configured: readonly TargetConfig[],
): Promise<Supported> {
  const surroundings = await readSurroundings(em, found.oid);
  refuseTable(config, found, surroundings);
  refuseAffectedTables(config, found, surroundings);
  const cascades = cascadesOf(surroundings);
  const risky =
    cascades.length === 0 ? [] : await riskyCascades(em, found, surroundings, configured);
  if (config.cascade !== 'allow' && risky.length > 0) throw unsafeCascade(config, risky);
  return { surroundings, uncountedCascades: risky.map(({ table }) => table) };
}

/**
 * Checks whether the connection may write; a server that was switched over, or whose disk is full, passes and is
 * retried by the deletion itself.
 *
 * @throws FinalDeletionError `ReadOnly` when a setting of role, database or address forbids it
 */
export function requireWritable({ readOnlySource }: Pick<Surroundings, 'readOnlySource'>): void {
  const problem = describeReadOnly(readOnlySource);
  if (problem === undefined) return;
  const { message, remedy } = problem;
  throw new FinalDeletionError(FAILURE.readOnly, `${message}. ${remedy}`);
}

/** What is wrong with a connection that is read-only by a setting, and the remedy. */
export function describeReadOnly(
  source: string | null,
): { readonly message: string; readonly remedy: string } | undefined {
  if (source === null || !LASTING_SOURCES.has(source)) return undefined;
  return {
    message: `default_transaction_read_only is on for this connection (source: ${source}), so nothing can be deleted`,
    remedy:
      'Use a role and a database without it: ALTER ROLE … or ALTER DATABASE … RESET default_transaction_read_only.',
  };
}

function refuseTable(config: TargetConfig, { table }: Found, found: Surroundings): void {
  const what = `Target "${config.name}": ${table}`;
  if (found.isDistributed) {
    throw new FinalDeletionError(
      FAILURE.unsupportedTable,
      `${what} is distributed by Citus: its rows are in shards, which a deletion by row addresses does not reach. ` +
        'Name an ordinary table.',
    );
  }
  if (found.accessMethod !== 'heap') {
    throw new FinalDeletionError(
      FAILURE.unsupportedTable,
      `${what} has the table access method ${quoteName(found.accessMethod)}. Only heap is supported: ` +
        'ALTER TABLE … SET ACCESS METHOD heap (PostgreSQL 15 and later), or name another table.',
    );
  }
  if (found.hidesRows) {
    throw new FinalDeletionError(
      FAILURE.hiddenRows,
      `${what} has row-level security that applies to this role and may hide expired rows, which could neither be counted ` +
        'nor deleted. Give the role BYPASSRLS, or a policy FOR ALL … USING (true) and no restrictive policy.',
    );
  }
}

function refuseAffectedTables(config: TargetConfig, found: Found, { tables }: Surroundings): void {
  for (const { oid, table, event, rules, blockingPublications } of tables) {
    const command = event.toUpperCase();
    const what =
      oid === found.oid
        ? `Target "${config.name}": ${table}`
        : `Target "${config.name}": ${table}, where a foreign key ${event}s rows,`;
    if (rules.length > 0) {
      throw new FinalDeletionError(
        FAILURE.unsupportedTable,
        `${what} has ${named('rule', rules)} on ${command}, so that another statement runs in its place. ` +
          'Drop or disable the rule, or name another table.',
      );
    }
    if (blockingPublications.length > 0) {
      throw new FinalDeletionError(
        FAILURE.unsupportedTable,
        `${what} is in ${named('publication', blockingPublications)} and has no replica identity, so PostgreSQL refuses ` +
          `every ${command}. Add a primary key, or: ALTER TABLE ${table} REPLICA IDENTITY FULL;`,
      );
    }
  }
}

interface RiskyCascade extends Cascade {
  /** Why its rows may be live; follows "rows of <table>". */
  readonly reason: string;
}

/** Cascades that delete rows which may be live: their own expiry says so, and not that of the target's row. */
async function riskyCascades(
  em: EntityManager,
  found: Found,
  surroundings: Surroundings,
  configured: readonly TargetConfig[],
): Promise<readonly RiskyCascade[]> {
  const owners = await ownersOf(em, configured);
  return cascadesOf(surroundings).flatMap((cascade): RiskyCascade[] => {
    if (cascade.oid === found.oid) return [{ ...cascade, reason: 'the same table' }];
    const owner = owners.get(cascade.oid);
    if (owner !== undefined) return [{ ...cascade, reason: `the table of the target "${owner}"` }];
    const columns =
      surroundings.tables.find(({ oid, event }) => oid === cascade.oid && event === 'delete')
        ?.expiryColumns ?? [];
    if (columns.length === 0) return [];
    return [
      { ...cascade, reason: `with an expiry of its own in ${columns.map(quoteName).join(', ')}` },
    ];
  });
}

function unsafeCascade(config: TargetConfig, risky: readonly RiskyCascade[]): FinalDeletionError {
  const list = risky.slice(0, NAMED_CASCADES).map(({ table, reason, path, key }) => {
    const by = key === undefined ? '' : ` by foreign key ${quoteName(key.name)}`;
    return `${table} (${reason}; ${shortened(path).join(' -> ')}${by})`;
  });
  const more = risky.length - list.length;
  const setting = targetSettings(config.name).cascade.name;
  return new FinalDeletionError(
    FAILURE.unsafeCascade,
    `Target "${config.name}": ON DELETE CASCADE would also delete rows that may be live, of ${list.join(', of ')}` +
      `${more === 0 ? '' : ` and of ${more} more`}. Nothing was deleted. Declare the foreign key ON DELETE NO ACTION, which keeps ` +
      `rows that are still referred to, or, if those rows may go uncounted, set ${setting}=allow.`,
  );
}

/** A long path without its middle. */
function shortened(path: readonly string[]): readonly string[] {
  return path.length <= 5 ? path : [...path.slice(0, 2), '…', ...path.slice(-2)];
}

/** Names of targets by the OIDs of their tables; those without a table are left out. */
export async function ownersOf(
  em: EntityManager,
  configured: readonly TargetConfig[],
): Promise<ReadonlyMap<string, string>> {
  const wanted = configured.map(({ name, schema = null, table }) => ({ name, schema, table }));
  const rows = await em.execute<{ oid: string; name: string }[]>(OWNERS, [JSON.stringify(wanted)]);
  return new Map(rows.map(({ oid, name }) => [oid, name]));
}

function named(kind: string, names: readonly string[]): string {
  return `the ${kind}${names.length === 1 ? '' : 's'} ${names.map(quoteName).join(', ')}`;
}

// Follows the connection's search_path, as a table's name without a schema means it. Not `to_regclass`, which fails
// where the role may not use the schema.
const OWNERS = `
  select c.oid::pg_catalog.text as oid, named.name from pg_catalog.jsonb_to_recordset(?::pg_catalog.jsonb)
    as named (name pg_catalog.text, schema pg_catalog.text, "table" pg_catalog.text)
  join pg_catalog.pg_class c on c.relname operator(pg_catalog.=) named."table"::pg_catalog.name
  join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
  where n.nspname operator(pg_catalog.=) named.schema::pg_catalog.name
    or named.schema is null and pg_catalog.pg_table_is_visible(c.oid)`;
