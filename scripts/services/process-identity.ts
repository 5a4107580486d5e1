/**
 * Which process a number stands for. A pid alone is not enough to end a process by: after a crash
 * the number may long since belong to somebody else.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process that can be recognised again: the pid together with the moment it began. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Opaque; only its equality means something. */
  readonly startedAt: string;
}

/** Tells which process has this pid now; undefined when none has, or only a zombie. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const startedAt = process.platform === 'linux' ? linuxStart(pid) : psColumn(pid, 'lstart=');
  return startedAt === undefined ? undefined : { pid, startedAt };
}

/** True while exactly this process lives. */
export function isAlive(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.startedAt === identity.startedAt;
}

/** The command line of a live process, its arguments joined by spaces; undefined when it is gone. */
export function commandLine(pid: number): string | undefined {
  if (process.platform !== 'linux') return psColumn(pid, 'command=');
  return readProc(pid, 'cmdline')?.split('\0').join(' ').trim();
}

/** Waits until the process is gone. Resolves to false when it is still there after that time. */
export async function waitUntilGone(
  identity: ProcessIdentity,
  timeoutMilliseconds: number,
): Promise<boolean> {
  const deadline = Date.now() + timeoutMilliseconds;
  while (isAlive(identity)) {
    if (Date.now() >= deadline) return false;
    await sleep(20);
  }
  return true;
}

/** Sends a signal to exactly this process, or to nobody. Returns whether it was there. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch (error) {
    // It ended between the look and the signal.
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

function linuxStart(pid: number): string | undefined {
  const stat = readProc(pid, 'stat');
  if (stat === undefined) return undefined;
  // The second field is the program's name in parentheses and may itself hold spaces and
  // parentheses, so fields are counted from its end: the state first, the start time 19 later.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  // Where nobody reaps orphans (a container without an init), a dead process stays as a zombie.
  return state === 'Z' || state === 'X' ? undefined : fields[19];
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
