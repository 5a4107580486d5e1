import { EXPIRY_NAME } from './table-facts.ts';
import type { Target } from './target.ts';

/** Columns whose name says that they hold an end, which lies in the past wherever there is one. */
const END_NAME =
  'lifetime|revok|delet|remov|destroy|clos|invalid|terminat|consum|cancel|log(ged){0,1}_{0,1}out|(^|_)end';

/** Columns whose name says that they hold a start: of creation or of the last use. */
const START_NAME =
  /creat|insert|updat|modif|chang|touch|start|begin|last|seen|visit|access|activ|used|issued|login|refreshed|rotated/i;

/** So few values in the future are exceptions. */
const STRAY_SHARE = 0.01;
const MOST_STRAY = 1_000;

/**
 * Whether the column that is taken for the expiry may hold a start, by which every live session would be deleted. One
 * whose name says that it holds an expiry or an end is taken at its word.
 */
export function mayBeStart({ isDirect, config }: Target): boolean {
  const saysEnd = new RegExp(`${EXPIRY_NAME}|${END_NAME}`, 'i');
  return isDirect && !config.expiresColumns.every((column) => saysEnd.test(column));
}

/** Whether a column's name says that it holds a start. */
export function isNamedAsStart({ config }: Target): boolean {
  return config.expiresColumns.some((column) => START_NAME.test(column));
}

/** The most values in the future that count as exceptions, among so many values. */
export function mostStray(values: number): number {
  return Math.ceil(Math.min(Math.max(1, values * STRAY_SHARE), MOST_STRAY));
}
