/** The SDK's native core: set up once in a process, and its connection to Temporal. */
import { NativeConnection, Runtime, type MetricsExporterConfig } from '@temporalio/worker';

import { SETTINGS } from '../config/settings.ts';
import { toSdkLogger, type Logger } from '../logging/logging.ts';
import type { TemporalSettings } from '../temporal/connection-settings.ts';
import {
  CONNECT_TIMEOUT_MILLISECONDS,
  connectClient,
  TemporalRefusedError,
  TemporalUnreachableError,
  toConnectionError,
} from '../temporal/connection.ts';
import { ListenError } from './listen-error.ts';

let isInstalled = false;

/**
 * Prepares the native core for this process, with all its logs and those of workflows and activities to
 * `logger`. Call it before the first native connection; a second call changes nothing.
 *
 * The core ends with the last native connection, and writes the logs that it has buffered.
 *
 * @throws ListenError when the metrics cannot be served on their address
 */
export function installRuntime(logger: Logger, metrics?: MetricsExporterConfig): void {
  if (isInstalled) return;
  isInstalled = true;
  try {
    Runtime.install({
      logger: toSdkLogger(logger),
      telemetryOptions: {
        logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} },
        ...(metrics === undefined ? {} : { metrics }),
      },
      // How soon `temporal worker list` shows a new worker; the default is a minute.
      workerHeartbeatInterval: '10s',
      // The process handles its signals itself.
      shutdownSignals: [],
    });
  } catch (error) {
    const reason = error instanceof Error ? PROMETHEUS_FAILED.exec(error.message)?.[1] : undefined;
    if (reason === undefined || metrics === undefined || !('prometheus' in metrics)) throw error;
    const { bindAddress } = metrics.prometheus;
    throw new ListenError(SETTINGS.metricsAddress.name, bindAddress, reason);
  }
}

/** How the native core reports an address that it cannot listen on. */
const PROMETHEUS_FAILED = /prometheus metrics exporter: (.+?)(?: \(os error \d+\))?$/;

/**
 * Connects a worker; a client may share the connection. Close it after the worker has ended.
 *
 * @throws TemporalUnreachableError when the server does not answer in time
 * @throws TemporalRefusedError, or the server's refusal of this login
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
    throw await explain(settings, error);
  } finally {
    clearTimeout(timer);
  }
}

/** How the native core reports a system without CA certificates; Node has its own. */
const NO_CERTIFICATES = 'NativeCertsNotFound';

/** The native core's errors have no codes. */
async function explain(settings: TemporalSettings, error: unknown): Promise<unknown> {
  if (error instanceof Error && error.message.includes(NO_CERTIFICATES)) {
    const text =
      'its certificate cannot be verified, since this machine has no CA certificates. Install them ' +
      '(the package ca-certificates), or set TEMPORAL_TLS_SERVER_CA_CERT_PATH or SSL_CERT_FILE to a file of them.';
    return new TemporalRefusedError(settings, text, error);
  }
  const found = await toConnectionError(settings, error);
  if (found !== undefined) return found;
  try {
    // Only a client gets the reason for which the server refuses a login.
    await using _client = await connectClient(settings);
    return new TemporalUnreachableError(settings, error);
  } catch (reason) {
    return reason;
  }
}
