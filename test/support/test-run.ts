/** The folder of one `npm test`, and the removal of what a killed one left behind. */
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
} from 'node:fs';
import { writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import {
  identifyProcess,
  isAlive,
  type ProcessIdentity,
} from '../../scripts/services/process-identity.ts';
import { stopLeftover } from '../../scripts/services/service-record.ts';

const FOLDER_PREFIX = 'session-cleanup-test-';
const OWNER_FILE = 'owner.json';

/** Makes a folder for this run, marked as ours for as long as this process lives. */
export function createRunFolder(): string {
  const folder = mkdtempSync(path.join(realpathSync(os.tmpdir()), FOLDER_PREFIX));
  writeFileSync(path.join(folder, OWNER_FILE), JSON.stringify(identifyProcess(process.pid)));
  // PostgreSQL may run as another user, and has a folder of its own in here.
  chmodSync(folder, 0o755);
  return folder;
}

/** Ends the servers of runs that were killed, and removes their folders. */
export async function removeDeadRuns(): Promise<void> {
  const parent = realpathSync(os.tmpdir());
  for (const name of readdirSync(parent)) {
    const folder = path.join(parent, name);
    if (name.startsWith(FOLDER_PREFIX) && isOurs(folder) && !hasLiveOwner(folder)) {
      await removeRunFolder(folder);
    }
  }
}

/** Removes a run's folder; first ends whatever server in it has lost the process that started it. */
export async function removeRunFolder(folder: string): Promise<void> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    await stopLeftover(path.join(folder, entry.name, 'service.json'), {
      // PostgreSQL's `immediate`, and Temporal does not care: nothing in here is kept.
      gently: 'SIGQUIT',
      patienceMilliseconds: 3_000,
    });
  }
  // A backend that has lost its postmaster may still be closing its files.
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

function isOurs(folder: string): boolean {
  try {
    const found = lstatSync(folder);
    return found.isDirectory() && found.uid === process.getuid?.();
  } catch {
    // Another run is removing it at this moment.
    return false;
  }
}

function hasLiveOwner(folder: string): boolean {
  try {
    const owner: unknown = JSON.parse(readFileSync(path.join(folder, OWNER_FILE), 'utf8'));
    return isIdentity(owner) && isAlive(owner);
  } catch {
    // No owner yet: a run that begins at this moment, unless it is old enough to have died there.
    return Date.now() - lstatSync(folder).mtimeMs < 60_000;
  }
}

function isIdentity(value: unknown): value is ProcessIdentity {
  return typeof value === 'object' && value !== null && 'pid' in value && 'startedAt' in value;
}
