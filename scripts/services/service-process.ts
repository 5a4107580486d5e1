/** Servers and workers as child processes: started, recorded, and stopped in order. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { CommandFailure } from '../../src/cli/errors.ts';
import type { Account } from './account.ts';
import { isPortFree, LOOPBACK, type PortWish } from './ports.ts';
import { identifyProcess, signalProcess, stopProcess, type StopSteps } from './process-identity.ts';
import { removeServiceRecord, writeServiceRecord } from './service-record.ts';

/** What to start, and where its output and its record go. */
export interface ServiceCommand {
  /** Name for messages, with the address of a server. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Default: the current user. */
  readonly account?: Account | undefined;
  /** Gets the output; overwritten by every start. */
  readonly logFile: string;
  readonly recordFile: string;
}

export interface ServiceProcess {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Resolves with the reason, never rejects, once the process has ended. */
  readonly exited: Promise<string>;
  hasExited(): boolean;
  /** Sends a signal; does nothing when the process has ended. */
  signal(signal: NodeJS.Signals): void;
  /** Stops the process and returns once it is gone. Can be repeated. */
  end(steps: StopSteps): Promise<void>;
}

/**
 * Starts a process in a session of its own: Ctrl-C signals all processes of the terminal's foreground
 * group, and a database that stopped by itself would interrupt the worker's chunk.
 */
export async function spawnService(command: ServiceCommand): Promise<ServiceProcess> {
  mkdirSync(path.dirname(command.logFile), { recursive: true });
  const output = openSync(command.logFile, 'w', 0o600);
  const child = spawn(command.program, command.args, {
    // The current folder may be closed to the account; the root never is.
    cwd: '/',
    detached: true,
    env: command.env,
    stdio: ['ignore', output, output],
    ...command.account,
  });
  closeSync(output);
  const { pid } = child;
  if (pid !== undefined) writeServiceRecord(command.recordFile, pid);

  let reason: string | undefined;
  const exited = new Promise<string>((resolve) => {
    const end = (why: string): void => {
      reason ??= why;
      resolve(reason);
    };
    child.once('error', (error) => {
      end(error.message);
    });
    child.once('exit', (code, signal) => {
      end(signal === null ? `exit code ${String(code)}` : `signal ${signal}`);
    });
  });
  if (pid === undefined) throw new CommandFailure(`${command.name} did not start: ${await exited}`);
  const identity = identifyProcess(pid);

  return {
    name: command.name,
    pid,
    logFile: command.logFile,
    exited,
    hasExited: () => reason !== undefined,
    signal: (signal) => {
      if (identity !== undefined && reason === undefined) signalProcess(identity, signal);
    },
    end: async (steps) => {
      if (identity !== undefined && reason === undefined) await stopProcess(identity, steps);
      await exited;
      removeServiceRecord(command.recordFile);
    },
  };
}

export interface ServerStart {
  /** Resolved in this order, and passed to the functions below. */
  readonly ports: readonly PortWish[];
  readonly command: (ports: readonly number[]) => ServiceCommand;
  /** True once this server, not another one on the same port, can be used. */
  readonly isReady: (service: ServiceProcess, ports: readonly number[]) => Promise<boolean>;
  /** Stops a server that did not become ready. */
  readonly stopSteps: StopSteps;
  /** Matches the log of a server whose start can be repeated. */
  readonly transient?: RegExp;
}

const READY_WITHIN_MILLISECONDS = 60_000;
const MOST_PORT_CHOICES = 5;

/**
 * Starts a server and returns once it is ready. Another process may take a port between its choice and
 * the server's start: then the ports are chosen again, except those that the caller fixed.
 * @throws CommandFailure with the port when a fixed one is in use, else with the end of the server's log.
 */
export async function startServer(
  start: ServerStart,
): Promise<{ readonly service: ServiceProcess; readonly ports: readonly number[] }> {
  const deadline = Date.now() + READY_WITHIN_MILLISECONDS;
  let inUse: readonly number[] = [];
  for (let attempt = 1; ; attempt += 1) {
    const ports: number[] = [];
    for (const wish of start.ports) {
      ports.push(typeof wish === 'number' ? wish : await wish([...inUse, ...ports]));
    }
    const service = await spawnService(start.command(ports));
    while (!service.hasExited() && Date.now() < deadline) {
      if (await start.isReady(service, ports)) return { service, ports };
      await Promise.race([sleep(25), service.exited]);
    }
    const log = readLog(service.logFile);
    await service.end(start.stopSteps);

    const isPortTaken = /address already in use/i.test(log);
    if (isPortTaken) inUse = await portsInUse(ports);
    const fixed = start.ports.find((wish) => typeof wish === 'number' && inUse.includes(wish));
    if (fixed !== undefined) {
      throw new CommandFailure(
        `${service.name} did not start: another process listens on ${LOOPBACK}:${String(fixed)}. ` +
          'Stop that process, or choose another port.',
      );
    }
    const canRetry =
      (isPortTaken && attempt < MOST_PORT_CHOICES) || start.transient?.test(log) === true;
    if (!canRetry || Date.now() >= deadline) throw serviceFailure(service, 'did not start');
    await sleep(200);
  }
}

/** Resolves with an error once a process has ended that was expected to run. */
export async function unexpectedExit(service: ServiceProcess): Promise<CommandFailure> {
  return serviceFailure(service, `stopped unexpectedly (${await service.exited})`);
}

/** An error for a process that ended or did not become ready, with the last lines of its log. */
export function serviceFailure({ name, logFile }: ServiceProcess, what: string): CommandFailure {
  const lastLines = readLog(logFile).trimEnd().split('\n').slice(-12).join('\n');
  return new CommandFailure(`${name} ${what}. The end of ${logFile}:\n${lastLines}`);
}

function readLog(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return String(error);
  }
}

async function portsInUse(ports: readonly number[]): Promise<readonly number[]> {
  const checked = await Promise.all(
    ports.map(async (port) => ((await isPortFree(port)) ? [] : port)),
  );
  return checked.flat();
}
