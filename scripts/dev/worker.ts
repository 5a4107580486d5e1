/** The worker, as a process of its own: the same command that runs in production. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import type { StopSteps } from '../services/process-identity.ts';
import { spawnService, type ServiceProcess } from '../services/service-process.ts';
import { RECORD_FILE, stopLeftover } from '../services/service-record.ts';

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** It stops after its current chunk. When it is killed, the ledger still has what it deleted. */
const STOP_STEPS: StopSteps = { signal: 'SIGTERM', timeoutMilliseconds: 4_000 };

/**
 * Stops the worker that a killed start left behind, before the servers that it uses.
 * @throws ServiceInUseError when another development environment is using the folder.
 */
export async function stopLeftoverWorker(
  folder: string,
  log: (message: string) => void,
): Promise<void> {
  const pid = await stopLeftover(recordFile(folder), STOP_STEPS);
  if (pid !== undefined)
    log(`Stopped the worker (process ${String(pid)}) of a run that was killed.`);
}

/** Starts the worker. Disposal stops it. */
export async function startWorker(
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<ServiceProcess & AsyncDisposable> {
  const worker = await spawnService({
    name: 'The worker',
    program: process.execPath,
    args: [CLI, 'worker'],
    // The schedule is applied here and reported; a second time would only clutter the log.
    env: { ...env, SESSION_CLEANUP_SCHEDULE: 'off' },
    logFile: path.join(folder, 'worker', 'worker.log'),
    recordFile: recordFile(folder),
  });
  return {
    ...worker,
    [Symbol.asyncDispose]: async () => {
      await worker.end(STOP_STEPS);
    },
  };
}

function recordFile(folder: string): string {
  return path.join(folder, 'worker', RECORD_FILE);
}
