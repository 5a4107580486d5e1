import type { Output } from './painter.ts';

/** A line that tells how far something is. */
export interface ProgressLine {
  /** @param isUrgent - Writes a new line even if one was written just now. */
  show(text: string, isUrgent?: boolean): void;
  /** Takes the line away, so that the result stands by itself. */
  clear(): void;
}

/** Elsewhere than on a terminal every line is kept, so one is written only each time this passed. */
const LINE_EVERY_MILLISECONDS = 10_000;

/** Assumed of a terminal at least; a line that breaks could not be written over. */
const NARROWEST = 40;

/** On a terminal one line that is written over again and again; elsewhere a new line now and then. */
export function createProgressLine(output: Output): ProgressLine {
  return output.isTTY === true ? overwriting(output) : appending(output);
}

function overwriting(output: Output): ProgressLine {
  return {
    show: (text) => {
      // Some terminals do not tell their width, or say 0.
      const width = Math.max(NARROWEST, output.columns ?? 0) - 1;
      output.write(`\r\u001B[2K${Array.from(text).slice(0, width).join('')}`);
    },
    clear: () => {
      output.write('\r\u001B[2K');
    },
  };
}

function appending(output: Output): ProgressLine {
  let writtenAt = performance.now();
  let written = '';
  return {
    show: (text, isUrgent = false) => {
      const now = performance.now();
      if (text === written) return;
      if (!isUrgent && now - writtenAt < LINE_EVERY_MILLISECONDS) return;
      writtenAt = now;
      written = text;
      output.write(`${text}\n`);
    },
    clear: () => undefined,
  };
}
