import type { EntityManager } from '@mikro-orm/postgresql';
import { settingOf } from '../config/setting-of.ts';
import type { TargetConfig } from '../config/config.ts';
import { quoteName } from '../database/sql.ts';
import { ask, ASKING } from '../database/transaction.ts';
import { ownersOf, pathOf } from '../targets/cascades.ts';
import { covers, effectiveKeys } from '../targets/children.ts';
import { readTableFacts, type ForeignKey, type TableFacts } from '../targets/table-facts.ts';
import type { Target } from '../targets/target.ts';
import { ok, problem, warning, type Found } from './finding.ts';

/**
 * Checks every foreign key that a deletion from the table meets, through cascades to the end of the chain:
 * whether it keeps rows, fails, deletes rows that may be live, or reads the whole child table for each row.
 *
 * @param configured - all configured targets, in their order
 */
export async function checkReferences(
  em: EntityManager,
  target: Target,
  configured: readonly TargetConfig[],
): Promise<readonly Found[]> {
  const met = await keysMet(em, target);
  const unkeyed = await withoutKey(em, target);
  if (met.length + unkeyed.length === 0) return [ok('no other table refers to it')];
  const indexed = await indexedKeys(
    em,
    met.map(({ key }) => key),
  );
  const owners = await ownersOf(em, configured);
  const order = configured.map(({ name }) => name);
  const found = met.flatMap((each) => {
    const { key } = each;
    const owner = owners.get(key.child);
    const isCleanedFirst = owner !== undefined && order.indexOf(owner) < order.indexOf(target.name);
    const judged = judge(target, each, owner, isCleanedFirst);
    const isSlow = !indexed.has(key.oid) && judged.level !== 'error';
    return isSlow ? [judged, withoutIndex(each)] : [judged];
  });
  return [...found, ...unkeyed];
}

/** A foreign key that a deletion meets. */
interface KeyMet {
  readonly key: ForeignKey;
  /** From the target to the key's own table. */
  readonly path: readonly string[];
  /** Of the table from which a deletion reaches the key. */
  readonly facts: TableFacts;
}

/** The foreign keys of the target, of its dependents, and of all that cascades from these reach. */
async function keysMet(em: EntityManager, target: Target): Promise<readonly KeyMet[]> {
  const { facts, children, quotedTable } = target;
  // What is deleted or kept beforehand is reached by no cascade.
  const effective = { ...facts, keys: effectiveKeys(facts, children) };
  const met = facts.keys
    .map((key) => ({ key, path: pathOf(key, effective), facts }))
    .filter(({ path }) => path.length > 1);
  for (const { oid } of children.dependents) {
    const own = await readTableFacts(em, oid);
    for (const key of own.keys) {
      if (met.some(({ key: { oid: known } }) => known === key.oid)) continue;
      met.push({ key, path: [quotedTable, ...pathOf(key, own)], facts: own });
    }
  }
  return met;
}

/** Children of the rule that no foreign key relates to the target. */
async function withoutKey(em: EntityManager, target: Target): Promise<readonly Found[]> {
  const { dependents, unlink } = target.children;
  const found: Found[] = [];
  for (const child of [...dependents, ...unlink]) {
    if (target.facts.keys.some((key) => covers(child, key))) continue;
    const { oid, quotedTable, pairs } = child;
    const columns = pairs.map((pair) => pair.child);
    const what = `${quotedTable} (${columns.map(quoteName).join(', ')})`;
    const question = { sql: INDEX_OF_COLUMNS, params: [oid, JSON.stringify(columns)] };
    const rows = await ask(em, ASKING, question);
    found.push(
      rows.length > 0
        ? ok(`${what} refers to it without a foreign key`)
        : warning(
            `${what} refers to it without a foreign key, and has no suitable index: every chunk reads all of ${quotedTable}`,
            `CREATE INDEX CONCURRENTLY ON ${what};`,
          ),
    );
  }
  return found;
}

// An index that begins with one of the columns leaves few rows to be looked at.
const INDEX_OF_COLUMNS = `
  select from pg_index i join pg_class x on x.oid = i.indexrelid join pg_am m on m.oid = x.relam
    join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
  where i.indrelid = ?::oid and i.indisvalid and i.indpred is null and m.amname in ('btree', 'hash')
    and a.attname::text in (select jsonb_array_elements_text(?::jsonb))
  limit 1`;

