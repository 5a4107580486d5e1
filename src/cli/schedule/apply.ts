import type { Command } from 'commander';

import { createLogger } from '../../logging/logging.ts';
import { applySchedule, checkSchedule } from '../../schedule/apply.ts';
import type { ApplyOutcome, CheckOutcome } from '../../schedule/apply.ts';
import { defineSchedule } from '../../schedule/definition.ts';
import { describeSchedule } from '../../schedule/schedule.ts';
import type { ScheduleState } from '../../schedule/schedule.ts';
import { readTemporalConfig, writeResult } from '../command-context.ts';
import type { CommandContext } from '../command-context.ts';
import { EXIT } from '../exit-code.ts';
import type { ExitCode } from '../exit-code.ts';
import { addHelpSections } from '../help-text.ts';
import { JSON_OPTION } from '../invocation.ts';
import type { Invocation, JsonOption } from '../invocation.ts';
import { createPainter } from '../rendering/painter.ts';
import { renderDifferences, renderSchedule } from './text.ts';
import { withClient } from '../temporal-client.ts';

interface ApplyOptions extends JsonOption {
  readonly check?: true;
  readonly force?: true;
}

/** `session-cleanup schedule apply` */
export function addApplyCommand(parent: Command, invocation: Invocation): void {
  const command = parent
    .command('apply')
    .summary('make the schedule what the configuration says')
    .description(
      'Creates the schedule, or updates it in place where it differs from the configuration. A pause, ' +
        'its note, the remaining actions and the recent runs are kept. One made by hand is taken over; ' +
        'one of another installation, whose runs go to another task queue, only with --force. Doing it ' +
        'again, or from many machines at once, changes nothing more.',
    )
    .option('--check', 'change nothing; tell the differences, and exit with 1 if there are any')
    .option('--force', 'take over the schedule of another installation')
    .option(...JSON_OPTION);
  addHelpSections(command, {
    settings: ['_SCHEDULE_ID', '_INTERVAL', '_OFFSET', '_TASK_QUEUE', '_LOG_LEVEL'],
    temporal: true,
    examples: [
      ['session-cleanup schedule apply', 'every six hours, the default'],
      ['SESSION_CLEANUP_INTERVAL=1h session-cleanup schedule apply', 'every hour'],
      ['session-cleanup schedule apply --check --json', 'does it match? (for a pipeline)'],
    ],
    failed: 'failed, or differences found by --check',
  });
  invocation.act(command, () => {
    const options = command.opts<ApplyOptions>();
    return options.check === true
      ? check(invocation.context, options)
      : apply(invocation.context, options);
  });
}

async function apply(context: CommandContext, options: ApplyOptions): Promise<ExitCode> {
  const { config, temporal } = readTemporalConfig(context);
  const logger = createLogger(config.logLevel, context.stderr);
  return await withClient(temporal, async (client) => {
    const outcome = await applySchedule(client, defineSchedule(config), logger, {
      force: options.force === true,
    });
    const schedule = await describeSchedule(client, config.schedule.scheduleId);
    writeResult(context, options.json, { outcome, schedule }, () =>
      renderApplied(context, outcome, schedule, config.taskQueue),
    );
    return EXIT.done;
  });
}

async function check(context: CommandContext, options: ApplyOptions): Promise<ExitCode> {
  const { config, temporal } = readTemporalConfig(context);
  return await withClient(temporal, async (client) => {
    const outcome = await checkSchedule(client, defineSchedule(config));
    writeResult(context, options.json, { outcome }, () =>
      renderChecked(outcome, config.schedule.scheduleId),
    );
    return outcome.kind === 'as-configured' ? EXIT.done : EXIT.failed;
  });
}

function renderApplied(
  context: CommandContext,
  outcome: ApplyOutcome,
  schedule: ScheduleState,
  taskQueue: string,
): string {
  const painter = createPainter(context.stdout, context.environment);
  return [
    renderOutcome(outcome, schedule.scheduleId),
    '',
    renderSchedule(schedule, { painter, now: new Date(), taskQueue }),
  ].join('\n');
}

function renderOutcome(outcome: ApplyOutcome, scheduleId: string): string {
  switch (outcome.kind) {
    case 'created':
      return `Created the schedule ${scheduleId}.`;
    case 'unchanged':
      return `The schedule ${scheduleId} is as configured; nothing was changed.`;
    case 'updated':
      return [`Updated the schedule ${scheduleId}:`, renderDifferences(outcome.differences)].join(
        '\n',
      );
  }
}

function renderChecked(outcome: CheckOutcome, scheduleId: string): string {
  switch (outcome.kind) {
    case 'missing':
      return `There is no schedule ${scheduleId}. Create it: session-cleanup schedule apply`;
    case 'taken':
      return outcome.message;
    case 'as-configured':
      return `The schedule ${scheduleId} is as configured.`;
    case 'different':
      return [
        `The schedule ${scheduleId} differs from the configuration (found → configured):`,
        renderDifferences(outcome.differences),
        'Repair it: session-cleanup schedule apply',
      ].join('\n');
  }
}
