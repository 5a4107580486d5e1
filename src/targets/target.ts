import type { EntityManager } from '@mikro-orm/postgresql';
import type { TargetConfig } from '../config/config.ts';
import { LIFETIME_UNITS, type ExpiryType } from '../config/expiry-types.ts';
import { assignment, settingOf } from '../config/setting-of.ts';
import { FAILURE } from '../contract/failures.ts';
import { defineTarget } from '../database/entities/cleanup-target.ts';
import { allOf, quoteName, quoteTable, type SqlFragment } from '../database/sql.ts';
import { ask, ASKING, sqlState } from '../database/transaction.ts';
import { FinalDeletionError } from '../failures/errors.ts';
import { KINDS, textOf } from '../failures/kinds.ts';
import {
  locateTable,
  readCatalogue,
  type CatalogueColumn,
  type CatalogueTable,
} from './catalogue.ts';
import { childrenOf, type Children } from './children.ts';
import { conditionsOf, neverConditions } from './conditions.ts';
import { latestOf, withLifetime, type ExpiryColumn, type LifetimeColumn } from './expiry.ts';
import { readLeaves, requirePlain, type Leaf } from './partitions.ts';
import { readTableFacts } from './table-facts.ts';
import { requireSupported, type Supported } from './table-support.ts';
import { zonesBesideUtc } from './time-zone.ts';

/** A table that was found in the catalogue and can be cleaned, with its rule. */
export interface Target extends Supported {
  readonly name: string;
  /** The table's OID, to which its name was resolved once; an unsigned 32-bit number as text. */
  readonly oid: string;
  /** The schema in which it was found. */
  readonly schema: string;
  readonly entity: ReturnType<typeof defineTarget>;
  /** Quoted, with its schema, ready for SQL. */
  readonly quotedTable: string;
  /** What is compared with the deadline; undefined: rows that meet the conditions expire at once. */
  readonly expiry: ExpiryColumn | undefined;
  /** The columns of which the expiry is made. */
  readonly expiryColumns: readonly ExpiryColumn[];
  /** True where the column holds the expiry itself, and not the start of a lifetime. */
  readonly isDirect: boolean;
  /** A row expires so long after the value that is compared. */
  readonly lifetimeSeconds: number;
  readonly graceSeconds: number;
  /** Conditions that the target's rows meet. */
  readonly where: readonly SqlFragment[];
  /** Conditions that rows with a configured value for "never" do not meet. */
  readonly never: readonly SqlFragment[];
  /** Tables whose rows refer to the target's, as far as the rule says something about them. */
  readonly children: Children;
  /** Whether an index on the expiry's column can be used at all: text is read row by row, and an expression has none. */
  readonly canUseIndex: boolean;
  /** Indexes that can find rows by their expiry; of a partitioned table those of its partitions, if all have one. */
  readonly expiryIndexes: readonly string[];
  /** Leaf partitions, in the order in which they are cleaned; undefined: the table is not partitioned. */
  readonly leaves: readonly Leaf[] | undefined;
  /** The partitioned target, of which this is a leaf partition; `isNamed`: statements name it instead of the partition. */
  readonly parent?: Pick<Leaf, 'keys'> & { readonly oid: string; readonly isNamed: boolean };
  /** For messages. */
  readonly config: TargetConfig;
}

/** TID range scans, which the sweep needs, came with PostgreSQL 14. */
const OLDEST_SERVER = 140_000;

/** The representation that a column type implies where the configuration names none. */
export const KNOWN_TYPES: Readonly<Record<string, ExpiryType>> = {
  'timestamp with time zone': 'timestamptz',
  'timestamp without time zone': 'timestamp',
};

/** Which column types each representation may be stored in. */
export const STORED_IN: Readonly<Record<ExpiryType, RegExp>> = {
  timestamptz: /^timestamp with time zone$/,
  timestamp: /^timestamp without time zone$/,
  'epoch-seconds': /^(integer|bigint|numeric|double precision)$/,
  'epoch-milliseconds': /^(bigint|numeric|double precision)$/,
  iso8601: /^(text|character varying|character)$/,
};

/**
 * Looks a target up in the catalogue.
 *
 * @param configured - all configured targets: a cascade from one into another is refused
 * @throws FinalDeletionError naming the obstacle and the remedy: no such table or column, a column of another type, a
 *   kind of table or a server that cannot be cleaned safely
 */
