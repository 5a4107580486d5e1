import { styleText } from 'node:util';

/** Where a command writes to. */
export interface Output {
  readonly isTTY?: boolean;
  /** Width of the terminal in characters. */
  readonly columns?: number;
  write(text: string): unknown;
}

/** Gives text a look on a terminal, and leaves it alone everywhere else. */
export interface Painter {
  readonly heading: (text: string) => string;
  readonly quiet: (text: string) => string;
  readonly good: (text: string) => string;
  readonly warning: (text: string) => string;
  readonly bad: (text: string) => string;
}

/** A painter for an output. `NO_COLOR` and a dumb terminal keep the text plain. */
export function createPainter(output: Output, environment: NodeJS.ProcessEnv): Painter {
  const isPlain =
    output.isTTY !== true ||
    (environment['NO_COLOR'] ?? '') !== '' ||
    environment['TERM'] === 'dumb';
  const paint = (format: Parameters<typeof styleText>[0]) =>
    isPlain
      ? (text: string) => text
      : (text: string) => styleText(format, text, { validateStream: false });
  return {
    heading: paint('bold'),
    quiet: paint('gray'),
    good: paint('green'),
    warning: paint('yellow'),
    bad: paint('red'),
  };
}
