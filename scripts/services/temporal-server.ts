/** A Temporal dev server of our own, with or without its Web UI. */
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';

import { Connection } from '@temporalio/client';

import { LOOPBACK, type PortWish } from './ports.ts';
import { spawnService } from './service-process.ts';
import { RECORD_FILE, stopLeftover, type StopSteps } from './service-record.ts';
import { startService } from './service-start.ts';
import type { TemporalCli } from './temporal-cli.ts';

/** What kind of server is wanted. */
export interface TemporalOptions {
  readonly cli: TemporalCli;
  /** Keeps the server's log and, with `durable`, its data; made when it does not exist. */
  readonly dataDirectory: string;
  /** The port to listen on. A function is asked again when another process takes the port first. */
  readonly port: PortWish;
  /** The Web UI's port; left out: no Web UI. */
  readonly uiPort?: PortWish;
  /** True: everything is in a file and there again after a restart. False: gone with the process. */
  readonly durable: boolean;
  /** The server's dynamic configuration, values as JSON. */
  readonly dynamicConfig?: Readonly<Record<string, string | number | boolean>>;
  /** Told what is worth knowing. */
  readonly say?: (message: string) => void;
}

/** A server that can start workflows in its namespace `default`. */
export interface TemporalServer {
  /** `host:port` of the gRPC interface. */
  readonly address: string;
  readonly port: number;
  /** Address of the Web UI; undefined without one. */
  readonly uiAddress: string | undefined;
  readonly pid: number;
  readonly logFile: string;
  /** Resolves with the reason once the server has ended, however that came about. */
  readonly exited: Promise<string>;
  /** Ends the server and returns once it is gone. */
  stop(): Promise<void>;
  /** Sends a signal: SIGKILL, SIGSTOP and SIGCONT for tests of failures. */
  signal(signal: NodeJS.Signals): void;
}

/** The dev server's only namespace, unless more are registered. */
export const DEFAULT_NAMESPACE = 'default';

const STOP_STEPS: StopSteps = { gently: 'SIGTERM', patienceMilliseconds: 4_000 };

/**
 * Starts the dev server on the loopback interface and returns once its namespace can be used. A server
 * that a killed run left behind on the same folder is ended first; one whose run is alive is left alone.
 * @throws ServiceInUseError when the folder's server belongs to a live run.
 * @throws Error with the end of the server's log when it does not come up.
 */
export async function startTemporal(options: TemporalOptions): Promise<TemporalServer> {
  const { dataDirectory } = options;
  await mkdir(dataDirectory, { recursive: true });
  const recordFile = path.join(dataDirectory, RECORD_FILE);
  const ended = await stopLeftover(recordFile, STOP_STEPS);
  if (ended !== undefined) {
    options.say?.(
      `Stopped the Temporal server (process ${String(ended)}) of a run that was killed.`,
    );
  }
  const logFile = path.join(dataDirectory, 'temporal.log');
  const { service, ports } = await startService({
    ports: [options.port, ...(options.uiPort === undefined ? [] : [options.uiPort])],
    spawn: ([port, uiPort]) =>
      spawnService({
        name: 'Temporal',
        program: options.cli.path,
        args: serverArguments(options, port, uiPort),
        env: withoutTemporalSettings(process.env),
        logFile,
        recordFile,
      }),
    isReady: async (_service, [port]) =>
      (await listensOn(logFile, port)) && (await isUsable(addressAt(port))),
    stopSteps: STOP_STEPS,
  });
  const [port = 0, uiPort] = ports;
  return {
    address: addressAt(port),
    port,
    uiAddress: uiPort === undefined ? undefined : `http://${addressAt(uiPort)}`,
    logFile,
    pid: service.pid,
    exited: service.exited,
    stop: async () => {
      await service.end(STOP_STEPS);
    },
    signal: (signal) => {
      service.signal(signal);
    },
  };
}

function serverArguments(
  options: TemporalOptions,
  port: number | undefined,
  uiPort: number | undefined,
): readonly string[] {
  const { dynamicConfig = {} } = options;
  return [
    ...['server', 'start-dev', '--ip', LOOPBACK, '--port', String(port)],
    ...(uiPort === undefined ? ['--headless'] : ['--ui-ip', LOOPBACK, '--ui-port', String(uiPort)]),
    ...(options.durable ? ['--db-filename', path.join(options.dataDirectory, 'temporal.db')] : []),
    ...['--log-level', 'error'],
    ...Object.entries(dynamicConfig).flatMap(([key, value]) => [
      '--dynamic-config-value',
      `${key}=${JSON.stringify(value)}`,
    ]),
  ];
}

/** The CLI reads the variables of a client, too; those mean some other server. */
function withoutTemporalSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TEMPORAL_')));
}

function addressAt(port: number | undefined): string {
  return `${LOOPBACK}:${String(port)}`;
}

/** The CLI reports the port once it listens there itself: another server could answer on it, too. */
async function listensOn(logFile: string, port: number | undefined): Promise<boolean> {
  const log = await readFile(logFile, 'utf8').catch(() => '');
  return new RegExp(`^(Temporal )?Server: .*:${String(port)}$`, 'm').test(log);
}

/** A server answers before all of its parts do: asks the ones that schedules and workers need. */
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
