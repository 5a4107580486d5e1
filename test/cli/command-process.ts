/** The command as a process, as people and process managers run it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import os from 'node:os';
import { fileURLToPath } from 'node:url';

import { vi } from 'vitest';

import type { TestDatabase } from '../support/test-database.ts';
import type { TestTemporal } from '../support/test-namespace.ts';

const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** How a command ended. */
export interface CommandEnd {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface RunningCommand extends AsyncDisposable {
  readonly ended: Promise<CommandEnd>;
  /** What it has written so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly signal: (name: NodeJS.Signals) => void;
  /** Waits until it has written this text. */
  readonly untilWritten: (text: string) => Promise<void>;
}

/** A test's command inherits no settings of the machine. */
const CLEAN_ENVIRONMENT: NodeJS.ProcessEnv = {
  PATH: process.env['PATH'],
  TEMPORAL_CONFIG_FILE: os.devNull,
  // A hundred processes load the same files: compiled once, they start in half the time.
  NODE_COMPILE_CACHE: fileURLToPath(new URL('../../.cache/compiled', import.meta.url)),
};

/** Starts a command; `await using` kills it if it has not ended by then. */
export function startCommand(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): RunningCommand {
  return startProgram(process.execPath, [CLI, ...args], environment);
}

/** The same for any program, such as one that runs the command. */
export function startProgram(
  program: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
): RunningCommand {
  const child = spawn(program, [...args], {
    env: { ...CLEAN_ENVIRONMENT, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(() => ({ exitCode: child.exitCode, stdout, stderr }));
  return {
    ended,
    stdout: () => stdout,
    stderr: () => stderr,
    signal: (name) => {
      child.kill(name);
    },
    untilWritten: async (text) => {
      await vi.waitUntil(
        () => {
          const written = stdout + stderr;
          if (written.includes(text)) return true;
          if (child.exitCode !== null) throw new Error(`ended without "${text}": ${written}`);
          return false;
        },
        { timeout: 45_000, interval: 50 },
      );
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Runs a command to its end. */
export async function runCommand(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<CommandEnd> {
  await using command = startCommand(args, environment);
  return await command.ended;
}

/** Runs a command with `--json` and reads what it printed. */
export async function runJson(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<{ readonly exitCode: number | null; readonly result: unknown }> {
  const { exitCode, stdout } = await runCommand([...args, '--json'], environment);
  return { exitCode, result: JSON.parse(stdout) as unknown };
}

type Address = Pick<TestTemporal, 'address' | 'namespace' | 'taskQueue'>;

/** The environment of a command that uses the test's database and Temporal. */
export function environmentFor(
  database: Pick<TestDatabase, 'url'>,
  temporal: Address,
): NodeJS.ProcessEnv {
  return { DATABASE_URL: database.url, ...temporalEnvironment(temporal) };
}

/** The environment of a command that uses the test's Temporal only. */
export function temporalEnvironment(temporal: Address): NodeJS.ProcessEnv {
  return {
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    SESSION_CLEANUP_TASK_QUEUE: temporal.taskQueue,
  };
}
