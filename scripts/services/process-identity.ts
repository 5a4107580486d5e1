/** Processes that can be recognised again: after a crash, another process may have an old pid. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { z } from 'zod';

/** A pid together with the start time of its process, which is only compared. */
export const processIdentity = z.object({ pid: z.int(), startedAt: z.string() });

export type ProcessIdentity = Readonly<z.infer<typeof processIdentity>>;

/** The process that has this pid now; undefined when there is none, or only a zombie. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const startedAt = process.platform === 'linux' ? linuxStart(pid) : psColumn(pid, 'lstart=');
  return startedAt === undefined ? undefined : { pid, startedAt };
}

/** True while exactly this process lives. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.startedAt === identity.startedAt;
}

/** The command line of a live process, arguments joined by spaces; undefined when it is gone. */
export function commandLine(pid: number): string | undefined {
  if (process.platform !== 'linux') return psColumn(pid, 'command=');
  return readProc(pid, 'cmdline')?.split('\0').join(' ').trim();
}

/** Sends a signal to exactly this process; does nothing when it is gone. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  try {
    if (isAlive(identity)) process.kill(identity.pid, signal);
  } catch (error) {
    // It ended in between.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

export interface StopSteps {
  /** Asks it to shut down. */
  readonly signal: NodeJS.Signals;
  /** Time for the shutdown; then it is killed. */
  readonly timeoutMilliseconds: number;
}

/** Stops a process, by SIGKILL if necessary. Returns once it is gone. */
export async function stopProcess(identity: ProcessIdentity, steps: StopSteps): Promise<void> {
  // A process that is stopped by SIGSTOP would not handle the signal.
  signalProcess(identity, 'SIGCONT');
  signalProcess(identity, steps.signal);
  if (await endsWithin(identity, steps.timeoutMilliseconds)) return;
  signalProcess(identity, 'SIGKILL');
  if (await endsWithin(identity, 5_000)) return;
  throw new Error(`Process ${String(identity.pid)} did not end after SIGKILL.`);
}

async function endsWithin(identity: ProcessIdentity, milliseconds: number): Promise<boolean> {
  const deadline = Date.now() + milliseconds;
  while (isAlive(identity)) {
    if (Date.now() >= deadline) return false;
    await sleep(20);
  }
  return true;
}

function linuxStart(pid: number): string | undefined {
  const stat = readProc(pid, 'stat');
  if (stat === undefined) return undefined;
  // The second field is the program's name in parentheses, which may contain spaces and parentheses, so
  // fields are counted from its end: first the state, and 19 fields later the start time.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // In a container without an init process, a dead orphan stays a zombie.
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

function readProc(pid: number, file: 'stat' | 'cmdline'): string | undefined {
  try {
    return readFileSync(`/proc/${String(pid)}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}

function psColumn(pid: number, column: 'lstart=' | 'command='): string | undefined {
  try {
    const shown = execFileSync('ps', ['-ww', '-o', 'state=', '-o', column, '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    return shown === '' || shown.startsWith('Z') ? undefined : shown.replace(/^\S+\s+/, '');
  } catch {
    return undefined;
  }
}
