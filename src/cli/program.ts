import { readFileSync } from 'node:fs';

import { Command, CommanderError } from 'commander';

import { addCheckCommand } from './check.ts';
import { addGrantsCommand } from './grants.ts';
import { addHelpCommand } from './help.ts';
import { addHelpSections } from './help-text.ts';
import type { CommandContext } from './command-context.ts';
import { EXIT } from './exit-code.ts';
import type { ExitCode } from './exit-code.ts';
import type { Invocation } from './invocation.ts';
import { addMigrateCommand } from './migrate.ts';
import { addPreviewCommand } from './preview.ts';
import { reportError } from './report-error.ts';
import { addRunCommand } from './run/start.ts';
import { addScheduleCommand } from './schedule/schedule.ts';
import { addStatusCommand } from './status/status.ts';
import { addWorkerCommand } from './worker.ts';

/** Runs the command that the arguments name. Never throws: whatever goes wrong is written and told. */
export async function runProgram(
  args: readonly string[],
  context: CommandContext,
): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.done;
  const invocation: Invocation = {
    context,
    act: (command, action) => {
      command.action(async () => {
        exitCode = await action();
      });
    },
  };
  try {
    await createProgram(invocation).parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has written its own message already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.badInput;
    const report = reportError(error);
    context.stderr.write(`${report.message}\n`);
    return report.exitCode;
  }
}

/** All commands, with what they take; nothing of them is run. */
export function createProgram(invocation: Invocation): Command {
  const { context } = invocation;
  // Set before any command is added, since commands take these over from their parent.
  const program = new Command('session-cleanup')
    .exitOverride()
    .helpCommand(false)
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      getOutHelpWidth: () => context.stdout.columns ?? 100,
      getErrHelpWidth: () => context.stderr.columns ?? 100,
    })
    .showHelpAfterError('(add --help for what is allowed)')
    .description(
      'A durable, exact and gentle clean-up of expired login sessions: Temporal schedules it, ' +
        'PostgreSQL and MikroORM do it.',
    )
    .version(readVersion(), '--version', 'print the version');
  addHelpSections(program, {
    settings: 'all',
    temporal: true,
    examples: [
      ['session-cleanup migrate', 'once: create the ledger'],
      ['session-cleanup check', 'is everything set up right?'],
      ['session-cleanup preview', 'what would be deleted?'],
      ['session-cleanup worker', 'work, and keep the schedule'],
      ['session-cleanup run start', 'one run now'],
      ['session-cleanup status', 'how is it going?'],
    ],
  });
  addWorkerCommand(program, invocation);
  addScheduleCommand(program, invocation);
  addRunCommand(program, invocation);
  addPreviewCommand(program, invocation);
  addMigrateCommand(program, invocation);
  addStatusCommand(program, invocation);
  addCheckCommand(program, invocation);
  addGrantsCommand(program, invocation);
  addHelpCommand(program, invocation);
  return program;
}

function readVersion(): string {
  const path = new URL(
    // A published package has its program in one folder.
    import.meta.url.endsWith('.ts') ? '../../package.json' : '../package.json',
    import.meta.url,
  );
  const manifest: unknown = JSON.parse(readFileSync(path, 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
}
