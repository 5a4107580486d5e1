import type { EntityManager } from '@mikro-orm/postgresql';
import type { ChildTable, TargetConfig } from '../config/config.ts';
import { settingOf } from '../config/setting-of.ts';
import { FAILURE } from '../contract/failures.ts';
import { quoteName, quoteTable, type SqlFragment } from '../database/sql.ts';
import { ask, ASKING, sqlState } from '../database/transaction.ts';
import { FinalDeletionError, type FinalFailure } from '../failures/errors.ts';
import { ownTablesOf } from './cascades.ts';
import { locateTable, readCatalogue, type CatalogueColumn } from './catalogue.ts';
import type { ColumnPair, ForeignKey, TableFacts } from './table-facts.ts';

/** A table whose rows refer to rows of the target. */
export interface Child {
  readonly oid: string;
  /** Quoted, with its schema, ready for SQL. */
  readonly quotedTable: string;
  /** By which columns; a row refers to another one where all of them are equal. */
  readonly pairs: readonly ColumnPair[];
}

/** What a rule says about rows that refer to the target's rows. */
export interface Children {
  /** Their rows are deleted first, in this order. */
  readonly dependents: readonly Child[];
  /** Their columns are set to NULL first. */
  readonly unlink: readonly Child[];
  /** Foreign keys whose rows keep the row that they refer to. */
  readonly references: readonly ForeignKey[];
}

/** Of a rule that says nothing about other tables. */
export const NO_CHILDREN: Children = { dependents: [], unlink: [], references: [] };

/** Whether deletions from a target have to look at its children. */
export function hasChildren({ dependents, unlink, references }: Children): boolean {
  return dependents.length + unlink.length + references.length > 0;
}

/** Foreign keys whose action on DELETE can still reach rows: the children of all others are gone, or keep their parent. */
export function effectiveKeys(
  facts: TableFacts,
  { dependents, unlink, references }: Children,
): readonly ForeignKey[] {
  const handled = [...dependents, ...unlink];
  const own = ownTablesOf(facts);
  return facts.keys.filter(
    (key) =>
      !own.has(key.parent) ||
      !(references.includes(key) || handled.some((child) => covers(child, key))),
  );
}

/** SQL that is true where a row of a child, `"child"`, refers to one of its parent. */
export function matching(pairs: readonly ColumnPair[], parent = '"parent"'): string {
  return pairs
    .map(
      (pair) =>
        `${parent}.${quoteName(pair.parent)} ${pair.operator} "child".${quoteName(pair.child)}` +
        (pair.collation === null ? '' : ` collate ${pair.collation}`),
    )
    .join(' and ');
}

/** A target, as far as its references are concerned. */
interface Referenced {
  readonly children: Children;
  readonly oid: string;
  readonly parent?: { readonly oid: string } | undefined;
  readonly quotedTable: string;
}

/** Conditions that nothing which `unlessReferenced` tests refers to a row of the target; the row itself does not count. */
export function notReferenced(target: Referenced): readonly SqlFragment[] {
  return target.children.references.map((key) => notReferencedBy(target, key));
}

/** The same of other tables only: rows of the target itself may be deleted in the same statement. */
export function notReferencedByOthers(target: Referenced): readonly SqlFragment[] {
  return target.children.references
    .filter((key) => !isOwn(target, key))
    .map((key) => notReferencedBy(target, key));
}

function isOwn({ oid, parent }: Referenced, { child }: ForeignKey): boolean {
  return child === (parent?.oid ?? oid);
}

function notReferencedBy(target: Referenced, key: ForeignKey): SqlFragment {
  const { quotedTable } = target;
  // An address is unique within a partition only.
  const other = isOwn(target, key)
    ? ` and ("child".ctid operator(pg_catalog.<>) ${quotedTable}.ctid or "child".tableoid operator(pg_catalog.<>) ${quotedTable}.tableoid)`
    : '';
  return {
    sql: `not exists (select from ${key.table} as "child" where ${matching(key.pairs, quotedTable)}${other})`,
    params: [],
  };
}

/**
 * Finds the tables of `dependents` and `unlink` in the catalogue, and the foreign keys that `unlessReferenced` tests.
 *
 * @param columns - the target's
 * @throws FinalDeletionError naming the table or column that is missing or cannot be used, and the remedy
 */
export async function childrenOf(
  em: EntityManager,
  config: TargetConfig,
  facts: TableFacts,
  columns: readonly CatalogueColumn[],
): Promise<Children> {
  const [dependents, unlink]: [Child[], Child[]] = [[], []];
  for (const child of config.dependents) {
    dependents.push(await childOf(em, config, 'dependents', child, facts, columns));
  }
  for (const child of config.unlink) {
    unlink.push(await childOf(em, config, 'unlink', child, facts, columns));
  }
  const handled = [...dependents, ...unlink];
  const own = ownTablesOf(facts);
  const references = config.unlessReferenced
    ? facts.keys.filter(
        (key) => own.has(key.parent) && !handled.some((child) => covers(child, key)),
      )
    : [];
  for (const { name, table, columns: of } of references) {
    if (![table, ...of].some((part) => part.includes('?'))) continue;
    const text =
      `${settingOf(config, 'unlessReferenced')}: foreign key ${quoteName(name)} of ${table} has a question mark in the ` +
      'name of its table or column, which is not supported. Rename it.';
    throw new FinalDeletionError(FAILURE.unsupportedTable, text, config);
  }
  return { dependents, unlink, references };
}

