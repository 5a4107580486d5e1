import type { TargetConfig } from './config.ts';

/** Variables of the one target that the environment describes, by the key that a file has for each. */
const VARIABLES: Readonly<Record<string, string>> = {
  table: 'SESSION_CLEANUP_TABLE',
  'expires.column': 'SESSION_CLEANUP_EXPIRES_COLUMN',
  'expires.type': 'SESSION_CLEANUP_EXPIRES_TYPE',
  'expires.lifetime': 'SESSION_CLEANUP_LIFETIME',
  timeZone: 'SESSION_CLEANUP_TIME_ZONE',
  cascade: 'SESSION_CLEANUP_CASCADE',
};

/** How a message names a key of a target: by its variable, or by its place in the file. */
export function settingOf({ name, file }: Pick<TargetConfig, 'name' | 'file'>, key: string): string {
  if (file === undefined) return VARIABLES[key] ?? `${key} in session-cleanup.yaml`;
  return `targets.${name}.${key} in ${file}`;
}

/** How a message says that a key should have a value. */
export function assignmentOf(
  target: Pick<TargetConfig, 'name' | 'file'>,
  key: string,
  value: string,
): string {
  const variable = target.file === undefined ? VARIABLES[key] : undefined;
  if (variable !== undefined) return `${variable}=${value}`;
  return `targets.${target.name}.${key}: ${value} in ${target.file ?? 'session-cleanup.yaml'}`;
}
