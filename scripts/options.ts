/** What the command lines of all scripts have in common. */
import { Command, CommanderError, InvalidArgumentError } from 'commander';

import { EXIT, reportError } from '../src/cli/errors.ts';
import { INTERRUPTED, StopRequested } from './services/stop-request.ts';

/**
 * A command line that refuses bad input with exit code 2, as `session-cleanup` does. `parse` throws a
 * CommanderError after it has written the help or the refusal; {@link runScript} sets its exit code.
 */
export function scriptCommand(name: string): Command {
  return new Command(name)
    .helpOption('-h, --help', 'show this text')
    .allowExcessArguments(false)
    .exitOverride((error) => {
      error.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.badInput;
      throw error;
    });
}

/** A parser for an option that takes a whole number within these limits. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(
      `Allowed: a whole number from ${String(least)} to ${String(most)}.`,
    );
  };
}

/** Runs a script: writes the error that ends it, if any, and sets the exit code. */
export async function runScript(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    process.exitCode = exitCodeOf(error);
  }
}

function exitCodeOf(error: unknown): number {
  // Commander has written its message.
  if (error instanceof CommanderError) return error.exitCode;
  const { exitCode, message } =
    error instanceof StopRequested
      ? { exitCode: INTERRUPTED, message: error.message }
      : reportError(error);
  console.error(message);
  return exitCode;
}
