import { styleText } from 'node:util';

/** Where a command writes to. */
export interface Output {
  readonly isTTY?: boolean;
  /** Width of the terminal in characters. */
  readonly columns?: number;
  write(text: string): unknown;
}

const STYLES = {
  heading: 'bold',
  quiet: 'gray',
  good: 'green',
  warning: 'yellow',
  bad: 'red',
} as const;

/** Styles text for a terminal; leaves it plain everywhere else. */
export type Paint = (style: keyof typeof STYLES, text: string) => string;

/** Styles for an output. `NO_COLOR` and a dumb terminal keep the text plain. */
export function createPaint(output: Output, environment: NodeJS.ProcessEnv): Paint {
  const isPlain =
    output.isTTY !== true ||
    (environment['NO_COLOR'] ?? '') !== '' ||
    environment['TERM'] === 'dumb';
  return (style, text) =>
    isPlain ? text : styleText(STYLES[style], text, { validateStream: false });
}

/** A line that shows progress. */
export interface ProgressLine {
  /** @param isUrgent - Writes a new line even if one was written just now. */
  show(text: string, isUrgent?: boolean): void;
  /** Removes the line from a terminal. */
  clear(): void;
}

/** Interval between two lines where the output is not a terminal and keeps every line. Milliseconds. */
const LINE_EVERY = 10_000;

/** Width assumed at least, since some terminals report none or 0. */
const NARROWEST = 40;

/** On a terminal one line that is overwritten; elsewhere a new line now and then. */
export function createProgressLine(output: Output): ProgressLine {
  if (output.isTTY === true) {
    return {
      show: (text) => {
        // A line that wraps could not be overwritten.
        const width = Math.max(NARROWEST, output.columns ?? 0) - 1;
        output.write(`\r\u001B[2K${Array.from(text).slice(0, width).join('')}`);
      },
      clear: () => {
        output.write('\r\u001B[2K');
      },
    };
  }
  let writtenAt = performance.now();
  let written = '';
  return {
    show: (text, isUrgent = false) => {
      const now = performance.now();
      if (text === written || (!isUrgent && now - writtenAt < LINE_EVERY)) return;
      writtenAt = now;
      written = text;
      output.write(`${text}\n`);
    },
    clear: () => undefined,
  };
}