/** Whether each row that refers to a row by the key is one of the child's that refer to it. */
export function covers({ oid, pairs }: Child, key: ForeignKey): boolean {
  return (
    key.child === oid &&
    pairs.every(({ child, parent }) =>
      key.pairs.some((pair) => pair.child === child && pair.parent === parent),
    )
  );
}

async function childOf(
  em: EntityManager,
  config: TargetConfig,
  key: 'dependents' | 'unlink',
  child: ChildTable,
  facts: TableFacts,
  parents: readonly CatalogueColumn[],
): Promise<Child> {
  const refuse = (failure: FinalFailure, text: string): FinalDeletionError =>
    new FinalDeletionError(failure, `${settingOf(config, key)}: ${text}`, config);
  const [target] = facts.tables;
  const found = await locateTable(em, child);
  const catalogue = await readCatalogue(em, found?.oid);
  if (found === undefined || catalogue?.columns == null) {
    const text = `table ${quoteTable(child)} does not exist. Correct its name, or name its schema.`;
    throw refuse(FAILURE.noTable, text);
  }
  const { oid, schema } = found;
  const quotedTable = quoteTable({ schema, table: child.table });
  if (catalogue.kind !== 'r' || catalogue.hasChildren) {
    throw refuse(
      FAILURE.unsupportedTable,
      `${quotedTable} is not an ordinary table. Name each of its partitions or child tables.`,
    );
  }
  if (key === 'dependents' && oid === target?.oid) {
    throw refuse(
      FAILURE.unsupportedTable,
      `${quotedTable} is the target's own table, whose rows may be live. Set unlessReferenced, which keeps a row until ` +
        'no other one refers to it, or use unlink.',
    );
  }
  const columnOf = (
    columns: readonly CatalogueColumn[],
    table: string,
    name: string,
  ): CatalogueColumn => {
    const column = columns.find((candidate) => candidate.name === name);
    if (column !== undefined) return column;
    const names = columns.map((candidate) => candidate.name).join(', ');
    const text = `table ${table} has no column ${quoteName(name)}. Its columns: ${names}.`;
    throw refuse(FAILURE.noColumn, text);
  };
  const keyOf = (column: string): CatalogueColumn | undefined => {
    const foreignKey = facts.keys.find(
      ({ parent, child: of, columns }) =>
        parent === target?.oid && of === oid && columns.length === 1 && columns[0] === column,
    );
    const name = foreignKey?.pairs[0]?.parent;
    return parents.find((parent) =>
      name === undefined ? parent.isPrimaryKey : parent.name === name,
    );
  };
  const pairs: ColumnPair[] = [];
  for (const { child: name, parent: wanted } of child.columns) {
    const column = columnOf(catalogue.columns, quotedTable, name);
    const parent =
      wanted === undefined ? keyOf(name) : columnOf(parents, target?.table ?? '', wanted);
    if (parent === undefined) {
      throw refuse(
        FAILURE.unsupportedTable,
        `${quotedTable} has no foreign key over ${quoteName(name)} alone, and ${target?.table ?? ''} has no primary key of ` +
          `one column. Name the column that it refers to: columns: { ${name}: <column of the target> }.`,
      );
    }
    if (key === 'unlink' && !column.isNullable) {
      throw refuse(
        FAILURE.unsupportedTable,
        `column ${quoteName(name)} of ${quotedTable} is NOT NULL. ALTER TABLE ${quotedTable} ALTER COLUMN ` +
          `${quoteName(name)} DROP NOT NULL; or list the table under dependents, or set unlessReferenced.`,
      );
    }
    pairs.push(
      facts.keys
        .filter(({ parent: of, child: table }) => of === target?.oid && table === oid)
        .flatMap((foreignKey) => foreignKey.pairs)
        .find((pair) => pair.child === name && pair.parent === parent.name) ??
        (await compared(em, parent, column, (text) => refuse(FAILURE.wrongColumnType, text))),
    );
  }
  const names = [schema, child.table, ...pairs.flatMap((pair) => [pair.child, pair.parent])];
  if (names.some((name) => name.includes('?'))) {
    const text = `${quotedTable} or one of its columns has a question mark in its name, which is not supported. Rename it.`;
    throw refuse(FAILURE.unsupportedTable, text);
  }
  return { oid, quotedTable, pairs };
}

/** How values of two columns without a foreign key are compared. */
async function compared(
  em: EntityManager,
  parent: CatalogueColumn,
  child: CatalogueColumn,
  refuse: (text: string) => FinalDeletionError,
): Promise<ColumnPair> {
  const operator = 'operator(pg_catalog.=)';
  const isSameCollation = parent.collation === child.collation || child.collation === null;
  const types = `null::${parent.qualifiedType} as parent, null::${child.qualifiedType} as child`;
  try {
    const sql = `select from (select ${types}) as empty where parent ${operator} child`;
    await ask(em, ASKING, { sql, params: [] });
  } catch (error) {
    if (sqlState(error)?.startsWith('42') !== true) throw error;
    throw refuse(
      `column ${quoteName(child.name)} is of type ${child.type} and ${quoteName(parent.name)} of type ${parent.type}, ` +
        'which cannot be compared. Name columns of one type.',
    );
  }
  return {
    child: child.name,
    parent: parent.name,
    operator,
    collation: isSameCollation ? null : parent.collation,
  };
}
