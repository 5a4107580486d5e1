import type { EntityManager } from '@mikro-orm/postgresql';
import type { ExpiryType, TargetConfig } from '../config/config.ts';
import { SETTINGS, targetSettings } from '../config/settings.ts';
import { FAILURE } from '../contract/failures.ts';
import { quoteName, quoteTable } from '../database/sql.ts';
import { ask, ASKING } from '../database/transaction.ts';
import { defineTarget } from '../database/entities/cleanup-target.ts';
import { FinalDeletionError } from '../failures/errors.ts';
import { KINDS, textOf } from '../failures/kinds.ts';
import { isIndexable, type ExpiryColumn } from './expiry.ts';
import { requireSupported, type Supported } from './table-support.ts';
import { zonesBesideUtc } from './time-zone.ts';

/** A table that was found in the catalogue and can be cleaned. */
export interface Target extends Supported {
  readonly name: string;
  /** The table's OID, to which its name was resolved once; an unsigned 32-bit number as text. */
  readonly oid: string;
  /** The schema in which it was found. */
  readonly schema: string;
  readonly entity: ReturnType<typeof defineTarget>;
  /** Quoted, with its schema, ready for SQL. */
  readonly quotedTable: string;
  readonly expiry: ExpiryColumn;
  /** Indexes that can find rows by their expiry. */
  readonly expiryIndexes: readonly string[];
}

/** TID range scans, which the sweep needs, came with PostgreSQL 14. */
const OLDEST_SERVER = 140_000;

/** The representation that a column type implies where the configuration names none. */
const KNOWN_TYPES: Readonly<Record<string, ExpiryType>> = {
  'timestamp with time zone': 'timestamptz',
  'timestamp without time zone': 'timestamp',
};

/** Which column types each representation may be stored in. */
const STORED_IN: Readonly<Record<ExpiryType, RegExp>> = {
  timestamptz: /^timestamp with time zone$/,
  timestamp: /^timestamp without time zone$/,
  'epoch-seconds': /^(integer|bigint|numeric|double precision)$/,
  'epoch-milliseconds': /^(bigint|numeric|double precision)$/,
  iso8601: /^(text|character varying|character)$/,
};

interface Located {
  readonly oid: string;
  readonly schema: string;
}

interface CatalogueRow {
  readonly version: number;
  readonly version_name: string;
  readonly kind: string | null;
  readonly has_children: boolean;
  readonly type: string | null;
  readonly columns: readonly string[] | null;
  readonly indexes: readonly string[] | null;
}

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
  const { name, expiresColumn } = config;
  checkNames(config);
  const [found] = await em.execute<Located[]>(LOCATE, [quoteTable(config)]);
  const [row] = await ask<CatalogueRow>(em, ASKING, {
    sql: CATALOGUE,
    params: [found?.oid ?? null, expiresColumn],
  });
  if (found === undefined || row === undefined || row.kind === null) {
    throw new FinalDeletionError(FAILURE.noTable, textOf(KINDS.noTable, config), config);
  }
  const { oid, schema } = found;
  const quotedTable = quoteTable({ schema, table: config.table });
  checkKind(config, quotedTable, row);
  if (row.type === null) {
    const columns = row.columns?.join(', ') ?? '';
    const text = `${textOf(KINDS.noColumn, { ...config, schema })} Its columns: ${columns}.`;
    throw new FinalDeletionError(FAILURE.noColumn, text, config);
  }
  const type = expiryType(config, row.type);
  const expiry: ExpiryColumn = {
    column: quoteName(expiresColumn),
    type,
    // A deadline after 2038 is no integer; an index on an integer takes a bigint.
    sqlType: row.type === 'integer' ? 'bigint' : row.type,
    columnType: row.type,
    timeZone: config.timeZone ?? (await inferTimeZone(em, config, type)),
  };
  return {
    ...(await requireSupported(em, config, oid, configured)),
    name,
    oid,
    schema,
    entity: defineTarget(config),
    quotedTable,
    expiry,
    expiryIndexes: isIndexable(expiry) ? (row.indexes ?? []) : [],
  };
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
  type: ExpiryType,
): Promise<string | undefined> {
  if (type !== 'timestamp' && type !== 'iso8601') return 'UTC';
  const zones = await zonesBesideUtc(em);
  if (zones.length === 0) return 'UTC';
  if (type === 'iso8601') return undefined;
  throw new FinalDeletionError(
    FAILURE.unclearTimeZone,
    `column "${config.expiresColumn}" is a timestamp without time zone, and not every connection to the database gets ` +
      `UTC: ${zones.join(', ')}. Set ${targetSettings(config.name).timeZone.name} to the zone in which the application ` +
      'writes the column.',
    config,
  );
}

