/** Processor time of processes, by Linux's own accounts; nothing elsewhere. */
import { readdirSync, readFileSync } from 'node:fs';

/**
 * Seconds that the processes and their children have been on a core so far, all threads together.
 * Unlike the time on the clock this hardly changes when other work wants the cores as well.
 *
 * @returns undefined where the system keeps no such account
 */
export function processorSeconds(pids: readonly number[]): number | undefined {
  const family = new Set(pids.flatMap((pid) => [pid, ...childrenOf(pid)]));
  const nanoseconds = [...family].flatMap(threadTimes);
  return nanoseconds.length === 0
    ? undefined
    : nanoseconds.reduce((sum, time) => sum + time, 0) / 1e9;
}

function childrenOf(pid: number): readonly number[] {
  const text = readIfThere(`/proc/${String(pid)}/task/${String(pid)}/children`);
  return text.split(' ').flatMap((child) => (/^\d+$/.test(child) ? [Number(child)] : []));
}

function threadTimes(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${String(pid)}/task`).flatMap((thread) => {
      const [time] = readIfThere(`/proc/${String(pid)}/task/${thread}/schedstat`).split(' ');
      return time === undefined || time === '' ? [] : [Number(time)];
    });
  } catch {
    return [];
  }
}

/** A process may end at any moment. */
function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
