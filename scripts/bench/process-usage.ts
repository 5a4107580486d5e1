/** Memory and CPU time of processes. */
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';

import type { Sample } from './results.ts';
import { thinned } from './statistics.ts';

const EVERY_MILLISECONDS = 50;

/** Samples a process's resident memory, in bytes, until stopped. */
export function sampleMemory(pid: number): { stop(): readonly Sample[] } {
  const began = performance.now();
  const samples: Sample[] = [];
  const sample = (): void => {
    samples.push([Math.round(performance.now() - began), residentMemory(pid)]);
  };
  sample();
  const timer = setInterval(sample, EVERY_MILLISECONDS);
  return {
    stop: () => {
      clearInterval(timer);
      return thinned(samples, 250);
    },
  };
}

function residentMemory(pid: number): number {
  const kibibytes =
    process.platform === 'linux'
      ? /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1]
      : execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  return Number(kibibytes ?? 0) * 1_024;
}

/**
 * CPU seconds of the processes and their children so far, all threads together. Unlike elapsed time this
 * hardly changes when other work competes for the cores. NaN on systems other than Linux.
 */
export function cpuSeconds(pids: readonly number[]): number {
  if (process.platform !== 'linux') return Number.NaN;
  const family = pids.flatMap((pid) => [pid, ...wordsOf(`/proc/${String(pid)}/task/*/children`)]);
  const nanoseconds = family.flatMap((pid) =>
    globSync(`/proc/${String(pid)}/task/*/schedstat`).map((file) => Number(wordsOf(file)[0] ?? 0)),
  );
  return nanoseconds.reduce((sum, time) => sum + time, 0) / 1e9;
}

/** The words of all files that match. A process or thread may end at any moment. */
function wordsOf(pattern: string): readonly string[] {
  return globSync(pattern).flatMap((file) => {
    try {
      return readFileSync(file, 'utf8').split(' ').filter(Boolean);
    } catch {
      return [];
    }
  });
}
