/** A Temporal server that a test kills and starts again on the same file and port. */
import { choosePort } from '../../../scripts/services/ports.ts';
import { startTemporal, type TemporalServer } from '../../../scripts/services/temporal-server.ts';

/** A server whose address stays while the process behind it changes. */
export interface RestartableTemporal {
  /** `host:port` */
  readonly address: string;
  /** Kills it by SIGKILL and returns once it is gone. */
  kill(): Promise<void>;
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** @param cli - path of the CLI, which is the server too */
export async function startRestartableTemporal(
  dataDirectory: string,
  cli: string,
): Promise<RestartableTemporal> {
  const port = await choosePort();
  const start = async (): Promise<TemporalServer> =>
    await startTemporal({
      cli: { path: cli, version: '' },
      dataDirectory,
      port,
      durable: true,
      dynamicConfig: { 'system.namespaceCacheRefreshInterval': '100ms' },
    });
  let server = await start();
  return {
    address: server.address,
    kill: async () => {
      server.signal('SIGKILL');
      await server.exited;
    },
    stop: async () => {
      await server.stop();
    },
    start: async () => {
      server = await start();
    },
  };
}
