/** The OS user that PostgreSQL runs as, which is never root, and folders that only this user can use. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chown, lstat, mkdir, realpath } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { CommandFailure } from '../../src/cli/errors.ts';

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

const NAME = 'postgres';

/**
 * The user that PostgreSQL runs as: undefined (the current user) unless that is root, else the system
 * user `postgres`, which is created when it is missing, as PostgreSQL's own packages create it.
 * @throws Error with the remedy when it cannot be created.
 */
export function postgresAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  try {
    return lookUp();
  } catch {
    // It does not exist.
  }
  try {
    // The group may exist without the user.
    run('groupadd', ['--force', NAME]);
    run('useradd', ['--gid', NAME, '--no-create-home', NAME]);
    return lookUp();
  } catch (cause) {
    throw new CommandFailure(
      `PostgreSQL does not run as root, and the user "${NAME}" could not be created. Create it ` +
        `("useradd ${NAME}"), run this command as an ordinary user, or set DATABASE_URL to an existing ` +
        'database.',
      { cause },
    );
  }
}

/** True when the account can enter the folder, whatever the modes of the folders above it. */
export function canEnter(folder: string, account: Account): boolean {
  return spawnSync('/bin/sh', ['-c', 'cd "$0"', folder], { cwd: '/', ...account }).status === 0;
}

/**
 * Creates the folder (mode 0700, owned by the account) unless it exists.
 * @throws Error when the path is not a folder, or one that other users own or can write to: in a shared
 *   folder such as /tmp anyone could have created it.
 */
export async function ensurePrivateFolder(
  folder: string,
  account: Account | undefined,
): Promise<void> {
  // The folders above it have to stay open to the account.
  await mkdir(path.dirname(folder), { recursive: true });
  const created = await mkdir(folder, { recursive: true, mode: 0o700 });
  if (created !== undefined && account !== undefined) {
    await chown(folder, account.uid, account.gid);
  }
  const found = await lstat(folder);
  const owner = account?.uid ?? process.getuid?.();
  const isOwned = owner === undefined || found.uid === owner;
  if (!found.isDirectory() || !isOwned || (found.mode & 0o022) !== 0) {
    throw new CommandFailure(
      `${folder}: not a folder that only the user with id ${String(owner)} can write to. Remove it, or ` +
        'correct its owner and its mode (0700).',
    );
  }
}

/** A folder of the account's own, for what it cannot reach elsewhere. */
export async function accountFolder(account: Account): Promise<string> {
  const parent = await realpath(os.tmpdir());
  const folder = path.join(parent, `session-cleanup-postgres-${String(account.uid)}`);
  await ensurePrivateFolder(folder, account);
  return folder;
}

function lookUp(): Account {
  return { uid: Number(run('id', ['-u', NAME])), gid: Number(run('id', ['-g', NAME])) };
}

function run(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
