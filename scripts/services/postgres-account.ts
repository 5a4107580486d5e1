/** PostgreSQL refuses to run as root; there it gets an account of its own. */
import { execFileSync } from 'node:child_process';

import { CommandFailure } from '../../src/cli/errors.ts';
import type { Account } from './service-process.ts';

const ACCOUNT_NAME = 'postgres';

/**
 * The account that PostgreSQL runs as: undefined (ourselves) unless we are root, else the system user
 * `postgres`, which is made when it is missing, as PostgreSQL's own packages make it.
 * @throws Error with the remedy when it is missing and cannot be made.
 */
export function postgresAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const existing = lookUp();
  if (existing !== undefined) return existing;
  try {
    // The group may be there without the user.
    run('groupadd', ['--force', ACCOUNT_NAME]);
    run('useradd', ['--gid', ACCOUNT_NAME, '--no-create-home', ACCOUNT_NAME]);
  } catch (cause) {
    throw new CommandFailure(
      `PostgreSQL does not run as root, and the user "${ACCOUNT_NAME}" could not be made for it. ` +
        `Make it ("useradd ${ACCOUNT_NAME}"), run this command as an ordinary user, or give an ` +
        'existing database by DATABASE_URL.',
      { cause },
    );
  }
  const made = lookUp();
  if (made === undefined)
    throw new CommandFailure(`The user "${ACCOUNT_NAME}" was made but is not found.`);
  return made;
}

function lookUp(): Account | undefined {
  try {
    const uid = Number(run('id', ['-u', ACCOUNT_NAME]));
    const gid = Number(run('id', ['-g', ACCOUNT_NAME]));
    return { uid, gid };
  } catch {
    return undefined;
  }
}

function run(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
