/** The terminal: lines that stay, and below them one that is written over. */
import {
  type Output,
  createProgressLine,
  type ProgressLine,
} from '../../src/cli/rendering/terminal.ts';
import type { Say } from './say.ts';

/** Both kinds of lines on one output. */
export interface Terminal {
  readonly say: Say;
  readonly progress: ProgressLine;
  /** True when a person may be watching, so that a line can be kept up to date. */
  readonly isInteractive: boolean;
}

/** Keeps the two apart: a line that stays first takes the other one away. */
export function openTerminal(output: Output): Terminal {
  const progress = createProgressLine(output);
  return {
    progress,
    isInteractive: output.isTTY === true,
    say: (message) => {
      progress.clear();
      output.write(`${message}\n`);
    },
  };
}
