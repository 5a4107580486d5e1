/** Output on the terminal: log lines, and below them one progress line. */
import { numberText } from '../../src/cli/rendering/number-text.ts';
import type { Output } from '../../src/cli/rendering/painter.ts';
import { createProgressLine, type ProgressLine } from '../../src/cli/rendering/progress-line.ts';

/** Both kinds of lines on one output. */
export interface Terminal {
  /** Writes a line, and removes the progress line first. */
  readonly log: (message: string) => void;
  readonly progress: ProgressLine;
  /** True when a person may be watching, so that a line can be updated in place. */
  readonly isInteractive: boolean;
}

/** Opens a terminal on an output. */
export function openTerminal(output: Output): Terminal {
  const progress = createProgressLine(output);
  return {
    progress,
    isInteractive: output.isTTY === true,
    log: (message) => {
      progress.clear();
      output.write(`${message}\n`);
    },
  };
}

const BAR_WIDTH = 30;

/** A progress bar with row counts and rate; full when there are no rows to process. */
export function renderBar(done: number, total: number, rowsPerSecond?: number): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const bar = '█'.repeat(Math.floor(share * BAR_WIDTH)).padEnd(BAR_WIDTH, '░');
  const percent = String(Math.floor(share * 100)).padStart(3);
  const rate = rowsPerSecond === undefined ? '' : `  ${numberText(rowsPerSecond)} rows/s`;
  return `${bar} ${percent} %  ${numberText(done)} of ${numberText(total)}${rate}`;
}
