/** Errors of a full disk, which rarely name it. */
import { existsSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { inspect } from 'node:util';

import { CommandFailure } from '../../src/cli/errors.ts';

/** With less free space than this, servers cannot start, whatever their message is. */
const TOO_FEW_BYTES = 1_024 * 1_024;

/** Messages and codes of Node, PostgreSQL (53100), SQLite (Temporal) and pip. */
const FULL = /ENOSPC|EDQUOT|'53100'|no space left on device|disk is full|disk quota exceeded/i;

/**
 * Returns the error to report: when a disk is full, one that names the folder and the remedy, else the
 * same error.
 * @param folders - to which something was written; the one with the least free space is named
 * @param remedy - a sentence that names the setting of the folder
 */
export function explainFullDisk(
  error: unknown,
  folders: readonly string[],
  remedy: string,
): unknown {
  const [fullest = ''] = folders.toSorted((one, other) => freeBytes(one) - freeBytes(other));
  // The inspected text includes causes, and the errors of an AggregateError.
  if (!FULL.test(inspect(error, { depth: 5 })) && freeBytes(fullest) >= TOO_FEW_BYTES) return error;
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  const messages = errors.map((each) => (each instanceof Error ? each.message : String(each)));
  return new CommandFailure(
    `${fullest}: its file system is full. ${remedy}\n${messages.join('\n')}`,
    { cause: error },
  );
}

/** Space for unprivileged users in the folder, or in the nearest parent that exists. */
function freeBytes(folder: string): number {
  if (!existsSync(folder)) return freeBytes(path.dirname(folder));
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
