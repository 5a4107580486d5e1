/** The worker, as a process of its own: the very command that runs in production. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { spawnService, type ServiceProcess } from '../services/service-process.ts';
import { RECORD_FILE, stopLeftover, type StopSteps } from '../services/service-record.ts';

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** It leaves after the chunk it is at; killed after this time, what it did is in the ledger anyway. */
const STOP_STEPS: StopSteps = { gently: 'SIGTERM', patienceMilliseconds: 4_000 };

/**
 * Ends the worker of a run that was killed; it goes first, while its servers still answer.
 * @throws ServiceInUseError when another development environment uses the folder now.
 */
export async function endLeftoverWorker(
  dataDirectory: string,
  say: (message: string) => void,
): Promise<void> {
  const ended = await stopLeftover(recordFile(dataDirectory), STOP_STEPS);
  if (ended !== undefined) {
    say(`Stopped the worker (process ${String(ended)}) of a run that was killed.`);
  }
}

/** Starts the worker; it leaves with the disposal. */
export async function startWorker(
  dataDirectory: string,
  env: NodeJS.ProcessEnv,
): Promise<ServiceProcess & AsyncDisposable> {
  const worker = await spawnService({
    name: 'The worker',
    program: process.execPath,
    args: [CLI, 'worker'],
    // The schedule is made here and told about; two at it would only confuse the reader of the log.
    env: { ...env, SESSION_CLEANUP_SCHEDULE: 'off' },
    logFile: path.join(dataDirectory, 'worker', 'worker.log'),
    recordFile: recordFile(dataDirectory),
  });
  return {
    ...worker,
    [Symbol.asyncDispose]: async () => {
      await worker.end(STOP_STEPS);
    },
  };
}

function recordFile(dataDirectory: string): string {
  return path.join(dataDirectory, 'worker', RECORD_FILE);
}
