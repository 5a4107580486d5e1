/**
 * The file beside a service's data that names its process and the process that started it. A run that
 * was killed cannot stop its services; the next run finds them by this file.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { z } from 'zod';

import { CommandFailure } from '../../src/cli/errors.ts';
import {
  identifyProcess,
  isAlive,
  processIdentity,
  stopProcess,
  type StopSteps,
} from './process-identity.ts';

export const RECORD_FILE = 'service.json';

type ServiceRecord = Readonly<z.infer<typeof serviceRecord>>;

const serviceRecord = z.object({ service: processIdentity, owner: processIdentity });

/** A folder's service is running, and so is the process that started it. */
export class ServiceInUseError extends CommandFailure {
  override readonly name = 'ServiceInUseError';
}

/** Records a service that this process has just started. Synchronous, so that nothing comes between. */
export function writeServiceRecord(recordFile: string, servicePid: number): void {
  const service = identifyProcess(servicePid);
  const owner = identifyProcess(process.pid);
  // A service that has already ended needs no record.
  if (service === undefined || owner === undefined) return;
  mkdirSync(path.dirname(recordFile), { recursive: true });
  // Renamed into place, so that the file is always complete.
  const temporary = `${recordFile}.${String(process.pid)}`;
  writeFileSync(temporary, `${JSON.stringify({ service, owner })}\n`, { mode: 0o600 });
  renameSync(temporary, recordFile);
}

export function removeServiceRecord(recordFile: string): void {
  rmSync(recordFile, { force: true });
}

/**
 * Stops the service that a killed run left behind, if there is one, and returns its pid.
 * @throws ServiceInUseError when the process that started it is running.
 */
export async function stopLeftover(
  recordFile: string,
  steps: StopSteps,
): Promise<number | undefined> {
  const { service, owner } = readServiceRecord(recordFile) ?? {};
  const isRunning = service !== undefined && isAlive(service);
  if (isRunning) {
    if (owner !== undefined && isAlive(owner)) {
      throw new ServiceInUseError(
        `${path.dirname(recordFile)}: in use by process ${String(owner.pid)}, which started process ` +
          `${String(service.pid)}. Stop it, or use another folder.`,
      );
    }
    await stopProcess(service, steps);
  }
  removeServiceRecord(recordFile);
  return isRunning ? service.pid : undefined;
}

/** The record; undefined when there is none, or when it cannot be read. */
export function readServiceRecord(recordFile: string): ServiceRecord | undefined {
  try {
    return serviceRecord.parse(JSON.parse(readFileSync(recordFile, 'utf8')));
  } catch {
    return undefined;
  }
}
