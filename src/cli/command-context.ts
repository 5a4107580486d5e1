import { ConfigError } from '../config/config.ts';
import type { Config } from '../config/config.ts';
import { loadConfig, loadConfigWithoutDatabase } from '../config/load-config.ts';
import type { ConfigWithoutDatabase } from '../config/load-config.ts';
import { givenText } from '../config/load-config.ts';
import { DATABASE_URL } from '../config/settings.ts';
import { loadTemporalSettings } from '../temporal/connection-settings.ts';
import type { TemporalSettings } from '../temporal/connection-settings.ts';
import type { Output } from './rendering/painter.ts';

/** The world as a command sees it. */
export interface CommandContext {
  readonly environment: NodeJS.ProcessEnv;
  /** For results. */
  readonly stdout: Output;
  /** For everything else: progress, logs, errors. */
  readonly stderr: Output;
}

/** Writes a result: one JSON document for machines, or text for people. */
export function writeResult(
  context: CommandContext,
  asJson: boolean | undefined,
  result: unknown,
  text: () => string,
): void {
  context.stdout.write(
    asJson === true ? `${JSON.stringify(result, undefined, 2)}\n` : `${text().trimEnd()}\n`,
  );
}

/**
 * What a command that only talks to Temporal needs to know.
 *
 * @throws ConfigError listing the problems of both parts
 */
export function readTemporalConfig({ environment }: CommandContext): {
  readonly config: ConfigWithoutDatabase;
  readonly temporal: TemporalSettings;
} {
  const [config, temporal] = together(
    () => loadConfigWithoutDatabase(environment),
    () => loadTemporalSettings(environment),
  );
  return { config, temporal };
}

/**
 * The same, with the database where the environment names one.
 *
 * @throws ConfigError listing the problems of both parts
 */
export function readPartialConfig(context: CommandContext): {
  readonly config: ConfigWithoutDatabase & Partial<Pick<Config, 'database'>>;
  readonly temporal: TemporalSettings;
} {
  return givenText(context.environment, DATABASE_URL.name) === undefined
    ? readTemporalConfig(context)
    : readFullConfig(context);
}

/**
 * What a command that talks to Temporal and the database needs to know.
 *
 * @throws ConfigError listing the problems of both parts
 */
export function readFullConfig({ environment }: CommandContext): {
  readonly config: Config;
  readonly temporal: TemporalSettings;
} {
  const [config, temporal] = together(
    () => loadConfig(environment),
    () => loadTemporalSettings(environment),
  );
  return { config, temporal };
}

/** Reads two parts of the configuration, and tells the problems of both at once. */
function together<First, Second>(first: () => First, second: () => Second): [First, Second] {
  const problems: string[] = [];
  const attempt = <Part>(read: () => Part): Part | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      problems.push(...error.problems);
      return undefined;
    }
  };
  const parts = [attempt(first), attempt(second)] as const;
  const [one, two] = parts;
  if (one === undefined || two === undefined) throw new ConfigError(problems);
  return [one, two];
}
