import type { Client } from '@temporalio/client';
import type { Command } from 'commander';

import { pauseSchedule, unpauseSchedule } from '../../schedule/schedule.ts';
import type { ScheduleState } from '../../schedule/schedule.ts';
import { readTemporalConfig, writeResult } from '../command-context.ts';
import type { CommandContext } from '../command-context.ts';
import { EXIT, InputError } from '../exit-code.ts';
import type { ExitCode } from '../exit-code.ts';
import { addHelpSections } from '../help-text.ts';
import { JSON_OPTION } from '../invocation.ts';
import type { Invocation, JsonOption } from '../invocation.ts';
import { createPainter } from '../rendering/painter.ts';
import { renderSchedule } from './text.ts';
import { withClient } from '../temporal-client.ts';

interface PauseOptions extends JsonOption {
  readonly reason: string;
}

/** Temporal refuses longer notes. */
const LONGEST_REASON_BYTES = 1_000;

/** `session-cleanup schedule pause` */
export function addPauseCommand(parent: Command, invocation: Invocation): void {
  const command = parent
    .command('pause')
    .summary('stop further runs until unpause')
    .description(
      'Stops further runs. One that is going on is not disturbed, and a trigger or a backfill still ' +
        'starts runs. Slots that pass meanwhile are not made up for: the first run after the pause ' +
        'removes what they would have removed. Neither a worker that starts nor schedule apply ends it.',
    )
    .option('--reason <text>', 'why; kept as the note of the schedule', 'paused by session-cleanup')
    .option(...JSON_OPTION);
  addHelpSections(command, {
    settings: ['_SCHEDULE_ID'],
    temporal: true,
    examples: [
      [
        'session-cleanup schedule pause --reason "moving the database, Ann"',
        'so that everybody sees why',
      ],
    ],
  });
  invocation.act(command, () =>
    note(invocation.context, command.opts<PauseOptions>(), pauseSchedule),
  );
}

/** `session-cleanup schedule unpause` */
export function addUnpauseCommand(parent: Command, invocation: Invocation): void {
  const command = parent
    .command('unpause')
    .summary('let the schedule run again')
    .description('Lets the schedule run again, from its next slot on.')
    .option(
      '--reason <text>',
      'why; kept as the note of the schedule',
      'unpaused by session-cleanup',
    )
    .option(...JSON_OPTION);
  addHelpSections(command, {
    settings: ['_SCHEDULE_ID'],
    temporal: true,
    examples: [['session-cleanup schedule unpause --reason "database moved"', 'go on']],
  });
  invocation.act(command, () =>
    note(invocation.context, command.opts<PauseOptions>(), unpauseSchedule),
  );
}

async function note(
  context: CommandContext,
  options: PauseOptions,
  action: (client: Client, reason: string, scheduleId: string) => Promise<ScheduleState>,
): Promise<ExitCode> {
  const bytes = Buffer.byteLength(options.reason);
  if (options.reason.trim() === '' || bytes > LONGEST_REASON_BYTES) {
    throw new InputError(
      `--reason has ${bytes} bytes. Allowed: 1 to ${LONGEST_REASON_BYTES}, not only blanks.`,
    );
  }
  const { config, temporal } = readTemporalConfig(context);
  return await withClient(temporal, async (client) => {
    const schedule = await action(client, options.reason, config.schedule.scheduleId);
    const painter = createPainter(context.stdout, context.environment);
    writeResult(context, options.json, schedule, () =>
      renderSchedule(schedule, { painter, now: new Date(), taskQueue: config.taskQueue }),
    );
    return EXIT.done;
  });
}
