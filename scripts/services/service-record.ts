/**
 * The note a running service leaves beside its data: which process it is, and who started it. A run
 * that was killed by force cannot stop its services; the next one finds them by this note.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { CommandFailure } from '../../src/cli/errors.ts';
import {
  identifyProcess,
  isAlive,
  signalProcess,
  waitUntilGone,
  type ProcessIdentity,
} from './process-identity.ts';

/** Name of the note, in each service's folder. */
export const RECORD_FILE = 'service.json';

/** A service and the process that started it. */
export interface ServiceRecord {
  readonly service: ProcessIdentity;
  readonly owner: ProcessIdentity;
}

/** Thrown when a folder's service is running and the process that started it still lives. */
export class ServiceInUseError extends CommandFailure {
  override readonly name = 'ServiceInUseError';
  readonly ownerPid: number;

  constructor(recordFile: string, record: ServiceRecord) {
    super(
      `${path.dirname(recordFile)} is in use: process ${String(record.owner.pid)} runs its service ` +
        `(process ${String(record.service.pid)}). Stop that one first, or use another folder.`,
    );
    this.ownerPid = record.owner.pid;
  }
}

/** Writes the note for a service that this process has just started. Synchronous: no gap to die in. */
export function writeServiceRecord(recordFile: string, servicePid: number): void {
  const service = identifyProcess(servicePid);
  const owner = identifyProcess(process.pid);
  // A service that is gone already needs no note; whoever waits for it sees its exit.
  if (service === undefined || owner === undefined) return;
  mkdirSync(path.dirname(recordFile), { recursive: true });
  const record: ServiceRecord = { service, owner };
  // Renamed into place, so that nobody ever reads half a note.
  const temporary = `${recordFile}.${String(process.pid)}`;
  writeFileSync(temporary, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  renameSync(temporary, recordFile);
}

/** Removes the note; nothing happens when there is none. */
export function removeServiceRecord(recordFile: string): void {
  rmSync(recordFile, { force: true });
}

/** Reads the note; undefined when there is none, or none that can be understood. */
function readServiceRecord(recordFile: string): ServiceRecord | undefined {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(recordFile, 'utf8'));
  } catch {
    return undefined;
  }
  return isServiceRecord(content) ? content : undefined;
}

/** How to end a service that was left behind. */
export interface StopSteps {
  /** Asks it to leave in order. */
  readonly gently: NodeJS.Signals;
  /** Time it has for that, in milliseconds; after that it is ended by SIGKILL. */
  readonly patienceMilliseconds: number;
}

/**
 * Ends the service that a dead run left behind, if there is one. Returns its pid when one was ended.
 * @throws ServiceInUseError when the run that started it is alive.
 */
export async function stopLeftover(
  recordFile: string,
  steps: StopSteps,
): Promise<number | undefined> {
  const record = readServiceRecord(recordFile);
  if (record === undefined) return undefined;
  const lives = isAlive(record.service);
  if (lives && isAlive(record.owner)) throw new ServiceInUseError(recordFile, record);
  if (lives) await endProcess(record.service, steps);
  removeServiceRecord(recordFile);
  return lives ? record.service.pid : undefined;
}

/** Ends a process: asks first, then insists. Returns once it is gone. */
export async function endProcess(identity: ProcessIdentity, steps: StopSteps): Promise<void> {
  // One that is stopped (SIGSTOP) would never hear the question.
  signalProcess(identity, 'SIGCONT');
  signalProcess(identity, steps.gently);
  if (await waitUntilGone(identity, steps.patienceMilliseconds)) return;
  signalProcess(identity, 'SIGKILL');
  if (!(await waitUntilGone(identity, 5_000))) {
    throw new Error(`Process ${String(identity.pid)} did not end, not even by SIGKILL.`);
  }
}

function isServiceRecord(value: unknown): value is ServiceRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    'service' in value &&
    isIdentity(value.service) &&
    'owner' in value &&
    isIdentity(value.owner)
  );
}

function isIdentity(value: unknown): value is ProcessIdentity {
  return (
    typeof value === 'object' &&
    value !== null &&
    'pid' in value &&
    Number.isInteger(value.pid) &&
    'startedAt' in value &&
    typeof value.startedAt === 'string'
  );
}