/** @param owner - the target that cleans the key's table */
function judge(
  target: Target,
  { key, path }: KeyMet,
  owner: string | undefined,
  isCleanedFirst: boolean,
): Found {
  const { table, action } = key;
  const { dependents, unlink, references } = target.children;
  const what = `foreign key ${quoteName(key.name)} of ${table}`;
  const through = path.length > 2 ? ` (${path.join(' -> ')})` : '';
  if (dependents.some((child) => covers(child, key))) {
    return ok(`rows of ${what} are deleted first`);
  }
  if (unlink.some((child) => covers(child, key))) return ok(`rows of ${what} are unlinked first`);
  if (references.includes(key)) {
    return ok(`${what} keeps rows that it refers to: unlessReferenced is true`);
  }
  if (key.brokenColumns.length > 0) {
    const columns = key.brokenColumns.map(quoteName);
    return problem(
      `${what} is ON DELETE ${action.toUpperCase()}, but ${columns.join(', ')} is NOT NULL${through}: deleting a row that it refers to fails`,
      `ALTER TABLE ${table} ${columns.map((column) => `ALTER COLUMN ${column} DROP NOT NULL`).join(', ')}; or declare the foreign key ON DELETE NO ACTION, which keeps rows that are referred to.`,
    );
  }
  switch (action) {
    case 'no action':
    case 'restrict': {
      const message = `${what} keeps rows that it refers to${through}`;
      if (isCleanedFirst) return ok(`${message}; the target "${owner}" cleans ${table} first`);
      return warning(
        `${message}: they are left and counted, and all others are deleted`,
        owner === undefined
          ? `Delete rows of ${table} that are no longer needed, for example by a target of its own before "${target.name}" in session-cleanup.yaml.`
          : `List "${owner}" before "${target.name}" in session-cleanup.yaml.`,
      );
    }
    case 'cascade':
      if (!target.uncountedCascades.includes(table)) {
        return ok(`${what} also deletes its rows${through}`);
      }
      return warning(
        `${what} deletes rows that may be live, uncounted${through}: ${settingOf(target.config, 'cascade')} is allow`,
        'Declare it ON DELETE NO ACTION if rows that are still referred to should stay.',
      );
    case 'set null':
    case 'set default':
      return ok(`${what} unlinks its rows${through}`);
  }
}

function withoutIndex({ facts, key: { name, child, table, columns } }: KeyMet): Found {
  // Not allowed CONCURRENTLY on a partitioned table.
  const isPartitioned = facts.tables.some(({ oid, isPartitioned: is }) => oid === child && is);
  return warning(
    `foreign key ${quoteName(name)} has no suitable index: every deleted row reads all of ${table}`,
    `CREATE INDEX ${isPartitioned ? '' : 'CONCURRENTLY '}ON ${table} (${columns.map(quoteName).join(', ')});`,
  );
}

/** OIDs of the foreign keys whose child rows an index finds. */
async function indexedKeys(
  em: EntityManager,
  keys: readonly ForeignKey[],
): Promise<ReadonlySet<string>> {
  const rows = await ask<IndexesOfKey>(em, ASKING, {
    sql: INDEXES,
    params: [JSON.stringify(keys.map(({ oid }) => oid))],
  });
  const indexed = rows.filter(({ predicates, implied }) =>
    predicates?.some((predicate) => isImplied(predicate, implied)),
  );
  return new Set(indexed.map(({ oid }) => oid));
}

interface IndexesOfKey {
  readonly oid: string;
  /** Of the indexes that begin with the key's columns: their predicates, empty for a whole index. */
  readonly predicates: readonly string[] | null;
  /** `(column IS NOT NULL)` for each column, which a comparison with a value implies. */
  readonly implied: readonly string[];
}

/** Whether every part of a predicate holds for each row that a foreign key's comparison finds. */
function isImplied(predicate: string, implied: readonly string[]): boolean {
  const rest = implied.reduce((text, part) => text.replaceAll(part, ''), predicate);
  return /^[\s()]*(?:AND[\s()]*)*$/.test(rest);
}

// The index's first columns are the key's, in any order, and their operator families know the operator with which
// PostgreSQL looks for child rows: another type of column may not be found by its index.
const INDEXES = `
  select k.oid::text as oid,
    (select json_agg(format('(%I IS NOT NULL)', a.attname)) from pg_attribute a
      where a.attrelid = k.conrelid and a.attnum = any(k.conkey)) as implied,
    (select json_agg(coalesce(pg_get_expr(i.indpred, i.indrelid), ''))
      from pg_index i join pg_class x on x.oid = i.indexrelid join pg_am m on m.oid = x.relam
      where i.indrelid = k.conrelid and i.indisvalid and m.amname in ('btree', 'hash')
        and not exists (select from generate_subscripts(k.conkey, 1) p where not exists (
          select from generate_series(0, cardinality(k.conkey) - 1) q
          join pg_opclass o on o.oid = i.indclass[q]
          join pg_amop op on op.amopfamily = o.opcfamily and op.amopopr = k.conpfeqop[p]
          where i.indkey[q] = k.conkey[p]))) as predicates
  from pg_constraint k
  where k.oid in (select value::oid from jsonb_array_elements_text(?::jsonb))`;
