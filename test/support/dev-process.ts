/** `npm run dev` as a process, for tests. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { inject } from 'vitest';

import { choosePort } from '../../scripts/services/ports.ts';
import { identifyProcess } from '../../scripts/services/process-identity.ts';
import { RECORD_FILE, writeServiceRecord } from '../../scripts/services/service-record.ts';
import { test as withFolder } from './temporary-folder.ts';

/** A development environment that was started. */
export interface DevProcess {
  /** All that it wrote so far, both streams. */
  output(): string;
  /** Waits until it has written this. */
  says(text: string | RegExp): Promise<void>;
  /** Sends a signal to its process group, as a terminal does. */
  signal(signal: NodeJS.Signals): void;
  /** Waits for its end. */
  ended(): Promise<{ readonly code: number | null; readonly lastLine: string }>;
}

/** How to start one; all of them in one test share a folder. */
export interface DevStart {
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

const SCRIPT = fileURLToPath(new URL('../../scripts/dev.ts', import.meta.url));
const SAYS_WITHIN_MILLISECONDS = 45_000;

export const test = withFolder
  /** The folder that keeps everything. */
  .extend('data', ({ folder }) => path.join(folder, 'dev'))
  /** Starts a development environment on that folder, on ports of its own; ended after the test. */
  .extend('startDev', async ({ data }, { onCleanup }) => {
    const started: DevProcess[] = [];
    onCleanup(async () => {
      for (const dev of started) dev.signal('SIGINT');
      await Promise.all(started.map((dev) => dev.ended()));
    });
    return async (start: DevStart = {}): Promise<DevProcess> => {
      const dev = await startDevProcess(data, start);
      started.push(dev);
      return dev;
    };
  });

/** Fails, with all that was written, unless the process ended well. */
export function expectDone(code: number | null, dev: DevProcess): void {
  if (code !== 0) throw new Error(`It ended with ${String(code)}:\n${dev.output()}`);
}

/** Pids of the servers and the worker that the folder's notes name; those that live. */
export function liveServices(data: string): readonly number[] {
  return ['postgres', 'temporal', 'worker'].flatMap((service) => {
    const pid = recordedPid(path.join(data, service, RECORD_FILE));
    return pid !== undefined && identifyProcess(pid) !== undefined ? [pid] : [];
  });
}

/** The variables that a running environment leaves for other terminals. */
export function readEnvironmentFile(data: string): Readonly<Record<string, string>> {
  const lines = readFileSync(path.join(data, 'environment'), 'utf8').trim().split('\n');
  return Object.fromEntries(
    lines.map((line) => {
      const [, name = '', value = ''] = /^export (\w+)='(.*)'$/.exec(line) ?? [];
      return [name, value];
    }),
  );
}

async function startDevProcess(data: string, start: DevStart): Promise<DevProcess> {
  const { args = [], env = {} } = start;
  const ports = [await choosePort(), await choosePort(), await choosePort()];
  const [postgres, temporal, ui] = ports.map(String);
  const child = spawn(
    process.execPath,
    [
      ...[SCRIPT, '--data', data, '--postgres-port', postgres ?? ''],
      ...['--temporal-port', temporal ?? '', '--ui-port', ui ?? '', ...args],
    ],
    {
      // A process group of its own is what a job in a terminal has.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], TEMPORAL_CLI: inject('temporalCli'), ...env },
    },
  );
  if (child.pid !== undefined)
    writeServiceRecord(path.join(data, '../command', RECORD_FILE), child.pid);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
  }
  const closed = once(child, 'close');
  return {
    output: () => output,
    says: async (text) => {
      const deadline = Date.now() + SAYS_WITHIN_MILLISECONDS;
      while (typeof text === 'string' ? !output.includes(text) : !text.test(output)) {
        if (child.exitCode !== null)
          throw new Error(`It ended without ${String(text)}:\n${output}`);
        if (Date.now() > deadline) throw new Error(`It never said ${String(text)}:\n${output}`);
        await sleep(20);
      }
    },
    signal: (signal) => {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
        process.kill(-child.pid, signal);
      }
    },
    ended: async () => {
      await closed;
      return { code: child.exitCode, lastLine: output.trimEnd().split('\n').at(-1) ?? '' };
    },
  };
}

function recordedPid(file: string): number | undefined {
  try {
    const record: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const pid: unknown = Object(Object(record).service).pid;
    return typeof pid === 'number' ? pid : undefined;
  } catch {
    return undefined;
  }
}
