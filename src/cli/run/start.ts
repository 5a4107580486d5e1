import type { Command } from 'commander';

import { parseDuration } from '../../config/duration.ts';
import type { SessionCleanupInput } from '../../contract/run.ts';
import { waitForRun, startRun } from '../../runs/run.ts';
import type { RunId, RunOutcome } from '../../runs/run.ts';
import { readTemporalConfig, writeResult } from '../command-context.ts';
import type { CommandContext } from '../command-context.ts';
import { EXIT, InputError } from '../exit-code.ts';
import type { ExitCode } from '../exit-code.ts';
import { addHelpCommand } from '../help.ts';
import { addHelpSections } from '../help-text.ts';
import { parsePastInstant } from '../instant.ts';
import { onInterrupt } from '../interrupt.ts';
import { JSON_OPTION } from '../invocation.ts';
import type { Invocation, JsonOption } from '../invocation.ts';
import { createPainter } from '../rendering/painter.ts';
import { addRunListCommand } from './list.ts';
import { showProgress } from './progress-line.ts';
import { addRunShowCommand } from './show.ts';
import { addSteeringCommands } from './control.ts';
import { renderOutcome } from './result-text.ts';
import { withClient } from '../temporal-client.ts';

interface StartOptions extends JsonOption {
  readonly cutoff?: string;
  readonly dryRun?: true;
  readonly wait: boolean;
  readonly timeout?: string;
}

/** The wait was given up; the run goes on. */
class WaitInterruptedError extends Error {
  override readonly name = 'WaitInterruptedError';
}

/** `session-cleanup run …` */
export function addRunCommand(program: Command, invocation: Invocation): void {
  const run = program
    .command('run')
    .helpCommand(false)
    .summary('start, list, show and steer runs')
    .description('Runs of the clean-up: those that the schedule starts, and those beside it.');
  const command = run
    .command('start')
    .summary('start one run now, and wait for its result')
    .description(
      'Starts one run now, beside the schedule, shows its progress and prints its result. A run that is ' +
        'going on does not matter: each row is counted once. Ctrl-C and --timeout stop the waiting, not ' +
        'the run. A run waits for as long as no worker polls; that is said after some seconds.',
    )
    .option('--cutoff <instant>', 'remove what had expired by this instant; not in the future')
    .option('--dry-run', 'count what would be deleted, and delete nothing')
    .option('--no-wait', 'do not wait for the result')
    .option('--timeout <duration>', 'stop waiting for the result after this time; the run goes on')
    .option(...JSON_OPTION);
  addHelpSections(command, {
    settings: ['_TASK_QUEUE'],
    temporal: true,
    examples: [
      ['session-cleanup run start', 'delete what has expired by now'],
      ['session-cleanup run start --dry-run --json', 'how much would that be?'],
      ['session-cleanup run start --cutoff 2026-11-20T06:00:00Z', 'what had expired by then'],
    ],
    failed: 'failed: not started, or the run failed, was ended, or the waiting was interrupted',
  });
  invocation.act(command, () => start(invocation.context, command.opts<StartOptions>()));
  addRunListCommand(run, invocation);
  addRunShowCommand(run, invocation);
  addSteeringCommands(run, invocation);
  addHelpCommand(run, invocation);
}

async function start(context: CommandContext, options: StartOptions): Promise<ExitCode> {
  const input = readInput(options, new Date());
  const timeout = readTimeout(options.timeout);
  const { config, temporal } = readTemporalConfig(context);
  return await withClient(temporal, async (client) => {
    const run = await startRun(client, config.taskQueue, input, config.schedule.scheduleId);
    if (!options.wait) {
      writeResult(context, options.json, { ...run, kind: 'started' }, () => renderStarted(run));
      return EXIT.done;
    }
    context.stderr.write(`${renderStarted(run)}\n`);
    const waiting = new AbortController();
    using _interrupt = onInterrupt(() => {
      waiting.abort(new WaitInterruptedError());
    });
    const timer =
      timeout === undefined
        ? undefined
        : setTimeout(() => {
            waiting.abort(new WaitInterruptedError());
          }, timeout);
    try {
      const outcome = await withProgress(context, { client, run, config }, waiting);
      writeResult(context, options.json, { ...run, ...outcome }, () =>
        renderOutcome(outcome, {
          painter: createPainter(context.stdout, context.environment),
        }),
      );
      return outcome.kind === 'completed' ? EXIT.done : EXIT.failed;
    } catch (error) {
      if (!(error instanceof WaitInterruptedError)) throw error;
      context.stderr.write(`${renderInterrupted(run)}\n`);
      return EXIT.failed;
    } finally {
      clearTimeout(timer);
    }
  });
}

async function withProgress(
  context: CommandContext,
  watched: Parameters<typeof showProgress>[1],
  waiting: AbortController,
): Promise<RunOutcome> {
  const watching = new AbortController();
  const shown = showProgress(context, watched, AbortSignal.any([waiting.signal, watching.signal]));
  try {
    return await waitForRun(watched.client, watched.run, waiting.signal);
  } finally {
    watching.abort();
    await shown;
  }
}

function readInput(options: StartOptions, now: Date): SessionCleanupInput {
  if (options.cutoff !== undefined) parsePastInstant('--cutoff', options.cutoff, now);
  return {
    // As it was given: its microseconds count.
    ...(options.cutoff === undefined ? {} : { cutoff: options.cutoff }),
    ...(options.dryRun === true ? { dryRun: true } : {}),
  };
}

/** The longest wait that a timer takes: 24 days. Milliseconds. */
const LONGEST_TIMEOUT = 2_147_483_647;

function readTimeout(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const milliseconds = parseDuration(given, 's');
  if (milliseconds === undefined || milliseconds <= 0 || milliseconds > LONGEST_TIMEOUT) {
    throw new InputError(
      `--timeout is ${JSON.stringify(given)}. Allowed: a duration of up to 24d such as 90s, 10m or ` +
        '1h; a bare number is seconds.',
    );
  }
  return milliseconds;
}

function renderStarted({ workflowId, runId }: RunId): string {
  return `Started ${workflowId} (run ${runId}).`;
}

function renderInterrupted({ workflowId }: RunId): string {
  return [
    'Stopped waiting. The run goes on; its result will be in its history:',
    `  temporal workflow show --workflow-id '${workflowId}'`,
    'To cancel it (what it has deleted stays counted):',
    `  temporal workflow cancel --workflow-id '${workflowId}'`,
  ].join('\n');
}
