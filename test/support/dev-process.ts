/** `npm run dev` as a process, for tests. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { inject } from 'vitest';

import { choosePort } from '../../scripts/services/ports.ts';
import { isAlive } from '../../scripts/services/process-identity.ts';
import {
  readServiceRecord,
  RECORD_FILE,
  writeServiceRecord,
} from '../../scripts/services/service-record.ts';
import { test as withFolder } from './temporary-folder.ts';

/** A running development environment. */
export interface DevProcess {
  /** Everything written so far to both streams. */
  output(): string;
  /** Waits until it has written this. */
  waitFor(text: string | RegExp): Promise<void>;
  /** Sends a signal to its process group, as a terminal does. */
  signal(signal: NodeJS.Signals): void;
  /** Waits for its end. */
  ended(): Promise<{ readonly code: number | null; readonly lastLine: string }>;
}

/** How to start one; all in a test share a folder. */
export interface DevStart {
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

const SCRIPT = fileURLToPath(new URL('../../scripts/dev.ts', import.meta.url));
const WRITES_WITHIN_MILLISECONDS = 45_000;

export const test = withFolder
  /** The folder for data and logs. */
  .extend('data', ({ folder }) => path.join(folder, 'dev'))
  /** Starts a development environment on that folder and on free ports; stopped after the test. */
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

/** Fails with the output unless the exit code is 0. */
export function expectDone(code: number | null, dev: DevProcess): void {
  if (code !== 0) throw new Error(`It ended with ${String(code)}:\n${dev.output()}`);
}

/** Pids of the running servers and worker, by the records in the folder. */
export function liveServices(data: string): readonly number[] {
  return ['postgres', 'temporal', 'worker'].flatMap((service) => {
    const record = readServiceRecord(path.join(data, service, RECORD_FILE));
    return record !== undefined && isAlive(record.service) ? [record.service.pid] : [];
  });
}

/** The variables that a running environment writes for other terminals. */
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
    waitFor: async (text) => {
      const deadline = Date.now() + WRITES_WITHIN_MILLISECONDS;
      while (typeof text === 'string' ? !output.includes(text) : !text.test(output)) {
        if (child.exitCode !== null)
          throw new Error(`It ended without ${String(text)}:\n${output}`);
        if (Date.now() > deadline)
          throw new Error(`It did not write ${String(text)} in time:\n${output}`);
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
