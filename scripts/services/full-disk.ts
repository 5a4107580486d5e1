/** Errors that come from a disk without space, which rarely name it. */
import { existsSync, statfsSync } from 'node:fs';
import path from 'node:path';

import { CommandFailure } from '../../src/cli/errors.ts';

/** With less than this, servers cannot start, whatever their message says. */
const TOO_FEW_BYTES = 1_024 * 1_024;

/** Of Node, PostgreSQL, SQLite (Temporal) and pip. */
const MESSAGES = /ENOSPC|EDQUOT|no space left on device|disk is full|disk quota exceeded/i;

/** `disk_full` is PostgreSQL's. */
const CODES: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', '53100']);

/**
 * The error to report: when a disk is full, one that names the folder and the remedy, else the same error.
 * @param folders - to which something was being written; the one with the least free space is named
 * @param remedy - a sentence that names the setting of the folder
 */
export function explainFullDisk(
  error: unknown,
  folders: readonly string[],
  remedy: string,
): unknown {
  const [fullest] = folders
    .map((folder) => ({ folder, free: freeBytes(folder) }))
    .toSorted((one, other) => one.free - other.free);
  if (fullest === undefined) return error;
  if (!isFullDisk(error) && fullest.free >= TOO_FEW_BYTES) return error;
  return new CommandFailure(
    `${fullest.folder}: its file system is full. ${remedy}\n${messageOf(error)}`,
    { cause: error },
  );
}

function isFullDisk(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const inner: readonly unknown[] = error instanceof AggregateError ? error.errors : [];
  return (
    MESSAGES.test(error.message) ||
    ('code' in error && CODES.has(error.code)) ||
    [error.cause, ...inner].some(isFullDisk)
  );
}

function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('\n');
  return error instanceof Error ? error.message : String(error);
}

/** For an unprivileged user, below the folder or the nearest parent that exists. */
function freeBytes(folder: string): number {
  if (!existsSync(folder) && path.dirname(folder) !== folder) {
    return freeBytes(path.dirname(folder));
  }
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
