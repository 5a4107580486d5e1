import { LIFETIME_UNITS, type ExpiryType } from '../config/expiry-types.ts';
import { NOT_A_TARGET, PRESETS, type Preset } from '../config/presets.ts';
import type { TargetEntry } from '../config/target-entry.ts';
import { TABLE_NAME, TARGET_NAME, type TableName } from '../config/value-kinds.ts';
import { DEFAULT_TARGET } from '../contract/names.ts';
import { quoteName } from '../database/sql.ts';
import { EXPIRY_NAME } from '../targets/table-facts.ts';
import { KNOWN_TYPES, STORED_IN } from '../targets/target.ts';
import type { FoundTable } from './read-tables.ts';

/** A target that the file may have, before anything was asked about its rows. */
export interface Proposal {
  /** Name of the target. */
  readonly name: string;
  readonly table: FoundTable;
  /** Undefined: no preset knows the table. */
  readonly store: string | undefined;
  /** As it is written; keys in `blanks` are left out. */
  readonly entry: TargetEntry;
  /** Keys that the operator has to fill in, with what they may be. */
  readonly blanks: Readonly<Partial<Record<Blank, string>>>;
  /** Questions and obstacles; while there is one, the target is off. */
  readonly openPoints: readonly string[];
  readonly notes: readonly string[];
  /** Columns whose zone the catalogue does not tell, and who knows it. */
  readonly localTimes: LocalTimes | undefined;
}

/** A key that only the operator can fill in. */
export type Blank = 'timeZone' | 'expires.type' | 'expires.lifetime' | 'expires.lifetimeUnit';

interface LocalTimes {
  readonly columns: readonly string[];
  /** The zone is that of the application's connections, and not that of its process. */
  readonly isOfConnections: boolean;
}

/** A table that looks like a store and must not be cleaned by its expiry. */
export interface Excluded {
  readonly table: FoundTable;
  readonly reason: string;
}

type Store = Omit<Preset, 'source'> & { readonly preset: string | undefined };

const STORES: readonly (readonly [name: string, store: Store])[] = [
  ...Object.entries(PRESETS).map(([preset, store]) => [preset, { ...store, preset }] as const),
  [
    DEFAULT_TARGET,
    {
      preset: undefined,
      store: 'the table that `session-cleanup migrate` creates',
      columns: ['token_hash', 'last_seen_at'],
      target: { table: DEFAULT_TARGET, expires: { column: 'expires_at' } },
    },
  ],
];

/** Names of tables that a preset knows, its children included. */
export const KNOWN_NAMES: readonly string[] = [
  ...new Set(
    STORES.flatMap(([, { target }]) => [tableOf(target), ...childrenOf(target)]).map(
      ({ table }) => table,
    ),
  ),
];

/** Names of tables that may hold sessions or tokens; as PostgreSQL and JavaScript read it, of any case. */
export const LIKELY_NAME = 'session|token|refresh|(^|_)otp|verification|nonce';

/** Recognises stores by their table and columns, and lists tables that look like one. */
export function recognise(tables: readonly FoundTable[]): {
  readonly proposals: readonly Proposal[];
  readonly excluded: readonly Excluded[];
} {
  // Targets run in this order, and presets are listed in that of their references.
  const stores = tables
    .flatMap((table) => storesOf(table).map((store) => ({ table, store })))
    .toSorted(
      (one, other) =>
        one.table.schema.localeCompare(other.table.schema) ||
        STORES.indexOf(one.store) - STORES.indexOf(other.store),
    )
    .map(({ table, store: [name, store] }) => ({ name, table, store }));
  const taken = new Set(stores.map(({ table }) => table));
  const children = new Set(
    stores.flatMap(({ table: { schema }, store }) =>
      childrenOf(store.target).map((child) => idOf({ schema, name: child.table })),
    ),
  );
  const isKnown = (table: FoundTable): boolean => taken.has(table) || children.has(idOf(table));
  const excluded = tables.flatMap((table) => {
    const reason = reasonAgainst(table);
    return isKnown(table) || reason === undefined ? [] : [{ table, reason }];
  });
  const refused = new Set(excluded.map(({ table }) => table));
  const candidates = tables
    .filter((table) => !isKnown(table) && !refused.has(table))
    .flatMap(candidateOf);
  const proposals = [
    ...stores.map(({ name, table, store }) => proposalOf(name, table, store)),
    ...candidates,
  ];
  return { proposals: withUniqueNames(proposals), excluded };
}

/**
 * The rules for a table's store: of the stores that fit it, the one that names most columns. None where two of them name
 * as many.
 */
