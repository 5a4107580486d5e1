/** The folder of an embedded PostgreSQL server: created once, used again by every later start. */
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { accountFolder, canEnter, ensurePrivateFolder, type Account } from './account.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { RECORD_FILE } from './service-record.ts';

/** `password`: SCRAM with a generated password. `trust`: no password. */
export type Authentication = 'password' | 'trust';

export const SUPERUSER = 'postgres';

export interface PostgresFolder {
  /** What the caller asked for. */
  readonly requested: string;
  /** The folder that is used. */
  readonly root: string;
  /** PostgreSQL's data directory. */
  readonly cluster: string;
  readonly logFile: string;
  readonly recordFile: string;
}

/**
 * Finds or creates the folder for a server, but no cluster in it: a server may still be using it. Where
 * the account cannot reach the requested folder, it is one of the account's own.
 */
export async function openPostgresFolder(
  dataDirectory: string,
  account: Account | undefined,
  log: (message: string) => void,
): Promise<PostgresFolder> {
  await mkdir(path.dirname(path.resolve(dataDirectory)), { recursive: true });
  // The real path, by which PostgreSQL reports its data directory.
  const parent = await realpath(path.dirname(path.resolve(dataDirectory)));
  const requested = path.join(parent, path.basename(dataDirectory));
  let root = requested;
  if (account !== undefined && !canEnter(parent, account)) {
    const key = createHash('sha256').update(requested).digest('hex').slice(0, 16);
    root = path.join(await accountFolder(account), `data-${key}`);
    log(`PostgreSQL's data is in ${root}, since its user may not enter ${parent}.`);
  }
  await ensurePrivateFolder(root, account);
  return {
    requested,
    root,
    cluster: path.join(root, 'data'),
    logFile: path.join(root, 'postgres.log'),
    recordFile: path.join(root, RECORD_FILE),
  };
}

/**
 * Creates the cluster unless it exists. An interrupted call can be repeated.
 * @returns the superuser's password; undefined with `trust`
 */
export async function ensureCluster(
  { requested, root, cluster }: PostgresFolder,
  authentication: Authentication,
  binaries: PostgresBinaries,
  account: Account | undefined,
): Promise<string | undefined> {
  if (!existsSync(requested)) {
    // It is new, or was removed to start from scratch.
    await rm(cluster, { recursive: true, force: true });
    await ensurePrivateFolder(requested, account);
  }
  const passwordFile = path.join(root, 'password');
  if (!existsSync(cluster)) {
    await createCluster(cluster, passwordFile, authentication, binaries, account);
  }
  return existsSync(passwordFile) ? (await readFile(passwordFile, 'utf8')).trim() : undefined;
}

async function createCluster(
  cluster: string,
  passwordFile: string,
  authentication: Authentication,
  binaries: PostgresBinaries,
  account: Account | undefined,
): Promise<void> {
  // Renamed into place when it is complete: initdb refuses a folder that is not empty.
  const unfinished = `${cluster}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await rm(passwordFile, { force: true });
  const login = ['--auth=trust'];
  if (authentication === 'password') {
    await writeFile(passwordFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
    if (account !== undefined) await chown(passwordFile, account.uid, account.gid);
    login.splice(0, 1, '--auth=scram-sha-256', `--pwfile=${passwordFile}`);
  }
  await promisify(execFile)(
    binaries.initdb,
    [
      ...[`--pgdata=${unfinished}`, `--username=${SUPERUSER}`, ...login],
      ...['--encoding=UTF8', '--locale=C'],
      // Sorts the same on every machine, whatever its locales.
      ...(binaries.majorVersion >= 17
        ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8']
        : []),
      // A crash of the machine now loses only an empty database.
      ...['--no-sync', '--no-instructions'],
    ],
    { cwd: '/', env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' }, ...account },
  );
  await rename(unfinished, cluster);
}
