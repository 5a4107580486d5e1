/** Reads the targets, from the configuration file or from the variables for one table. */
import { existsSync } from 'node:fs';

import { DEFAULT_TARGET } from '../contract/names.ts';
import { ConfigError } from './config.ts';
import { problemAt, readShape } from './file-shape.ts';
import { explainReplaced, replacedVariables } from './replaced-variables.ts';
import { DEFAULT_FILE, settingOf, type TargetKey } from './setting-of.ts';
import type { SettingsReader } from './settings-reader.ts';
import { FOR_ALL_TARGETS, ONE_TABLE, SETTINGS } from './settings.ts';
import type { TargetEntry } from './target-entry.ts';
import { flatten, resolveTarget, ruleText, type Layer, type ResolvedTarget } from './targets.ts';
import { readYamlFile, type KeyPath } from './yaml-file.ts';

/** All targets, and the file that describes them, if one does. */
export interface ReadTargets {
  readonly file: string | undefined;
  readonly targets: readonly ResolvedTarget[];
}

/** With problems, which the reader collects, targets are missing. */
export function readTargets(reader: SettingsReader): ReadTargets {
  const file =
    reader.validText(SETTINGS.config) ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined);
  const shared = [sharedLayer(reader), BUILT_IN];
  const own = environmentLayer(reader);
  const replaced = replacedVariables(reader.environment);
  if (file === undefined) {
    if (replaced.length === 0) return { file, targets: oneTarget(reader, own, shared) };
    reader.problems.push(explainReplaced(reader.environment));
    return { file, targets: [] };
  }
  const further = [...givenOf(reader, ONE_TABLE), ...replaced];
  if (further.length > 0) {
    reader.problems.push(
      `${further.join(', ')}: cannot be combined with ${file}, which describes the targets. ` +
        `Unset ${further.length === 1 ? 'it' : 'them'}.`,
    );
  }
  try {
    return { file, targets: readTargetsOf(file, shared) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    reader.problems.push(...error.problems);
    return { file, targets: [] };
  }
}

/**
 * The targets of a file alone.
 *
 * @throws {@link ConfigError} with all problems
 */
export function readTargetsOf(
  path: string,
  shared: readonly Layer[] = [BUILT_IN],
): readonly ResolvedTarget[] {
  const file = readYamlFile(path);
  const { problems: shapeProblems, defaults, targets: entries } = readShape(file);
  const problems = [...shapeProblems];
  const fromFile = (keys: KeyPath): string => `${path}:${file.placeOfKey(keys).line}`;
  const layers = [
    { entry: defaults ?? {}, from: (key: TargetKey) => fromFile(['defaults', key]) },
    ...shared,
  ];
  const targets: ResolvedTarget[] = [];
  const byRule = new Map<string, string>();
  for (const [name, entry] of entries) {
    const report = (keys: KeyPath, what: string): void => {
      problems.push(problemAt(file, ['targets', name, ...keys], what));
    };
    const expires = typeof entry.expires === 'object' ? entry.expires : {};
    if ((entry.timeZone ?? expires.timeZone) !== (expires.timeZone ?? entry.timeZone)) {
      report(
        ['timeZone'],
        `differs from expires.timeZone, ${String(expires.timeZone)}. Remove one of them.`,
      );
    }
    const from = (key: TargetKey): string =>
      fromFile(['targets', name, ...writtenPath(key, entry)]);
    const target = resolveTarget(
      { name, file: path },
      { entry: flatten(entry), from },
      layers,
      (key, what, within = []) => {
        report([...key.split('.'), ...within], what);
      },
    );
    if (target === undefined) continue;
    const rule = ruleText(target.config);
    const earlier = byRule.get(rule);
    if (earlier !== undefined) {
      report([], `cleans the table of "${earlier}" by the same rule. Remove one of them.`);
    }
    byRule.set(rule, name);
    targets.push(target);
  }
  if (problems.length > 0) {
    // In the order of the file.
    throw new ConfigError(problems.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })));
  }
  return targets;
}

/** The time zone may be written in either place. */
function writtenPath(key: TargetKey, { timeZone }: TargetEntry): KeyPath {
  return key === 'timeZone' && timeZone === undefined ? ['expires', key] : key.split('.');
}

/** What every target has that says nothing else. */
export const BUILT_IN: Layer = {
  entry: {
    cascade: 'refuse',
    unlessReferenced: false,
    grace: FOR_ALL_TARGETS.grace.default,
    approval: FOR_ALL_TARGETS.approval.default,
  },
  from: () => 'default',
};

/** What describes the table `sessions` unless variables describe another. */
const DEFAULT_TABLE: Layer = {
  entry: { table: DEFAULT_TARGET, 'expires.column': ONE_TABLE.expiresColumn.default },
  from: () => 'default',
};

/** Defaults for all targets, wherever they are described. */
function sharedLayer(reader: SettingsReader): Layer {
  const { grace, approval } = FOR_ALL_TARGETS;
  return {
    entry: { grace: reader.validText(grace), approval: reader.validText(approval) },
    from: variableOf,
  };
}

function environmentLayer(reader: SettingsReader): Layer {
  const { preset, table, expiresColumn, expiresType, lifetime, timeZone, cascade } = ONE_TABLE;
  return {
    entry: {
      preset: reader.validText(preset),
      table: reader.validText(table),
      'expires.column': reader.validText(expiresColumn),
      'expires.type': reader.read(expiresType),
      'expires.lifetime': reader.validText(lifetime),
      timeZone: reader.validText(timeZone),
      cascade: reader.isSet(cascade) ? reader.read(cascade) : undefined,
    },
    from: variableOf,
  };
}

function oneTarget(
  reader: SettingsReader,
  own: Layer,
  shared: readonly Layer[],
): readonly ResolvedTarget[] {
  const { preset, expiresColumn, lifetime } = ONE_TABLE;
  if (reader.isSet(lifetime) && !reader.isSet(expiresColumn) && !reader.isSet(preset)) {
    reader.problems.push(
      `${lifetime.name}: needs ${expiresColumn.name}, the column with the start. Set that, too.`,
    );
  }
  // A preset describes the whole rule, or it is refused.
  const defaults = reader.isSet(preset) ? shared : [DEFAULT_TABLE, ...shared];
  const target = resolveTarget(ENVIRONMENT, own, defaults, (key, what) => {
    reader.problems.push(`${variableOf(key)}: ${what}`);
  });
  return target === undefined ? [] : [target];
}

const ENVIRONMENT = { name: DEFAULT_TARGET, file: undefined };

function variableOf(key: TargetKey): string {
  return settingOf(ENVIRONMENT, key);
}

function givenOf(
  reader: SettingsReader,
  group: Readonly<Record<string, { readonly name: string }>>,
): readonly string[] {
  return Object.values(group)
    .filter((setting) => reader.isSet(setting))
    .map(({ name }) => name);
}