function storesOf(table: FoundTable): typeof STORES {
  const fitting = STORES.filter(([, store]) => fits(table, store));
  const most = Math.max(...fitting.map(([, { columns = [] }]) => columns.length));
  const best = fitting.filter(([, { columns = [] }]) => columns.length === most);
  return new Set(best.map(([, { columns = [] }]) => columns.join())).size === 1 ? best : [];
}

function fits(table: FoundTable, { columns = [], target }: Store): boolean {
  const { schema, table: name } = tableOf(target);
  if (name !== table.name || (schema !== undefined && schema !== table.schema)) return false;
  const expires = typeof target.expires === 'object' ? target.expires : {};
  const others = [
    ...columns,
    ...Object.keys(target.where ?? {}),
    ...(expires.lifetimeColumn === undefined ? [] : [expires.lifetimeColumn]),
  ];
  return (
    others.every((column) => typeOf(table, column) !== undefined) &&
    expiryColumnsOf(target).every((column) => holds(typeOf(table, column), expires.type))
  );
}

function holds(columnType: string | undefined, type: ExpiryType | undefined): boolean {
  if (columnType === undefined) return false;
  return type === undefined ? columnType in KNOWN_TYPES : STORED_IN[type].test(columnType);
}

function proposalOf(name: string, table: FoundTable, store: Store): Proposal {
  const { target, preset, note, question, zone } = store;
  const expires = typeof target.expires === 'object' ? target.expires : {};
  const timeZone = target.timeZone ?? expires.timeZone;
  const local = timeZone === undefined ? localColumns(table, expiryColumnsOf(target)) : [];
  const inPlace = preset !== undefined && isInPlace(table, target);
  return {
    name,
    table,
    store: store.store,
    entry: {
      ...(preset === undefined ? target : { preset }),
      ...(inPlace ? {} : { table: nameOf(table) }),
      ...(table.isPartitioned ? { partitions: 'rows' } : {}),
      ...(inPlace || table.isDefault ? {} : childrenIn(table.schema, target)),
    },
    blanks: {},
    openPoints: question === undefined ? [] : [question],
    notes: [
      ...(expires.lifetime === undefined
        ? []
        : [`A row expires ${expires.lifetime} after ${quoteName(expires.column ?? '')}.`]),
      ...(note === undefined ? [] : [note]),
    ],
    localTimes:
      local.length === 0
        ? undefined
        : { columns: local, isOfConnections: zone === 'of-connections' },
  };
}

/** A table of no known store, if it has a column that looks like an expiry or a start. */
function candidateOf(table: FoundTable): readonly Proposal[] {
  if (!new RegExp(LIKELY_NAME, 'i').test(table.name)) return [];
  const lifetimeColumn = table.columns.find(
    ({ name, type }) => LIFETIME_NAME.test(name) && LIFETIME_TYPE.test(type),
  );
  const expiry = table.columns.find(
    ({ name, type }) =>
      new RegExp(EXPIRY_NAME, 'i').test(name) && name !== lifetimeColumn?.name && couldHold(type),
  );
  const start = START_NAMES.map((pattern) =>
    table.columns.find(({ name, type }) => pattern.test(name) && couldHold(type) && !isText(type)),
  ).find((column) => column !== undefined);
  const column = expiry ?? start;
  if (column === undefined) return [];
  const shown = quoteName(column.name);
  const isStart = expiry === undefined;
  const types = Object.entries(STORED_IN).flatMap(([type, stored]) =>
    stored.test(column.type) && !(column.type in KNOWN_TYPES) ? [type] : [],
  );
  const isLocal = KNOWN_TYPES[column.type] === 'timestamp';
  const ownLifetime = isStart ? lifetimeColumn : undefined;
  const hasUnit = ownLifetime !== undefined && ownLifetime.type !== 'interval';
  const units = Object.keys(LIFETIME_UNITS).join(', ');
  return [
    {
      name: slug(table.name),
      table,
      store: undefined,
      entry: {
        table: nameOf(table),
        expires: {
          column: nameText(column.name),
          ...(ownLifetime === undefined ? {} : { lifetimeColumn: nameText(ownLifetime.name) }),
        },
        ...(table.isPartitioned ? { partitions: 'rows' } : {}),
      },
      blanks: {
        ...(types.length === 0 ? {} : { 'expires.type': types.join(' or ') }),
        ...(isStart && ownLifetime === undefined ? { 'expires.lifetime': 'such as 30d' } : {}),
        ...(hasUnit ? { 'expires.lifetimeUnit': units } : {}),
      },
      openPoints: [
        isStart
          ? `May a row be deleted some time after ${shown}, and how long after it?`
          : `May a row be deleted as soon as the time in ${shown} is past?`,
        ...(types.length === 0
          ? []
          : [`What does ${shown}, of type ${column.type}, hold: ${types.join(' or ')}?`]),
        ...(hasUnit ? [`Which unit have the numbers in ${quoteName(ownLifetime.name)}?`] : []),
      ],
      notes: [],
      localTimes: isLocal ? { columns: [column.name], isOfConnections: false } : undefined,
    },
  ];
}

