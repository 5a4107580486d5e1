import type { EntityManager } from '@mikro-orm/postgresql';
import type { TargetConfig } from '../config/config.ts';
import { targetSettings } from '../config/settings.ts';
import { FAILURE } from '../contract/failures.ts';
import { quoteName } from '../database/sql.ts';
import { FinalDeletionError, refusal } from '../failures/errors.ts';
import { riskyCascadesOf, type RiskyCascade } from './cascades.ts';
import { readTableFacts, type TableFacts } from './table-facts.ts';

/** A table that can be cleaned, with what a deletion from it affects. */
export interface Supported {
  readonly facts: TableFacts;
  /** Tables that cascades reach by permission although their rows may be live; rows deleted there are not counted. */
  readonly uncountedCascades: readonly string[];
}

/** Cascades that one message names; a failure in a workflow's history has to stay small. */
const NAMED_CASCADES = 3;

/** Sources of a setting that do not change by themselves. A server's own file does, as after a failover or on a full disk. */
const LASTING_SOURCES = new Set(['database', 'user', 'database user', 'global', 'client']);

/**
 * Checks that deletions from a table can work, are counted, and delete expired rows only.
 *
 * @param configured - all configured targets; a cascade into the table of another one is refused
 * @throws FinalDeletionError naming the obstacle and the remedy
 */
export async function requireSupported(
  em: EntityManager,
  config: TargetConfig,
  oid: string,
  configured: readonly TargetConfig[],
): Promise<Supported> {
  const facts = await readTableFacts(em, oid);
  const [table] = facts.tables;
  refuseTable(config, table?.table ?? '', facts);
  refuseAffectedTables(config, oid, facts);
  const risky = await riskyCascadesOf(em, facts, configured);
  if (config.cascade !== 'allow' && risky.length > 0) throw unsafeCascade(config, risky);
  return { facts, uncountedCascades: risky.map((cascade) => cascade.table) };
}

/**
 * Checks that no setting of the role, the database or the address makes the connection read-only. A server after a
 * failover, or whose disk is full, passes, and is retried by the deletion itself.
 *
 * @param source - as {@link TableFacts.readOnlySource}
 * @throws FinalDeletionError `ReadOnly`
 */
export function requireWritable(source: string | null): void {
  if (source === null || !LASTING_SOURCES.has(source)) return;
  throw new FinalDeletionError(
    FAILURE.readOnly,
    `PostgreSQL: default_transaction_read_only is on for this connection (source: ${source}). Use a role and a database ` +
      'without it: ALTER ROLE … or ALTER DATABASE … RESET default_transaction_read_only.',
  );
}

function refuseTable(config: TargetConfig, table: string, facts: TableFacts): void {
  if (facts.isDistributed) {
    throw refusal(
      config,
      FAILURE.unsupportedTable,
      `${table} is distributed by Citus: its rows are in shards, which a deletion by row addresses does not reach. ` +
        'Use an ordinary table.',
    );
  }
  if (facts.accessMethod !== 'heap') {
    throw refusal(
      config,
      FAILURE.unsupportedTable,
      `${table} has the table access method ${quoteName(facts.accessMethod)}, and only heap is supported. Use ` +
        'ALTER TABLE … SET ACCESS METHOD heap (PostgreSQL 15 and later), or another table.',
    );
  }
  if (facts.hidesRows) {
    throw refusal(
      config,
      FAILURE.hiddenRows,
      `${table} has row-level security that applies to this role and may hide expired rows, which could neither be counted ` +
        'nor deleted. Give the role BYPASSRLS, or a policy FOR ALL … USING (true) and no restrictive policy.',
    );
  }
}

function refuseAffectedTables(config: TargetConfig, target: string, { tables }: TableFacts): void {
  for (const { oid, table, event, rules, blockingPublications } of tables) {
    const command = event.toUpperCase();
    const what = oid === target ? table : `${table}, where a foreign key ${event}s rows,`;
    if (rules.length > 0) {
      throw refusal(
        config,
        FAILURE.unsupportedTable,
        `${what} has ${named('rule', rules)} on ${command}, so that another statement runs in its place. Drop or disable ` +
          'the rule, or use another table.',
      );
    }
    if (blockingPublications.length > 0) {
      throw refusal(
        config,
        FAILURE.unsupportedTable,
        `${what} is in ${named('publication', blockingPublications)} and has no replica identity, so PostgreSQL refuses ` +
          `every ${command}. Add a primary key, or: ALTER TABLE ${table} REPLICA IDENTITY FULL;`,
      );
    }
  }
}

function unsafeCascade(config: TargetConfig, risky: readonly RiskyCascade[]): FinalDeletionError {
  const list = risky.slice(0, NAMED_CASCADES).map(({ table, reason, path, key }) => {
    const by = key === undefined ? '' : ` by foreign key ${quoteName(key.name)}`;
    return `${table} (${reason}; ${shortened(path).join(' -> ')}${by})`;
  });
  const more = risky.length - list.length;
  return refusal(
    config,
    FAILURE.unsafeCascade,
    `ON DELETE CASCADE would also delete rows that may be live, of ${list.join(', of ')}` +
      `${more === 0 ? '' : ` and of ${more} more`}. Declare the foreign key ON DELETE NO ACTION, which keeps rows that are ` +
      `still referred to, or, if those rows may go uncounted, set ${targetSettings(config.name).cascade.name}=allow.`,
  );
}

/** A long path without its middle. */
function shortened(path: readonly string[]): readonly string[] {
  return path.length <= 5 ? path : [...path.slice(0, 2), '…', ...path.slice(-2)];
}

function named(kind: string, names: readonly string[]): string {
  return `the ${kind}${names.length === 1 ? '' : 's'} ${names.map(quoteName).join(', ')}`;
}
