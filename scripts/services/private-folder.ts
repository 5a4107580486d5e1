/** Folders that belong to one account alone. */
import { spawnSync } from 'node:child_process';
import { chown, lstat, mkdir } from 'node:fs/promises';
import path from 'node:path';

import { CommandFailure } from '../../src/cli/errors.ts';
import type { Account } from './service-process.ts';

/**
 * Makes the folder (mode 0700, owned by the account) unless it exists.
 * @throws Error when something else is there, or a folder that others own or may write to: below a
 *   shared folder such as /tmp anybody could have put it there.
 */
export async function ensurePrivateFolder(
  folder: string,
  account: Account | undefined,
): Promise<void> {
  // What lies above is no secret, and has to stay open to the account.
  await mkdir(path.dirname(folder), { recursive: true });
  if (await makeFolder(folder)) {
    if (account !== undefined) await chown(folder, account.uid, account.gid);
  }
  const found = await lstat(folder);
  const owner = account?.uid ?? process.getuid?.();
  const isOurs = owner === undefined || found.uid === owner;
  if (!found.isDirectory() || !isOurs || (found.mode & 0o022) !== 0) {
    throw new CommandFailure(
      `${folder} must be a folder that only the user with id ${String(owner)} can write to. ` +
        'Remove it, or correct its owner and its mode (0700).',
    );
  }
}

/** True when the account can enter the folder, whatever lies above it. */
export function canEnter(folder: string, account: Account): boolean {
  return spawnSync('/bin/sh', ['-c', 'cd "$0"', folder], { cwd: '/', ...account }).status === 0;
}

async function makeFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { mode: 0o700 });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}