const LIFETIME_NAME = /expires?_?in$|lifetime|(^|_)ttl(_|$)|max_?age/i;
const LIFETIME_TYPE = /^(smallint|integer|bigint|numeric|double precision|interval)$/;

/** The time of last use says more than that of a change, and that more than the creation. */
const START_NAMES = [
  /access|activity|seen|last_?us/i,
  /rotated|refreshed|updated|modified/i,
  /created|inserted|issued|requested|started/i,
];

function couldHold(type: string): boolean {
  return Object.values(STORED_IN).some((stored) => stored.test(type));
}

function isText(type: string): boolean {
  return STORED_IN.iso8601.test(type);
}

function localColumns(table: FoundTable, columns: readonly string[]): readonly string[] {
  return columns.filter((column) => KNOWN_TYPES[typeOf(table, column) ?? ''] === 'timestamp');
}

function expiryColumnsOf({ expires }: TargetEntry): readonly string[] {
  if (typeof expires !== 'object') return [];
  return expires.latestOf ?? (expires.column === undefined ? [] : [expires.column]);
}

function typeOf(table: FoundTable, column: string): string | undefined {
  return table.columns.find(({ name }) => name === column)?.type;
}

function tableOf({ table = '' }: TargetEntry): TableName {
  return TABLE_NAME.schema.parse(table);
}

function childrenOf({ dependents = [], unlink = [] }: TargetEntry): readonly TableName[] {
  return [...dependents, ...unlink].map(({ table }) => TABLE_NAME.schema.parse(table));
}

/** Whether the table that a preset names is this one. */
function isInPlace({ schema, isDefault }: FoundTable, target: TargetEntry): boolean {
  const named = tableOf(target).schema;
  return named === undefined ? isDefault : named === schema;
}

/** A preset's children are beside their parent, and a name without a schema would not find them there. */
function childrenIn(schema: string, { dependents, unlink }: TargetEntry): TargetEntry {
  const inSchema = <Child extends { readonly table: string }>(child: Child): Child => ({
    ...child,
    table: `${nameText(schema)}.${child.table}`,
  });
  return {
    ...(dependents === undefined ? {} : { dependents: dependents.map(inSchema) }),
    ...(unlink === undefined ? {} : { unlink: unlink.map(inSchema) }),
  };
}

function reasonAgainst({ schema, name }: FoundTable): string | undefined {
  return Object.entries(NOT_A_TARGET).find(([key]) =>
    [`: ${name}`, `: ${schema}.${name}`].some((end) => key.endsWith(end)),
  )?.[1];
}

function idOf({ schema, name }: Pick<FoundTable, 'schema' | 'name'>): string {
  return JSON.stringify([schema, name]);
}

/** The table as the file names it. */
function nameOf({ schema, name, isDefault }: FoundTable): string {
  return isDefault ? nameText(name) : `${nameText(schema)}.${nameText(name)}`;
}

function nameText(name: string): string {
  const plain = TABLE_NAME.schema.safeParse(name);
  return plain.success && plain.data.schema === undefined && plain.data.table === name
    ? name
    : quoteName(name);
}

/** Stores in several schemas have the schema in their name. */
function withUniqueNames(proposals: readonly Proposal[]): readonly Proposal[] {
  const counts = Map.groupBy(proposals, ({ name }) => name);
  const used = new Set<string>();
  return proposals.map((proposal) => {
    const { name, table } = proposal;
    const isShared = (counts.get(name)?.length ?? 0) > 1;
    const base = isShared ? slug(`${name}-${table.schema}`) : name;
    let unique = base;
    for (let number = 2; used.has(unique); number += 1) {
      unique = `${base.slice(0, LONGEST - 1 - String(number).length)}-${number}`;
    }
    used.add(unique);
    return { ...proposal, name: unique };
  });
}

const LONGEST = 40;

function slug(text: string): string {
  const name = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, LONGEST);
  return TARGET_NAME.pattern.test(name) ? name : 'table';
}
