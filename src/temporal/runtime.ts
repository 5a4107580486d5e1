import { Runtime } from '@temporalio/worker';

import { toSdkLogger } from './logging.ts';
import type { Logger } from './logging.ts';

/**
 * Prepares the SDK's native core for this process: its logs, and those of workflows and activities,
 * go to `logger`. To be called once, before the first native connection; a second call changes
 * nothing, since a process has one core.
 *
 * Signals stay with the process that installs it: the SDK listens to none.
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

/** Writes out what the SDK still holds back to put it in order. */
export function flushRuntimeLogs(): void {
  if (isInstalled) Runtime.instance().flushLogs();
}

let isInstalled = false;
