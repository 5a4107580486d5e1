import { NativeConnection } from '@temporalio/worker';

import type { TemporalSettings } from '../temporal/connection-settings.ts';
import { CONNECT_TIMEOUT_MILLISECONDS, TemporalUnreachableError } from '../temporal/connection.ts';

/**
 * Connects a worker; it may serve a client too. Close it after the worker has ended.
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
    // A connection that comes about after all is closed at once, and a late failure is the same one.
    connecting.then(
      (late) => late.close(),
      () => undefined,
    );
    throw new TemporalUnreachableError(settings, error);
  } finally {
    clearTimeout(timer);
  }
}
