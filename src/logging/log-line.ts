import { styleText } from 'node:util';

/** Fields that say nothing to a person at a terminal who runs one worker. */
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

const COLOURS = {
  trace: 'gray',
  debug: 'gray',
  info: 'green',
  warn: 'yellow',
  error: 'red',
  fatal: 'red',
} as const;

/** Makes a line for people of one that is JSON: `21:04:09 info message field=value`. */
export function renderLogLine(line: string): string {
  const entry = parseLine(line);
  if (entry === undefined) return line;
  const { level, time, msg } = entry;
  const name = String(level);
  const colour = isLevel(name) ? COLOURS[name] : 'gray';
  const fields = Object.entries(entry)
    .filter(([key]) => !HIDDEN.has(key))
    .map(([key, value]) => styleText('gray', `${key}=`) + renderValue(value));
  const head = [
    styleText('gray', String(time).slice(11, 19)),
    styleText(colour, name.padEnd(5)),
    String(msg),
    ...fields,
  ].join(' ');
  return `${head}${renderError(entry['error'] ?? entry['err'])}\n`;
}

function renderError(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('message' in error)) return '';
  return `\n${styleText('red', `  ${String(error.message).replaceAll('\n', '\n  ')}`)}`;
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

function isLevel(name: string): name is keyof typeof COLOURS {
  return Object.hasOwn(COLOURS, name);
}
