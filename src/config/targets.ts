/** What is written about a target, in the file, its preset or the environment, as a rule. */
import type { ChildTable, ColumnCondition, Condition, TargetConfig } from './config.ts';
import { UNSUPPORTED } from './file-shape.ts';
import { explainNoPreset, findPreset } from './find-preset.ts';
import type { TargetKey } from './setting-of.ts';
import type { ConditionEntry, FlatEntry, TargetEntry } from './target-entry.ts';
import { COLUMN_NAME, GRACE, LIFETIME, SHARE_OR_OFF, TABLE_NAME } from './value-kinds.ts';

/** Values of keys, and where each is written. */
export interface Layer {
  readonly entry: FlatEntry;
  readonly from: (key: TargetKey) => string;
}

/** A key of a target with its effective value. */
export interface EffectiveValue {
  readonly key: TargetKey;
  readonly value: unknown;
  /** `session-cleanup.yaml:6`, a variable, `preset NAME` or `default`. */
  readonly from: string;
}

/** A target, and where its values come from. */
export interface ResolvedTarget {
  readonly config: TargetConfig;
  readonly values: readonly EffectiveValue[];
}

/** Reports a problem of a key, `within` it for parts of its value. */
type Report = (key: TargetKey, what: string, within?: readonly (string | number)[]) => void;

/**
 * Makes a target from its own layer, the preset that it names, and the layers of defaults, of which the first
 * come first. Undefined when a problem was reported.
 */
export function resolveTarget(
  { name, file }: Pick<TargetConfig, 'name' | 'file'>,
  own: Layer,
  defaults: readonly Layer[],
  report: Report,
): ResolvedTarget | undefined {
  let hasProblem = false;
  const refuse: Report = (...problem) => {
    hasProblem = true;
    report(...problem);
  };
  const preset = presetLayer(own.entry.preset, refuse);
  if (preset === undefined) return undefined;
  const layers = [own, ...preset, ...defaults];
  const entry = layers.map((layer) => layer.entry).reduce(overlay);
  checkRule(entry, refuse);
  if (hasProblem) return undefined;
  return {
    config: { name, file, ...ruleOf(entry) },
    values: keysOf(entry).map((key) => ({
      key,
      value: entry[key],
      from: layers.find((layer) => layer.entry[key] !== undefined)?.from(key) ?? '',
    })),
  };
}

/** The keys of an entry in one level. */
export function flatten({ expires, timeZone, ...rest }: TargetEntry): FlatEntry {
  if (typeof expires !== 'object') return { ...rest, timeZone, expires };
  return {
    ...rest,
    'expires.column': expires.column,
    'expires.latestOf': expires.latestOf,
    'expires.type': expires.type,
    'expires.lifetime': expires.lifetime,
    'expires.lifetimeColumn': expires.lifetimeColumn,
    'expires.lifetimeUnit': expires.lifetimeUnit,
    'expires.never': expires.never,
    timeZone: timeZone ?? expires.timeZone,
  };
}

/** A text that two targets share only if they clean the same table by the same rule. */
export function ruleText(target: TargetConfig): string {
  return JSON.stringify([
    [target.schema, target.table, target.expiresColumns, target.expiresType, target.timeZone],
    [target.lifetimeSeconds, target.lifetimeColumn, target.never, target.where],
  ]);
}

/** Undefined: there is no such preset. */
function presetLayer(name: string | undefined, refuse: Report): readonly Layer[] | undefined {
  if (name === undefined) return [];
  const preset = findPreset(name);
  if (preset !== undefined) {
    return [{ entry: flatten(preset.target), from: () => `preset ${name}` }];
  }
  refuse('preset', explainNoPreset(name));
  return undefined;
}

const EXPIRES_KEYS = [
  ...(['expires.column', 'expires.latestOf', 'expires.type', 'expires.never'] as const),
  ...(['expires.lifetime', 'expires.lifetimeColumn', 'expires.lifetimeUnit'] as const),
];

/** Keys of a higher layer that replace other keys of a lower one. */
const REPLACES: readonly (readonly [given: readonly TargetKey[], hidden: readonly TargetKey[]])[] =
  [
    [['expires'], EXPIRES_KEYS],
    [EXPIRES_KEYS, ['expires']],
    [['expires.column'], ['expires.latestOf']],
    [['expires.latestOf'], ['expires.column']],
    [['expires.lifetime'], ['expires.lifetimeColumn', 'expires.lifetimeUnit']],
    [['expires.lifetimeColumn'], ['expires.lifetime']],
  ];

