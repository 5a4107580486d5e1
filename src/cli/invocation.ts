import type { Command } from 'commander';

import type { CommandContext } from './command-context.ts';
import type { ExitCode } from './exit-code.ts';

/** How commands come to be run. */
export interface Invocation {
  readonly context: CommandContext;
  /** Sets the action of a command; what it gives back becomes the exit code. */
  readonly act: (command: Command, action: () => Promise<ExitCode>) => void;
}

/** The option of all commands that print a result. */
export const JSON_OPTION = ['--json', 'print the result as one JSON document'] as const;

/** Options of a command that only has {@link JSON_OPTION}. */
export interface JsonOption {
  readonly json?: true;
}
