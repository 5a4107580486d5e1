import type { TargetConfig } from './config.ts';
import { FOR_ALL_TARGETS, ONE_TABLE } from './settings.ts';
import type { FlatEntry } from './target-entry.ts';

/** The name of the configuration file, unless `SESSION_CLEANUP_CONFIG` gives another path. */
export const DEFAULT_FILE = 'session-cleanup.yaml';

/** A key of a target, as written in the file; those within `expires` have their path. */
export type TargetKey = keyof FlatEntry;

type Described = Pick<TargetConfig, 'name' | 'file'>;

/**
 * Where a key of a target is set, for messages: a variable for a target of the environment, else the key
 * in the file. A key that has no variable needs a file.
 */
export function settingOf(target: Described, key: TargetKey): string {
  return variableOf(target, key) ?? inFile(target, key);
}

/** A value of a key as it would be written: `SESSION_CLEANUP_CASCADE=allow`, or the key in the file. */
export function assignment(target: Described, key: TargetKey, value: string): string {
  const variable = variableOf(target, key);
  return variable === undefined ? inFile(target, `${key}: ${value}`) : `${variable}=${value}`;
}

function variableOf({ file }: Described, key: TargetKey): string | undefined {
  return file === undefined
    ? Object.values({ ...ONE_TABLE, ...FOR_ALL_TARGETS }).find((setting) => setting.key === key)
        ?.name
    : undefined;
}

function inFile({ name, file = DEFAULT_FILE }: Described, text: string): string {
  return `targets.${name}.${text} in ${file}`;
}
