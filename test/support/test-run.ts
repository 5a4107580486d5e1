/** The folder of one `npm test`, and the removal of what a killed one left behind. */
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';

import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import {
  identifyProcess,
  isAlive,
  processIdentity,
  type StopSteps,
} from '../../scripts/services/process-identity.ts';
import {
  RECORD_FILE,
  ServiceInUseError,
  stopLeftover,
} from '../../scripts/services/service-record.ts';

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

/** Removes a run's folder; first ends every process noted in it that has lost the one that started it. */
export async function removeRunFolder(folder: string): Promise<void> {
  // Twice: a command that a test started may itself be the owner of servers.
  for (const records of [findRecords(folder), findRecords(folder)]) {
    for (const record of records) await stopLeftover(record, STOP_STEPS).catch(ignoreLiveOwner);
  }
  // A backend that has lost its postmaster may still be closing its files.
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

/** PostgreSQL's `immediate`, and the end of all others: nothing in here is kept. */
const STOP_STEPS: StopSteps = { signal: 'SIGQUIT', timeoutMilliseconds: 3_000 };

function ignoreLiveOwner(error: unknown): void {
  if (!(error instanceof ServiceInUseError)) throw error;
}

/** Notes of services, wherever tests put them; not in PostgreSQL's own thousand files. */
function findRecords(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.name === RECORD_FILE) return [file];
    return entry.isDirectory() && entry.name !== 'data' ? findRecords(file) : [];
  });
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
    return isAlive(processIdentity.parse(owner));
  } catch {
    // No owner yet: a run that begins at this moment, unless it is old enough to have died there.
    return Date.now() - lstatSync(folder).mtimeMs < 60_000;
  }
}
