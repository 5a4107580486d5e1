import type { Client } from '@temporalio/client';
import type { Command } from 'commander';

import { ConfigError, type Config } from '../config/config.ts';
import { loadConfig, loadConfigWithoutDatabase } from '../config/load-config.ts';
import type { ConfigWithoutDatabase } from '../config/load-config.ts';
import { givenText } from '../config/settings-reader.ts';
import { DATABASE_URL } from '../config/settings.ts';
import { loadTemporalSettings, type TemporalSettings } from '../temporal/connection-settings.ts';
import { connectClient } from '../temporal/connection.ts';
import type { ExitCode } from './errors.ts';
import type { Output } from './rendering/terminal.ts';

/** The process that a command runs in. */
export interface CommandContext {
  readonly environment: NodeJS.ProcessEnv;
  /** For results. */
  readonly stdout: Output;
  /** For everything else: progress, logs, errors. */
  readonly stderr: Output;
}

/** How commands are run. */
export interface Invocation {
  readonly context: CommandContext;
  /** Sets the action of a command; its result becomes the exit code. */
  readonly act: (command: Command, action: () => Promise<ExitCode>) => void;
}

interface Settings<Part> {
  readonly config: Part;
  readonly temporal: TemporalSettings;
}

/** The configuration of a command that needs no database. @throws ConfigError with all problems */
export function readTemporalConfig({
  environment,
}: CommandContext): Settings<ConfigWithoutDatabase> {
  return readSettings(environment, loadConfigWithoutDatabase);
}

/** The same, with the database if the environment names one. @throws ConfigError with all problems */
export function readPartialConfig(
  context: CommandContext,
): Settings<ConfigWithoutDatabase & Partial<Pick<Config, 'database'>>> {
  return givenText(context.environment, DATABASE_URL.name) === undefined
    ? readTemporalConfig(context)
    : readFullConfig(context);
}

/** The whole configuration. @throws ConfigError with all problems */
export function readFullConfig({ environment }: CommandContext): Settings<Config> {
  return readSettings(environment, loadConfig);
}

/** Reads both parts, and reports the problems of both together. */
function readSettings<Part>(
  environment: NodeJS.ProcessEnv,
  load: (environment: NodeJS.ProcessEnv) => Part,
): Settings<Part> {
  const problems: string[] = [];
  const attempt = <Value>(read: (environment: NodeJS.ProcessEnv) => Value): Value | undefined => {
    try {
      return read(environment);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
      return undefined;
    }
  };
  const config = attempt(load);
  const temporal = attempt(loadTemporalSettings);
  if (config === undefined || temporal === undefined) throw new ConfigError(problems);
  return { config, temporal };
}

/** Runs an action with a connected client, and closes it. @throws TemporalUnreachableError */
export async function withClient<Answer>(
  settings: TemporalSettings,
  action: (client: Client) => Promise<Answer>,
): Promise<Answer> {
  await using connected = await connectClient(settings);
  return await action(connected.client);
}

/** Signals by which people and process managers ask a process to end. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Calls back for every Ctrl-C and SIGTERM, which then do not end the process, until disposed. */
export function onInterrupt(callback: (signal: string) => void): Disposable {
  for (const signal of SIGNALS) process.on(signal, callback);
  return {
    [Symbol.dispose]: () => {
      for (const signal of SIGNALS) process.off(signal, callback);
    },
  };
}
