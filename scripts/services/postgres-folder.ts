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

/** Name of the server's superuser. */
export const SUPERUSER = 'postgres';

/** The paths in a server's folder. */
interface PostgresPaths {
  readonly root: string;
  /** PostgreSQL's data directory. */
  readonly cluster: string;
  readonly logFile: string;
  readonly recordFile: string;
}

/** A folder on which a server can be started. */
export interface PostgresFolder extends PostgresPaths {
  /** The superuser's password; undefined with `trust`. */
  readonly password: string | undefined;
}

/** What `preparePostgresFolder` needs. */
export interface FolderRequest {
  readonly folder: string;
  readonly authentication: Authentication;
  readonly binaries: PostgresBinaries;
  readonly account: Account | undefined;
  readonly say: (message: string) => void;
  /** Called before anything is created or changed, to stop a server that still uses the folder. */
  readonly beforeUse: (paths: PostgresPaths) => Promise<void>;
}

/** Finds or creates the folder and the cluster in it. An interrupted call can be repeated. */
export async function preparePostgresFolder(request: FolderRequest): Promise<PostgresFolder> {
  const { account } = request;
  const parent = path.dirname(path.resolve(request.folder));
  await mkdir(parent, { recursive: true });
  // The real path, by which PostgreSQL reports its data directory.
  const requested = path.join(await realpath(parent), path.basename(request.folder));
  const root = await reachableFolder(requested, request);
  await ensurePrivateFolder(root, account);
  const paths: PostgresPaths = {
    root,
    cluster: path.join(root, 'data'),
    logFile: path.join(root, 'postgres.log'),
    recordFile: path.join(root, RECORD_FILE),
  };
  await request.beforeUse(paths);
  if (root !== requested && !existsSync(requested)) {
    // The requested folder is new, or was removed to start from scratch.
    await rm(paths.cluster, { recursive: true, force: true });
    await ensurePrivateFolder(requested, account);
  }
  const passwordFile = path.join(root, 'password');
  if (!existsSync(paths.cluster)) await createCluster(request, paths.cluster, passwordFile);
  const password = existsSync(passwordFile)
    ? (await readFile(passwordFile, 'utf8')).trim()
    : undefined;
  return { ...paths, password };
}

/** The requested folder, or one of the account's own where it cannot reach that. */
async function reachableFolder(
  requested: string,
  { account, say }: FolderRequest,
): Promise<string> {
  const parent = path.dirname(requested);
  if (account === undefined || canEnter(parent, account)) return requested;
  const key = createHash('sha256').update(requested).digest('hex').slice(0, 16);
  const folder = path.join(await accountFolder(account), `data-${key}`);
  say(`PostgreSQL's data is in ${folder}, since its user may not enter ${parent}.`);
  return folder;
}

async function createCluster(
  { account, authentication, binaries }: FolderRequest,
  cluster: string,
  passwordFile: string,
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
