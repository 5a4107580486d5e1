/** The problems that the shape of the configuration file has, in words. */
import { z } from 'zod';

import { maskDatabaseUrl } from './database-url.ts';
import { didYouMean } from './did-you-mean.ts';
import {
  configFile,
  expiresEntry,
  knownKeys,
  targetEntry,
  type ConfigFile,
  type TargetEntry,
} from './target-entry.ts';
import { placeText, type KeyPath, type YamlFile } from './yaml-file.ts';

/** A key that a later version will support. */
export const UNSUPPORTED = 'not supported yet. Remove it.';

/** What a file describes, as far as its shape is right. */
export interface Described {
  readonly problems: readonly string[];
  readonly defaults: ConfigFile['defaults'];
  readonly targets: readonly (readonly [name: string, entry: TargetEntry])[];
}

/** Reads keys and values; a target with a problem is left out. */
export function readShape(file: YamlFile): Described {
  if (file.value === undefined || file.value === null) {
    const problem = `${file.path}: is empty. Describe at least one target below "targets".`;
    return { problems: [problem], defaults: undefined, targets: [] };
  }
  const parsed = configFile.safeParse(file.value);
  if (parsed.success) {
    const { defaults, targets, databases } = parsed.data;
    const problems = databases === undefined ? [] : [problemAt(file, ['databases'], UNSUPPORTED)];
    return { problems, defaults, targets: Object.entries(targets) };
  }
  const { defaults, targets } = z
    .object({
      defaults: configFile.shape.defaults.catch(undefined),
      targets: z.record(z.string(), targetEntry.or(z.undefined()).catch(undefined)).catch({}),
    })
    .catch({ defaults: undefined, targets: {} })
    .parse(file.value);
  return {
    problems: parsed.error.issues.flatMap((issue) => describeIssue(file, issue, [])),
    defaults,
    targets: Object.entries(targets).flatMap(([name, entry]) =>
      entry === undefined ? [] : [[name, entry] as const],
    ),
  };
}

/** A problem of the value at a path, in the form of all messages about the file. */
export function problemAt(file: YamlFile, keys: KeyPath, what: string): string {
  const value = valueAt(file.value, keys);
  const isScalar = value === null || (typeof value !== 'object' && value !== undefined);
  const place = isScalar ? file.placeOf(keys) : file.placeOfKey(keys);
  return `${file.path}:${placeText(place)}: ${keyText(keys)}: ${what}`;
}

/** What is shown of a value: its beginning, and no password. */
function shownValue(value: unknown): string {
  if (typeof value === 'string' && value.includes('://')) return maskDatabaseUrl(value);
  const text = JSON.stringify(value);
  return text.length <= LONGEST_SHOWN ? text : `${text.slice(0, LONGEST_SHOWN)}…`;
}

const LONGEST_SHOWN = 100;

/** Often written one level too high. */
const EXPIRES_KEYS: readonly string[] = Object.keys(expiresEntry.shape);

/** Of one map; a file of another program may have very many. */
const MOST_UNKNOWN_KEYS = 10;

type Issue = z.core.$ZodIssue;

function describeIssue(file: YamlFile, issue: Issue, above: KeyPath): readonly string[] {
  const keys = [...above, ...issue.path.map((key) => (typeof key === 'symbol' ? '' : key))];
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(issue.message);
    return issue.keys.slice(0, MOST_UNKNOWN_KEYS).map((key) => {
      const meant =
        known.includes('expires') && EXPIRES_KEYS.includes(key)
          ? `expires.${key}`
          : didYouMean(key, known);
      const remedy = meant === undefined ? `Allowed: ${issue.message}.` : `Did you mean ${meant}?`;
      return problemAtKey(file, [...keys, key], `unknown key. ${remedy}`);
    });
  }
  if (issue.code === 'invalid_key') {
    const [{ message } = issue] = issue.issues;
    return [problemAtKey(file, keys, `the name is invalid. Allowed: ${message}.`)];
  }
  if (issue.code === 'invalid_union') {
    const meant = issue.errors.filter((branch) => !branch.some(isOtherForm));
    const [branch] = meant;
    if (meant.length === 1 && branch !== undefined) {
      return branch.flatMap((inner) => describeIssue(file, inner, keys));
    }
  }
  const value = valueAt(file.value, keys);
  const isMissing = value === undefined;
  const allowed =
    issue.code === 'invalid_type' && issue.expected === 'object'
      ? `a map with the keys ${issue.message}`
      : issue.message;
  const what = isMissing ? 'missing' : `${shownValue(value)} is invalid`;
  return [problemAt(file, keys, `${what}. Allowed: ${allowed}.`)];
}

/** Whether the value is not even of this form, such as a text where the form is a map. */
function isOtherForm({ code, path }: Issue): boolean {
  return (
    path.length === 0 &&
    (code === 'invalid_type' || code === 'invalid_value' || code === 'invalid_union')
  );
}

function problemAtKey(file: YamlFile, keys: KeyPath, what: string): string {
  return `${file.path}:${placeText(file.placeOfKey(keys))}: ${keyText(keys)}: ${what}`;
}

function valueAt(value: unknown, keys: KeyPath): unknown {
  return keys.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null
        ? Object.getOwnPropertyDescriptor(inner, key)?.value
        : undefined,
    value,
  );
}

function keyText(keys: KeyPath): string {
  const text = keys
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`))
    .join('')
    .replace(/^\./, '');
  return text === '' ? 'the file' : text;
}
