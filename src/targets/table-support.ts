import type { EntityManager } from '@mikro-orm/postgresql';
import type { TargetConfig } from '../config/config.ts';
import { assignment } from '../config/setting-of.ts';
import { FAILURE } from '../contract/failures.ts';
import { quoteName } from '../database/sql.ts';
import { FinalDeletionError, type FinalFailure } from '../failures/errors.ts';
import { effectiveKeys, type Children } from './children.ts';
import { ownTablesOf, riskyCascadesOf, type RiskyCascade } from './cascades.ts';
import { readTableFacts, type AffectedTable, type TableFacts } from './table-facts.ts';

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
 * Checks that deletions from a table, and from its children as far as the rule names them, can work, are counted, and
 * delete expired rows only.
 *
 * @param configured - all configured targets; a cascade into the table of another one is refused
 * @throws FinalDeletionError naming the obstacle and the remedy
 */
export async function requireSupported(
  em: EntityManager,
  config: TargetConfig,
  facts: TableFacts,
  children: Children,
  configured: readonly TargetConfig[],
): Promise<Supported> {
  const expected = new Set(children.dependents.map(({ oid }) => oid));
  const cascades = new Set<string>();
  const require = async (affected: TableFacts): Promise<void> => {
    const found = await riskyCascadesOf(em, affected, configured);
    const risky = found.filter(({ oid }) => !expected.has(oid));
    for (const [applies, failure, text] of refusalsOf(config, affected, risky)) {
      if (applies) throw new FinalDeletionError(failure, text, config);
    }
    for (const { table } of risky) cascades.add(table);
  };
  await require({ ...facts, keys: effectiveKeys(facts, children) });
  for (const { oid } of children.dependents) await require(await readTableFacts(em, oid));
  for (const { oid } of children.unlink) await require(await readTableFacts(em, oid, 'update'));
  return { facts, uncountedCascades: [...cascades] };
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

type Refusal = readonly [applies: boolean, failure: FinalFailure, text: string];

/** Of those that apply, the first one is reported. */
function refusalsOf(
  config: TargetConfig,
  facts: TableFacts,
  risky: readonly RiskyCascade[],
): readonly Refusal[] {
  const [target] = facts.tables;
  const own = ownTablesOf(facts);
  const { cascade } = config;
  const table = target?.table ?? '';
  return [
    [
      facts.isDistributed,
      FAILURE.unsupportedTable,
      `${table} is distributed by Citus: its rows are in shards, which a deletion by row addresses does not reach. ` +
        'Use an ordinary table.',
    ],
    [
      facts.accessMethod !== null && facts.accessMethod !== 'heap',
      FAILURE.unsupportedTable,
      `${table} has the table access method ${quoteName(facts.accessMethod ?? '')}, and only heap is supported. Use ` +
        'ALTER TABLE … SET ACCESS METHOD heap (PostgreSQL 15 and later), or another table.',
    ],
    [
      facts.hidesRows,
      FAILURE.hiddenRows,
      `${table} has row-level security that applies to this role and may hide expired rows, which could neither be counted ` +
        'nor deleted. Give the role BYPASSRLS, or a policy FOR ALL … USING (true) and no restrictive policy.',
    ],
    ...facts.tables.flatMap((affected) => refusalsOfAffected(affected, own.has(affected.oid))),
    [
      cascade !== 'allow' && risky.length > 0,
      FAILURE.unsafeCascade,
      `ON DELETE CASCADE would also delete rows that may be live, of ${listed(risky)}. Set ` +
        `${assignment(config, 'unlessReferenced', 'true')}, or declare the foreign key ON DELETE NO ACTION, which keep rows ` +
        'that are still referred to, or list the table under dependents. If those rows may go uncounted, set ' +
        `${assignment(config, 'cascade', 'allow')}.`,
    ],
  ];
}

function refusalsOfAffected(
  { table, event, rules, blockingPublications }: AffectedTable,
  isTarget: boolean,
): readonly Refusal[] {
  const command = event.toUpperCase();
  const what = isTarget ? table : `${table}, where a foreign key ${event}s rows,`;
  return [
    [
      rules.length > 0,
      FAILURE.unsupportedTable,
      `${what} has ${named('rule', rules)} on ${command}, so that another statement runs in its place. Drop or disable ` +
        'the rule, or use another table.',
    ],
    [
      blockingPublications.length > 0,
      FAILURE.unsupportedTable,
      `${what} is in ${named('publication', blockingPublications)} and has no replica identity, so PostgreSQL refuses ` +
        `every ${command}. Add a primary key, or: ALTER TABLE ${table} REPLICA IDENTITY FULL;`,
    ],
  ];
}

function listed(risky: readonly RiskyCascade[]): string {
  const list = risky.slice(0, NAMED_CASCADES).map(({ table, reason, path, key }) => {
    const by = key === undefined ? '' : ` by foreign key ${quoteName(key.name)}`;
    return `${table} (${reason}; ${shortened(path).join(' -> ')}${by})`;
  });
  const more = risky.length - list.length;
  return `${list.join(', of ')}${more === 0 ? '' : ` and of ${more} more`}`;
}

/** A long path without its middle. */
function shortened(path: readonly string[]): readonly string[] {
  return path.length <= 5 ? path : [...path.slice(0, 2), '…', ...path.slice(-2)];
}

function named(kind: string, names: readonly string[]): string {
  return `the ${kind}${names.length === 1 ? '' : 's'} ${names.map(quoteName).join(', ')}`;
}
