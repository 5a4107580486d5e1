/** Temporal dev servers, with or without the Web UI. */
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';

import { Connection } from '@temporalio/client';

import { LOOPBACK, type PortWish } from './ports.ts';
import type { StopSteps } from './process-identity.ts';
import { startServer, type ServiceProcess } from './service-process.ts';
import { RECORD_FILE, stopLeftover } from './service-record.ts';
import type { TemporalCli } from './temporal-cli.ts';

export interface TemporalOptions {
  readonly cli: TemporalCli;
  /** Contains the log and, with `durable`, the data; created when it does not exist. */
  readonly dataDirectory: string;
  readonly port: PortWish;
  /** The Web UI's port. Default: no Web UI. */
  readonly uiPort?: PortWish;
  /** True: the data is kept in a file. False: in memory. */
  readonly durable: boolean;
  /** The server's dynamic configuration. */
  readonly dynamicConfig?: Readonly<Record<string, string | number | boolean>>;
  /** Reports what a person may want to know. */
  readonly log?: (message: string) => void;
}

/** A server that can start workflows in its namespace `default`. */
export interface TemporalServer extends ServiceProcess {
  /** `host:port` of the gRPC interface. */
  readonly address: string;
  readonly port: number;
  /** Address of the Web UI; undefined without one. */
  readonly uiAddress: string | undefined;
  /** Stops the server and returns once it is gone. */
  stop(): Promise<void>;
}

/** The dev server's only namespace, unless others are registered. */
export const DEFAULT_NAMESPACE = 'default';

const STOP_STEPS: StopSteps = { signal: 'SIGTERM', timeoutMilliseconds: 4_000 };

/**
 * Starts a dev server on the loopback interface and returns once its namespace can be used. A server
 * that a killed run left behind on the same folder is stopped first.
 * @throws ServiceInUseError when the folder's server belongs to a running process.
 * @throws CommandFailure with the end of the server's log when it does not start.
 */
export async function startTemporal(options: TemporalOptions): Promise<TemporalServer> {
  const { dataDirectory, uiPort: uiWish } = options;
  await mkdir(dataDirectory, { recursive: true });
  const recordFile = path.join(dataDirectory, RECORD_FILE);
  const leftover = await stopLeftover(recordFile, STOP_STEPS);
  if (leftover !== undefined) {
    options.log?.(
      `Stopped the Temporal server (process ${String(leftover)}) of a run that was killed.`,
    );
  }
  // The CLI reads the variables of clients too, which are meant for another server.
  const env = Object.entries(process.env).filter(([name]) => !name.startsWith('TEMPORAL_'));
  const logFile = path.join(dataDirectory, 'temporal.log');
  const { service, ports } = await startServer({
    ports: [options.port, ...(uiWish === undefined ? [] : [uiWish])],
    command: ([port, uiPort]) => ({
      name: `Temporal at ${addressOf(port)}`,
      program: options.cli.path,
      args: serverArguments(options, port, uiPort),
      env: Object.fromEntries(env),
      logFile,
      recordFile,
    }),
    isReady: async (_service, [port]) =>
      (await listensOn(logFile, port)) && (await isUsable(addressOf(port))),
    stopSteps: STOP_STEPS,
  });
  const [port = 0, uiPort] = ports;
  return {
    ...service,
    address: addressOf(port),
    port,
    uiAddress: uiPort === undefined ? undefined : `http://${addressOf(uiPort)}`,
    stop: async () => {
      await service.end(STOP_STEPS);
    },
  };
}

function serverArguments(
  { durable, dataDirectory, dynamicConfig = {} }: TemporalOptions,
  port: number | undefined,
  uiPort: number | undefined,
): readonly string[] {
  return [
    ...['server', 'start-dev', '--ip', LOOPBACK, '--port', String(port)],
    ...(uiPort === undefined ? ['--headless'] : ['--ui-ip', LOOPBACK, '--ui-port', String(uiPort)]),
    ...(durable ? ['--db-filename', path.join(dataDirectory, 'temporal.db')] : []),
    ...['--log-level', 'error'],
    ...Object.entries(dynamicConfig).flatMap(([key, value]) => [
      '--dynamic-config-value',
      `${key}=${JSON.stringify(value)}`,
    ]),
  ];
}

function addressOf(port: number | undefined): string {
  return `${LOOPBACK}:${String(port)}`;
}

/** The CLI prints the port once it listens on it; without this, another server might answer there. */
async function listensOn(logFile: string, port: number | undefined): Promise<boolean> {
  const log = await readFile(logFile, 'utf8').catch(() => '');
  return new RegExp(`^(Temporal )?Server: .*:${String(port)}$`, 'm').test(log);
}

/** Calls the parts of the server that schedules and workers need, which become available one by one. */
async function isUsable(address: string): Promise<boolean> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ address, connectTimeout: 2_000 });
    const { workflowService } = connection;
    const namespace = DEFAULT_NAMESPACE;
    await workflowService.describeNamespace({ namespace });
    await workflowService.listSchedules({ namespace, maximumPageSize: 1 });
    await workflowService.describeTaskQueue({ namespace, taskQueue: { name: 'readiness' } });
    return true;
  } catch {
    return false;
  } finally {
    await connection?.close();
  }
}
