import type { LogLevel as SdkLevel, Logger as SdkLogger } from '@temporalio/common';
import { pino } from 'pino';
import type { Logger } from 'pino';

import type { Config } from '../config/config.ts';
import { renderLogLine } from './log-line.ts';

export type { Logger } from 'pino';

/** Where log lines go. */
export interface LogOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/**
 * A logger that writes one JSON object a line; to a terminal, lines for people.
 *
 * Errors are written as name, code, message and stack only: a database driver's error has further
 * fields that quote the rows it is about.
 */
export function createLogger(level: Config['logLevel'], output: LogOutput): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: describeError, err: describeError },
    },
    {
      write: (line: string) => output.write(output.isTTY === true ? renderLogLine(line) : line),
    },
  );
}

/**
 * Hands what the Temporal SDK logs, workflows' and activities' own messages included, to pino. What it
 * tells of its own doings (states, webpack's report) is of no interest before something goes wrong.
 */
export function toSdkLogger(logger: Logger): SdkLogger {
  const log: SdkLogger['log'] = (level, message, meta) => {
    const isChatter = level === 'INFO' && meta?.['sdkComponent'] === 'worker';
    logger[isChatter ? 'debug' : PINO_LEVELS[level]](meta ?? {}, message);
  };
  return {
    log,
    trace: (message, meta) => log('TRACE', message, meta),
    debug: (message, meta) => log('DEBUG', message, meta),
    info: (message, meta) => log('INFO', message, meta),
    warn: (message, meta) => log('WARN', message, meta),
    error: (message, meta) => log('ERROR', message, meta),
  };
}

const PINO_LEVELS = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
} as const satisfies Record<SdkLevel, string>;

interface DescribedError {
  readonly name: string;
  readonly message: string;
  readonly code?: string | number;
  readonly stack?: string;
  readonly cause?: DescribedError;
}

function describeError(error: unknown): DescribedError {
  if (!(error instanceof Error)) return { name: typeof error, message: String(error) };
  const code = 'code' in error ? error.code : undefined;
  return {
    name: error.name,
    message: error.message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}
