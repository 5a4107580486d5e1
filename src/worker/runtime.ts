import { Runtime } from '@temporalio/worker';

import { toSdkLogger } from '../logging/logging.ts';
import type { Logger } from '../logging/logging.ts';

/**
 * Prepares the SDK's native core for this process: its logs, and those of workflows and activities,
 * go to `logger`. To be called once, before the first native connection; a second call changes
 * nothing, since a process has one core.
 *
 * It ends by itself with the last native connection, and writes out the logs that it holds back to put
 * them in order. Signals stay with the process that installs it: the SDK listens to none.
 */
export function installRuntime(logger: Logger): void {
  if (isInstalled) return;
  isInstalled = true;
  Runtime.install({
    logger: toSdkLogger(logger),
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
    // How soon `temporal worker list` knows a new worker; the default is a minute.
    workerHeartbeatInterval: '10s',
    shutdownSignals: [],
  });
}

let isInstalled = false;
