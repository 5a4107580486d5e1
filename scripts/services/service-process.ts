/** A server as a child process: started apart from our terminal, noted down, and ended in order. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { CommandFailure } from '../../src/cli/errors.ts';
import { identifyProcess, signalProcess, type ProcessIdentity } from './process-identity.ts';
import {
  endProcess,
  removeServiceRecord,
  writeServiceRecord,
  type StopSteps,
} from './service-record.ts';

/** The OS user that a server runs as; undefined means: the one we are. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** What to start, and where to leave its output and its note. */
export interface ServiceCommand {
  /** Name for messages, such as `PostgreSQL`. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly account?: Account | undefined;
  /** Takes the output; begun anew by every start. */
  readonly logFile: string;
  readonly recordFile: string;
}

/** A server that was started. */
export interface ServiceProcess {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Resolves, never rejects, with the reason once the process is gone. */
  readonly exited: Promise<string>;
  hasExited(): boolean;
  /** Sends a signal; nothing happens when the process is gone. */
  signal(signal: NodeJS.Signals): void;
  /** Ends it and returns once it is gone. May be called again. */
  end(steps: StopSteps): Promise<void>;
}

/**
 * Starts a server in a process group and session of its own: Ctrl-C in a terminal signals the whole
 * foreground group, and a database that stops by itself would take the worker's chunk with it. So the
 * signal reaches only us, and we end the servers when the worker has left.
 */
export async function spawnService(command: ServiceCommand): Promise<ServiceProcess> {
  mkdirSync(path.dirname(command.logFile), { recursive: true });
  const output = openSync(command.logFile, 'w', 0o600);
  const child = spawn(command.program, command.args, {
    // Some parent of our folder may be closed to the account; the root never is.
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
  const identity: ProcessIdentity | undefined = identifyProcess(pid);

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
      if (identity !== undefined && reason === undefined) await endProcess(identity, steps);
      await exited;
      removeServiceRecord(command.recordFile);
    },
  };
}

/** An error about a server that ended, or never became ready: with the last lines of its log. */
export function serviceFailure(
  service: Pick<ServiceProcess, 'name' | 'logFile'>,
  what: string,
): CommandFailure {
  return new CommandFailure(
    `${service.name} ${what}. The end of ${service.logFile}:\n${lastLines(service.logFile)}`,
  );
}

function lastLines(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-12).join('\n');
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
