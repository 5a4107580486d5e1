import { styleText } from 'node:util';

import type { LogLevel as SdkLevel, Logger as SdkLogger } from '@temporalio/common';
import { pino, type Logger } from 'pino';

import type { Config } from '../config/config.ts';

export type { Logger } from 'pino';

/** Where log lines go. */
export interface LogOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/**
 * A logger that writes one JSON object a line; on a terminal, lines for people.
 *
 * Errors are written as name, code, message and stack only: a database driver's error has further
 * fields that quote the affected rows.
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
 * Passes the logs of the Temporal SDK, and those of workflows and activities, to pino. What the SDK logs
 * about its own state at level INFO is written at level debug, as are repeated failures of its heartbeats.
 */
export function toSdkLogger(logger: Logger): SdkLogger {
  let heartbeatsReportedAt = -Infinity;
  const log: SdkLogger['log'] = (level, message, meta) => {
    const isOwnState = level === 'INFO' && meta?.['sdkComponent'] === 'worker';
    const isHeartbeat = level === 'WARN' && meta?.['target'] === HEARTBEATS;
    // A server that refuses heartbeats, which workers can do without, refuses one every ten seconds.
    const isRepeated =
      isHeartbeat && performance.now() - heartbeatsReportedAt < HEARTBEATS_REPORTED_EVERY;
    if (isHeartbeat && !isRepeated) heartbeatsReportedAt = performance.now();
    logger[isOwnState || isRepeated ? 'debug' : PINO_LEVELS[level]](meta ?? {}, message);
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

/** The part of the SDK's native core that sends the heartbeats of workers. */
const HEARTBEATS = 'temporalio_sdk_core::worker::heartbeat';

/** Milliseconds. */
const HEARTBEATS_REPORTED_EVERY = 3_600_000;

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

/** Fields that a person at a terminal does not need. */
const HIDDEN: ReadonlySet<string> = new Set([
  'level',
  'time',
  'msg',
  'error',
  'err',
  'sdkComponent',
  'namespace',
  'taskQueue',
  'taskToken',
  'runId',
  'workflowType',
  'activityId',
]);

const COLOURS: ReadonlyMap<unknown, Parameters<typeof styleText>[0]> = new Map([
  ['info', 'green'],
  ['warn', 'yellow'],
  ['error', 'red'],
  ['fatal', 'red'],
]);

/** A JSON line as a line for people: `21:04:09 info message field=value`. */
export function renderLogLine(line: string): string {
  const entry = parseLine(line);
  if (entry === undefined) return line;
  const { level, time, msg, error = entry['err'] } = entry;
  const fields = Object.entries(entry)
    .filter(([key]) => !HIDDEN.has(key))
    .map(([key, value]) => styleText('gray', `${key}=`) + renderValue(value));
  const head = [
    styleText('gray', String(time).slice(11, 19)),
    styleText(COLOURS.get(level) ?? 'gray', String(level).padEnd(5)),
    String(msg),
    ...fields,
  ].join(' ');
  return `${head}${renderError(error)}\n`;
}

function renderError(error: unknown): string {
  if (!isRecord(error) || !('message' in error)) return '';
  return `\n${styleText('red', `  ${String(error['message']).replaceAll('\n', '\n  ')}`)}`;
}

function renderValue(value: unknown): string {
  return typeof value === 'string' && !value.includes(' ') ? value : JSON.stringify(value);
}

function parseLine(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const entry: unknown = JSON.parse(line);
    return isRecord(entry) ? entry : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
