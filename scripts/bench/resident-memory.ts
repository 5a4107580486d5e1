/** The memory of a process as it works. */
import { readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';

import type { MemorySample } from './measurement.ts';

const EVERY_MILLISECONDS = 50;

/** Samples a process's resident memory until stopped. */
export function watchMemory(pid: number): { stop(): readonly MemorySample[] } {
  const began = performance.now();
  const samples: MemorySample[] = [[0, residentMemory(pid)]];
  const timer = setInterval(() => {
    samples.push([Math.round(performance.now() - began), residentMemory(pid)]);
  }, EVERY_MILLISECONDS);
  return {
    stop: () => {
      clearInterval(timer);
      return samples;
    },
  };
}

/** What a process holds in memory now; bytes. */
function residentMemory(pid: number): number {
  const kibibytes =
    process.platform === 'linux'
      ? /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1]
      : execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  return Number(kibibytes ?? 0) * 1_024;
}