export async function inspectTarget(
  em: EntityManager,
  config: TargetConfig,
  configured: readonly TargetConfig[] = [],
): Promise<Target> {
  const { name } = config;
  checkNames(config);
  const found = await locateTable(em, config);
  const catalogue = await readCatalogue(em, found?.oid);
  if (found === undefined || catalogue === undefined || catalogue.kind === null) {
    throw new FinalDeletionError(FAILURE.noTable, textOf(KINDS.noTable, config), config);
  }
  const { oid, schema } = found;
  const quotedTable = quoteTable({ schema, table: config.table });
  checkKind(config, quotedTable, catalogue);
  const columnOf = (wanted: string): CatalogueColumn => {
    const column = catalogue.columns?.find((candidate) => candidate.name === wanted);
    if (column !== undefined) return column;
    const columns = catalogue.columns?.map((candidate) => candidate.name).join(', ') ?? '';
    const text = `${textOf(KINDS.noColumn, { ...config, schema }, { column: wanted })} Its columns: ${columns}.`;
    throw new FinalDeletionError(FAILURE.noColumn, text, config);
  };
  const columns = config.expiresColumns.map(columnOf);
  const expiryColumns: ExpiryColumn[] = [];
  for (const column of columns) expiryColumns.push(await expiryColumnOf(em, config, column));
  const [first, ...others] = expiryColumns;
  const start = first === undefined || others.length === 0 ? first : latestOf(expiryColumns);
  const { lifetimeColumn: lifetime } = config;
  const expiry =
    start === undefined || lifetime === undefined
      ? start
      : withLifetime(start, lifetimeColumnOf(config, columnOf(lifetime.column)));
  const where = conditionsOf(config, columnOf);
  const never = neverConditions(config, columns);
  const leaves = catalogue.kind === 'p' ? await readLeaves(em, oid, columns[0]?.name) : undefined;
  requirePlain(config, quotedTable, leaves ?? []);
  const canUseIndex = expiry !== undefined && expiry === first && expiry.type !== 'iso8601';
  const indexes =
    leaves === undefined ? [columns[0]?.indexes ?? []] : leaves.map((leaf) => leaf.indexes);
  const tested = new Set([...columns, ...config.where.map(({ column }) => columnOf(column))]);
  await checkValues(em, config, [...tested], [...where, ...never]);
  const facts = await readTableFacts(em, oid);
  const children = await childrenOf(em, config, facts, catalogue.columns ?? []);
  return {
    ...(await requireSupported(em, config, facts, children, configured)),
    children,
    name,
    oid,
    schema,
    entity: defineTarget(config),
    quotedTable,
    expiry,
    expiryColumns,
    isDirect: expiry !== undefined && lifetime === undefined && config.lifetimeSeconds === 0,
    lifetimeSeconds: config.lifetimeSeconds,
    graceSeconds: config.graceSeconds,
    where,
    never,
    canUseIndex,
    expiryIndexes: canUseIndex && indexes.every(({ length }) => length > 0) ? indexes.flat() : [],
    leaves,
    config,
  };
}

async function expiryColumnOf(
  em: EntityManager,
  config: TargetConfig,
  column: CatalogueColumn,
): Promise<ExpiryColumn> {
  const type = expiryType(config, column);
  return {
    column: quoteName(column.name),
    type,
    // A deadline after 2038 is no integer; an index on an integer takes a bigint.
    sqlType: column.type === 'integer' ? 'bigint' : column.type,
    columnType: column.type,
    timeZone: config.timeZone ?? (await inferTimeZone(em, config, column.name, type)),
  };
}

function lifetimeColumnOf(config: TargetConfig, column: CatalogueColumn): LifetimeColumn {
  const unit = config.lifetimeColumn?.unit;
  const key = settingOf(config, 'expires.lifetimeUnit');
  const refuse = (problem: string): FinalDeletionError => {
    const text = `column ${quoteName(column.name)} is of type ${column.type}, ${problem}`;
    return new FinalDeletionError(FAILURE.wrongColumnType, text, config);
  };
  if (column.type === 'interval') {
    if (unit !== undefined) throw refuse(`which has no unit. Remove ${key}.`);
    return { column: quoteName(column.name), type: column.type, unitSeconds: undefined };
  }
  if (!/^(smallint|integer|bigint|numeric|real|double precision)$/.test(column.type)) {
    throw refuse('which holds no lifetime. Use a column of an integer type, numeric or interval.');
  }
  if (unit === undefined) {
    throw refuse(
      `which does not say its unit. Set ${key} to ${Object.keys(LIFETIME_UNITS).join(', ')}.`,
    );
  }
  // Cast to numeric, a real would be rounded to six digits.
  const cast = column.type === 'real' ? '::pg_catalog.float8' : '';
  return {
    column: `${quoteName(column.name)}${cast}`,
    type: column.type,
    unitSeconds: LIFETIME_UNITS[unit],
  };
}

