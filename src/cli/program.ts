import { readFileSync } from 'node:fs';

import { Command, CommanderError } from 'commander';

import { addCheckCommand } from './check.ts';
import { defineGroup } from './command.ts';
import { addConfigCommand } from './config.ts';
import type { CommandContext, Invocation } from './context.ts';
import { EXIT, reportError, type ExitCode } from './errors.ts';
import { addGrantsCommand } from './grants.ts';
import { addHealthCommand } from './health.ts';
import { addHelpCommand, addHelpSections } from './help.ts';
import { addMigrateCommand } from './migrate.ts';
import { addPresetsCommand } from './presets.ts';
import { addPreviewCommand } from './preview.ts';
import { addInitCommand } from './init/init.ts';
import { runControlCommands } from './run/control.ts';
import { addRunListCommand } from './run/list.ts';
import { addRunShowCommand } from './run/show.ts';
import { addRunStartCommand } from './run/start.ts';
import { addScheduleCommands } from './schedule/schedule.ts';
import { addStatusCommand } from './status/status.ts';
import { addWorkerCommand } from './worker.ts';

/** Runs the command that the arguments name. Never throws: an error is written and sets the exit code. */
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

/** All commands; none is run. */
export function createProgram(invocation: Invocation): Command {
  const { stdout, stderr } = invocation.context;
  // Before any command is added, since commands inherit these from their parent.
  const program = new Command('session-cleanup')
    .exitOverride()
    .helpCommand(false)
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(text),
      getOutHelpWidth: () => stdout.columns ?? 100,
      getErrHelpWidth: () => stderr.columns ?? 100,
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
      ['session-cleanup init', 'find session tables and write session-cleanup.yaml'],
      ['session-cleanup migrate', 'once: create the ledger'],
      ['session-cleanup check', 'verify the setup'],
      ['session-cleanup preview', 'show what would be deleted'],
      ['session-cleanup worker', 'run a worker, which also applies the schedule'],
      ['session-cleanup run start', 'start one run now'],
      ['session-cleanup status', 'show schedule, runs and workers'],
    ],
  });
  for (const add of [
    addWorkerCommand,
    addScheduleCommands,
    defineGroup(
      {
        name: 'run',
        summary: 'start, list, show and control runs',
        description: 'Runs of the clean-up, whether the schedule or an operator starts them.',
      },
      [addRunStartCommand, addRunListCommand, addRunShowCommand, ...runControlCommands],
    ),
    addInitCommand,
    addPreviewCommand,
    addMigrateCommand,
    addStatusCommand,
    addCheckCommand,
    addConfigCommand,
    addHealthCommand,
    addGrantsCommand,
    addPresetsCommand,
    addHelpCommand,
  ]) {
    add(program, invocation);
  }
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