function overlay(upper: FlatEntry, lower: FlatEntry): FlatEntry {
  const hidden = REPLACES.filter(([given]) =>
    given.some((key) => upper[key] !== undefined),
  ).flatMap(([, keys]) => keys);
  const kept = keysOf(lower).filter((key) => upper[key] === undefined && !hidden.includes(key));
  return { ...upper, ...Object.fromEntries(kept.map((key) => [key, lower[key]])) };
}

function keysOf(entry: FlatEntry): readonly TargetKey[] {
  // An entry has no other keys.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return (Object.keys(entry) as TargetKey[]).filter((key) => entry[key] !== undefined);
}

/** What no single key can say. */
function checkRule(entry: FlatEntry, refuse: Report): void {
  if (entry.schemas !== undefined) refuse('schemas', UNSUPPORTED);
  if (entry.database !== undefined) refuse('database', UNSUPPORTED);
  if (entry.partitions === 'drop') refuse('partitions', `"drop" is ${UNSUPPORTED}`);
  if (entry.table === undefined && entry.preset === undefined) {
    refuse('table', 'missing. A target needs table or preset.');
  }
  const starts = (['expires', 'expires.column', 'expires.latestOf'] as const).filter(
    (key) => entry[key] !== undefined,
  );
  if (starts.length > 1 || (starts.length === 0 && (entry.preset ?? entry.table) !== undefined)) {
    refuse(
      'expires',
      'exactly one of these is needed: column, latestOf, or "expires: immediately". ' +
        (starts.length === 0 ? 'Add one.' : 'Remove one.'),
    );
  }
  if (entry.expires === 'immediately' && entry.where === undefined) {
    refuse('expires', '"immediately" needs "where", else every row would go. Add it.');
  }
  if (entry['expires.lifetime'] !== undefined && entry['expires.lifetimeColumn'] !== undefined) {
    refuse('expires.lifetimeColumn', 'excludes lifetime. Remove one of them.');
  }
  if (
    entry['expires.lifetimeUnit'] !== undefined &&
    entry['expires.lifetimeColumn'] === undefined
  ) {
    refuse('expires.lifetimeUnit', 'needs lifetimeColumn. Add that, or remove the unit.');
  }
  for (const key of ['dependents', 'unlink'] as const) {
    entry[key]?.forEach(({ column, columns }, index) => {
      if ((column === undefined) === (columns === undefined)) {
        refuse(key, 'exactly one of these is needed: column, columns. Correct it.', [index]);
      }
    });
  }
}

function ruleOf(entry: FlatEntry): Omit<TargetConfig, 'name' | 'file'> {
  const column = entry['expires.column'];
  const columns = column === undefined ? (entry['expires.latestOf'] ?? []) : [column];
  const lifetime = entry['expires.lifetime'];
  const lifetimeColumn = entry['expires.lifetimeColumn'];
  return {
    ...TABLE_NAME.schema.parse(entry.table),
    expiresColumns: columns.map(columnName),
    expiresType: entry['expires.type'],
    timeZone: entry.timeZone,
    lifetimeSeconds: lifetime === undefined ? 0 : LIFETIME.schema.parse(lifetime),
    lifetimeColumn:
      lifetimeColumn === undefined
        ? undefined
        : { column: columnName(lifetimeColumn), unit: entry['expires.lifetimeUnit'] },
    never: entry['expires.never'] ?? [],
    where: Object.entries(entry.where ?? {}).map(conditionOn),
    graceSeconds: GRACE.schema.parse(entry.grace),
    approvalShare: SHARE_OR_OFF.schema.parse(entry.approval),
    unlessReferenced: entry.unlessReferenced ?? false,
    dependents: (entry.dependents ?? []).map(childTable),
    unlink: (entry.unlink ?? []).map(childTable),
    cascade: entry.cascade ?? 'refuse',
    partitions: entry.partitions === 'rows' ? 'rows' : undefined,
  };
}

function conditionOn([column, entry]: readonly [string, ConditionEntry]): ColumnCondition {
  return { column: columnName(column), condition: conditionOf(entry) };
}

function conditionOf(entry: ConditionEntry): Condition {
  if (Array.isArray(entry)) return { anyOf: entry };
  if (typeof entry !== 'object' || entry === null) return { anyOf: [entry] };
  return 'not' in entry ? { not: conditionOf(entry.not) } : entry;
}

function childTable({
  table,
  column,
  columns = {},
}: NonNullable<TargetEntry['dependents']>[number]): ChildTable {
  const pairs = Object.entries(columns).map(([child, parent]) => ({
    child: columnName(child),
    parent: columnName(parent),
  }));
  return {
    ...TABLE_NAME.schema.parse(table),
    columns: column === undefined ? pairs : [{ child: columnName(column), parent: undefined }],
  };
}

function columnName(text: string): string {
  return COLUMN_NAME.schema.parse(text);
}