/** MikroORM takes a dot within a name for the one between schema and table, and a question mark for a parameter. */
function checkNames(config: TargetConfig): void {
  const { schema, table, expiresColumn } = config;
  const hasDot = [schema, table].some((part) => part?.includes('.'));
  if (!hasDot && ![schema, table, expiresColumn].some((part) => part?.includes('?'))) return;
  throw new FinalDeletionError(
    FAILURE.unsupportedTable,
    `${quoteTable(config)} or its column ${quoteName(expiresColumn)} has a ${hasDot ? 'dot' : 'question mark'} in its ` +
      'name, which is not supported. Rename it.',
    config,
  );
}

function checkKind(config: TargetConfig, table: string, row: CatalogueRow): void {
  requireVersion(row.version, row.version_name);
  // A block range means one thing in each partition, so a parent cannot be swept as one table.
  if (row.kind === 'r' && !row.has_children) return;
  const isParent = row.kind === 'r' || row.kind === 'p';
  throw new FinalDeletionError(
    FAILURE.unsupportedTable,
    `${table} ${isParent ? 'has partitions or child tables' : 'is not a table'}. Use an ordinary table: each partition can ` +
      `be a target of its own (${SETTINGS.targets.name}).`,
    config,
  );
}

/** @throws FinalDeletionError `UnsupportedServer` for a server that is too old */
export function requireVersion(number: number, name: string): void {
  if (number >= OLDEST_SERVER) return;
  const text = `PostgreSQL: version ${name} is too old. Use PostgreSQL 14 or later.`;
  throw new FinalDeletionError(FAILURE.unsupportedServer, text);
}

function expiryType(config: TargetConfig, columnType: string): ExpiryType {
  const wanted = config.expiresType ?? KNOWN_TYPES[columnType];
  const setting = targetSettings(config.name).expiresType.name;
  const refuse = (reason: string): FinalDeletionError => {
    const text = `column "${config.expiresColumn}" is of type ${columnType}, ${reason}`;
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

// The one query that follows the connection's search_path, as a table's name without a schema means it.
const LOCATE = `
  select c.oid::pg_catalog.text as oid, n.nspname::pg_catalog.text as schema
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
  where c.oid operator(pg_catalog.=) pg_catalog.to_regclass(?::pg_catalog.text)`;

// One row always. A domain counts as the type it is made of, over however many domains. An index serves when its
// first column is the expiry, in the default order, over all rows.
const CATALOGUE = `
  select current_setting('server_version_num')::int as version,
    current_setting('server_version') as version_name,
    c.relkind::text as kind,
    exists (select from pg_inherits i where i.inhparent = c.oid) as has_children,
    (with recursive base (type, of) as (
        select oid, typbasetype from pg_type where oid = a.atttypid
        union all
        select t.oid, t.typbasetype from base join pg_type t on t.oid = base.of
      ) select format_type(type, null) from base where of = 0) as type,
    (select json_agg(attname order by attnum) from pg_attribute
      where attrelid = c.oid and attnum > 0 and not attisdropped) as columns,
    (select json_agg(x.relname) from pg_index i join pg_class x on x.oid = i.indexrelid join pg_am m on m.oid = x.relam
      where i.indrelid = c.oid and i.indkey[0] = a.attnum and i.indpred is null and i.indisvalid and m.amname = 'btree') as indexes
  from (select ?::oid as oid) named
  left join pg_class c on c.oid = named.oid
  left join pg_attribute a on a.attrelid = c.oid and a.attname = ? and not a.attisdropped and a.attnum > 0`;
