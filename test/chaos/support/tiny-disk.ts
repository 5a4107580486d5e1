/** A file system of a few megabytes, which a test can fill to the last byte. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, chownSync, mkdirSync, rmSync, truncateSync } from 'node:fs';
import path from 'node:path';

import { postgresAccount } from '../../../scripts/services/account.ts';

/** Why a test is skipped. */
export const MOUNT_NEEDED = 'a file system of our own cannot be mounted here; run as root on Linux';

/** A mounted file system of our own; disposing of it unmounts it. */
export interface TinyDisk extends Disposable {
  readonly folder: string;
  /** Takes all the space that is left. */
  fill(): void;
  /** Gives that space back. */
  free(): void;
}

/**
 * Mounts one that belongs to PostgreSQL's account; undefined where we may not mount (that takes root
 * on Linux).
 */
export function mountTinyDisk(folder: string, megabytes: number): TinyDisk | undefined {
  mkdirSync(folder, { recursive: true });
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], {
      stdio: 'pipe',
    });
  } catch {
    return undefined;
  }
  const account = postgresAccount();
  const data = path.join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  if (account !== undefined) chownSync(data, account.uid, account.gid);
  const ballast = path.join(folder, 'ballast');
  return {
    folder: data,
    fill: () => {
      try {
        for (;;) appendFileSync(ballast, Buffer.alloc(64 * 1_024));
      } catch (error) {
        // That is what was wanted; the last bytes went in as far as they could.
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
      }
    },
    free: () => {
      truncateSync(ballast);
    },
    [Symbol.dispose]: () => {
      execFileSync('umount', ['--lazy', folder]);
      rmSync(folder, { recursive: true });
    },
  };
}
