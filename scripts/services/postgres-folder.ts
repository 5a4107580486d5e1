/** The folder of an embedded PostgreSQL server: made once, found again by every later start. */
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { canEnter, ensurePrivateFolder } from './private-folder.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import type { Account } from './service-process.ts';
import { RECORD_FILE } from './service-record.ts';

/** `password`: SCRAM with a generated password. `trust`: whoever reaches the loopback is let in. */
export type Authentication = 'password' | 'trust';

/** Name of the server's superuser. */
export const SUPERUSER = 'postgres';

/** Where things are. */
interface PostgresPaths {
  /** The folder that holds all the rest. */
  readonly root: string;
  /** PostgreSQL's data directory. */
  readonly cluster: string;
  readonly logFile: string;
  readonly recordFile: string;
}

/** A folder that a server can be started on. */
export interface PostgresFolder extends PostgresPaths {
  /** The superuser's password; undefined when none is asked for. */
  readonly password: string | undefined;
}

/** What `preparePostgresFolder` needs. */
export interface FolderRequest {
  readonly wanted: string;
  readonly authentication: Authentication;
  readonly binaries: PostgresBinaries;
  readonly account: Account | undefined;
  readonly say: (message: string) => void;
  /** Called before anything is made or changed: the place to end whoever still uses the folder. */
  readonly beforeUse: (paths: PostgresPaths) => Promise<void>;
}

const PASSWORD_FILE = 'password';

/** Finds or makes the folder and the database in it. May be repeated; a start cut short is made good. */
export async function preparePostgresFolder(request: FolderRequest): Promise<PostgresFolder> {
  const { account } = request;
  const { wanted, root } = await reachableFolder(request);
  await ensurePrivateFolder(root, account);
  const paths: PostgresPaths = {
    root,
    cluster: path.join(root, 'data'),
    logFile: path.join(root, 'postgres.log'),
    recordFile: path.join(root, RECORD_FILE),
  };
  await request.beforeUse(paths);
  if (root !== wanted && !existsSync(wanted)) {
    // The folder asked for is new, or was removed to begin anew: data elsewhere are of no use any more.
    await rm(paths.cluster, { recursive: true, force: true });
    await ensurePrivateFolder(wanted, account);
  }
  const passwordFile = path.join(root, PASSWORD_FILE);
  if (!existsSync(paths.cluster)) await makeCluster(request, paths.cluster, passwordFile);
  return { ...paths, password: await readPassword(passwordFile) };
}

/** The folder asked for; or, where the account cannot get there, one of its own that it can reach. */
async function reachableFolder(
  request: FolderRequest,
): Promise<{ readonly wanted: string; readonly root: string }> {
  const parent = path.dirname(path.resolve(request.wanted));
  await mkdir(parent, { recursive: true });
  // The real path, since PostgreSQL reports its data directory by it.
  const wanted = path.join(await realpath(parent), path.basename(request.wanted));
  const { account } = request;
  if (account === undefined || canEnter(path.dirname(wanted), account)) {
    return { wanted, root: wanted };
  }
  const key = createHash('sha256').update(wanted).digest('hex').slice(0, 16);
  const owned = path.join(
    await realpath(os.tmpdir()),
    `session-cleanup-postgres-${String(account.uid)}`,
  );
  await ensurePrivateFolder(owned, account);
  const instead = path.join(owned, `data-${key}`);
  request.say(
    `PostgreSQL's data is in ${instead}: its account may not enter ${path.dirname(wanted)}.`,
  );
  return { wanted, root: instead };
}

async function makeCluster(
  request: FolderRequest,
  cluster: string,
  passwordFile: string,
): Promise<void> {
  const { account, authentication, binaries } = request;
  // Made under another name and renamed once complete: initdb refuses what a killed one left behind.
  const unfinished = `${cluster}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await rm(passwordFile, { force: true });
  if (authentication === 'password') {
    await writeFile(passwordFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
    if (account !== undefined) await chown(passwordFile, account.uid, account.gid);
  }
  const login =
    authentication === 'password'
      ? ['--auth=scram-sha-256', `--pwfile=${passwordFile}`]
      : ['--auth=trust'];
  await promisify(execFile)(
    binaries.initdb,
    [
      ...[`--pgdata=${unfinished}`, `--username=${SUPERUSER}`, ...login],
      ...['--encoding=UTF8', '--locale=C', ...sortingOptions(binaries)],
      // A machine that crashes now loses nothing but an empty database.
      ...['--no-sync', '--no-instructions'],
    ],
    { cwd: '/', env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' }, ...account },
  );
  await rename(unfinished, cluster);
}

/** The built-in provider sorts the same on every machine, whatever locales it has; older versions have none. */
function sortingOptions({ major }: PostgresBinaries): readonly string[] {
  return major >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : [];
}

async function readPassword(file: string): Promise<string | undefined> {
  return existsSync(file) ? (await readFile(file, 'utf8')).trim() : undefined;
}
