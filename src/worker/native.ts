/** The SDK's native core: set up once in a process, and its connection to Temporal. */
import { NativeConnection, Runtime } from '@temporalio/worker';

import { toSdkLogger, type Logger } from '../logging/logging.ts';
import type { TemporalSettings } from '../temporal/connection-settings.ts';
import { CONNECT_TIMEOUT_MILLISECONDS, TemporalUnreachableError } from '../temporal/connection.ts';

let isInstalled = false;

/**
 * Prepares the native core for this process, with all its logs and those of workflows and activities to
 * `logger`. Call it before the first native connection; a second call changes nothing.
 *
 * The core ends with the last native connection, and writes the logs that it has buffered.
 */
export function installRuntime(logger: Logger): void {
  if (isInstalled) return;
  isInstalled = true;
  Runtime.install({
    logger: toSdkLogger(logger),
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
    // How soon `temporal worker list` shows a new worker; the default is a minute.
    workerHeartbeatInterval: '10s',
    // The process handles its signals itself.
    shutdownSignals: [],
  });
}

/**
 * Connects a worker; a client may share the connection. Close it after the worker has ended.
 *
 * @throws {@link TemporalUnreachableError} when the server does not answer in time.
 */
export async function connectWorker(settings: TemporalSettings): Promise<NativeConnection> {
  const connecting = NativeConnection.connect(settings.connection);
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    timeout.reject(new Error('No answer in time'));
  }, CONNECT_TIMEOUT_MILLISECONDS);
  try {
    // The native core has no time limit of its own for a host that never answers.
    return await Promise.race([connecting, timeout.promise]);
  } catch (error) {
    // A connection that is established later is closed at once; a late failure is ignored.
    connecting.then(
      (late) => late.close(),
      () => undefined,
    );
    throw new TemporalUnreachableError(settings, error);
  } finally {
    clearTimeout(timer);
  }
}