/** A value that PostgreSQL cannot read as its column's type would fail the first chunk. Reads no row of the table. */
async function checkValues(
  em: EntityManager,
  config: TargetConfig,
  columns: readonly CatalogueColumn[],
  conditions: readonly SqlFragment[],
): Promise<void> {
  if (conditions.length === 0) return;
  const nulls = columns.map(
    ({ name, qualifiedType }) => `null::${qualifiedType} as ${quoteName(name)}`,
  );
  const { sql, params } = allOf(...conditions);
  try {
    await ask(em, ASKING, {
      sql: `select from (select ${nulls.join(', ')}) as empty where ${sql}`,
      params,
    });
  } catch (error) {
    if (sqlState(error)?.startsWith('22') !== true) throw error;
    const values = params.map((value) => JSON.stringify(value)).join(', ');
    const text =
      `a value of its conditions cannot be read as the type of its column: ${values}. Correct ` +
      `${settingOf(config, 'where')} or ${settingOf(config, 'expires.never')}.`;
    throw new FinalDeletionError(FAILURE.wrongColumnType, text, config);
  }
}

/**
 * The zone of expiries that name none, where no setting gives it: UTC if all connections to the database get UTC.
 * Undefined for text of an unknown zone, whose values without one never count as expired.
 *
 * @throws FinalDeletionError `UnclearTimeZone` for a `timestamp`, all of whose values depend on it
 */
async function inferTimeZone(
  em: EntityManager,
  config: TargetConfig,
  column: string,
  type: ExpiryType,
): Promise<string | undefined> {
  if (type !== 'timestamp' && type !== 'iso8601') return 'UTC';
  const zones = await zonesBesideUtc(em);
  if (zones.length === 0) return 'UTC';
  if (type === 'iso8601') return undefined;
  throw new FinalDeletionError(
    FAILURE.unclearTimeZone,
    `column ${quoteName(column)} is a timestamp without time zone, and not every connection to the database gets ` +
      `UTC: ${zones.join(', ')}. Set ${settingOf(config, 'timeZone')} to the zone in which the application ` +
      'writes the column.',
    config,
  );
}

/** MikroORM takes a dot within a name for the one between schema and table, and a question mark for a parameter. */
function checkNames(config: TargetConfig): void {
  const { schema, table, expiresColumns, lifetimeColumn, where } = config;
  const columns = [
    ...expiresColumns,
    ...(lifetimeColumn === undefined ? [] : [lifetimeColumn.column]),
    ...where.map(({ column }) => column),
  ];
  const hasDot = [schema, table].some((part) => part?.includes('.'));
  const questionable = [schema, table, ...columns].find((part) => part?.includes('?'));
  if (!hasDot && questionable === undefined) return;
  throw new FinalDeletionError(
    FAILURE.unsupportedTable,
    `${quoteTable(config)} or its column ${quoteName(questionable ?? columns[0] ?? '')} has a ` +
      `${hasDot ? 'dot' : 'question mark'} in its name, which is not supported. Rename it.`,
    config,
  );
}

function checkKind(config: TargetConfig, table: string, found: CatalogueTable): void {
  requireVersion(found.version, found.versionName);
  const refuse = (text: string): FinalDeletionError =>
    new FinalDeletionError(FAILURE.unsupportedTable, `${table} ${text}`, config);
  if (found.kind === 'p') {
    if (config.partitions === 'rows') return;
    const remedy = assignment(config, 'partitions', 'rows');
    throw refuse(`is partitioned. Set ${remedy} to clean its partitions one after another.`);
  }
  if (found.kind !== 'r') throw refuse('is not a table. Use an ordinary or a partitioned table.');
  if (found.hasChildren) {
    throw refuse('has child tables that inherit from it. Use a table without any.');
  }
}

/** @throws FinalDeletionError `UnsupportedServer` for a server that is too old */
export function requireVersion(number: number, name: string): void {
  if (number >= OLDEST_SERVER) return;
  const text = `PostgreSQL: version ${name} is too old. Use PostgreSQL 14 or later.`;
  throw new FinalDeletionError(FAILURE.unsupportedServer, text);
}

function expiryType(config: TargetConfig, { name, type: columnType }: CatalogueColumn): ExpiryType {
  const wanted = config.expiresType ?? KNOWN_TYPES[columnType];
  const setting = settingOf(config, 'expires.type');
  const refuse = (reason: string): FinalDeletionError => {
    const text = `column ${quoteName(name)} is of type ${columnType}, ${reason}`;
    return new FinalDeletionError(FAILURE.wrongColumnType, text, config);
  };
  if (wanted === undefined) {
    const fitting = Object.entries(STORED_IN).filter(([, types]) => types.test(columnType));
    const choice = fitting.map(([type]) => type).join(' or ');
    throw choice === ''
      ? refuse('which holds no expiry. Use a timestamptz, timestamp, integer or text column.')
      : refuse(`which does not say what its values mean. Set ${setting} to ${choice}.`);
  }
  if (STORED_IN[wanted].test(columnType)) return wanted;
  throw refuse(
    `but ${setting} is ${wanted}. Correct the setting, or use the column that it is for.`,
  );
}
