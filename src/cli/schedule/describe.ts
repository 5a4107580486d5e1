import type { Command } from 'commander';

import { describeSchedule } from '../../schedule/schedule.ts';
import { readTemporalConfig, writeResult } from '../command-context.ts';
import { EXIT } from '../exit-code.ts';
import { addHelpSections } from '../help-text.ts';
import { JSON_OPTION } from '../invocation.ts';
import type { Invocation, JsonOption } from '../invocation.ts';
import { createPainter } from '../rendering/painter.ts';
import { renderSchedule } from './text.ts';
import { withClient } from '../temporal-client.ts';

/** `session-cleanup schedule describe` */
export function addDescribeCommand(parent: Command, { act, context }: Invocation): void {
  const command = parent
    .command('describe')
    .summary('show the schedule')
    .description(
      'Shows whether the schedule is paused and why, when it runs next, what is running, and how many ' +
        'runs it has started, skipped and missed.',
    )
    .option(...JSON_OPTION);
  addHelpSections(command, {
    settings: ['_SCHEDULE_ID'],
    temporal: true,
    examples: [
      ['session-cleanup schedule describe', 'in a few lines'],
      ['session-cleanup schedule describe --json | jq .nextRuns', 'for a program'],
    ],
  });
  act(command, async () => {
    const options = command.opts<JsonOption>();
    const { config, temporal } = readTemporalConfig(context);
    return await withClient(temporal, async (client) => {
      const schedule = await describeSchedule(client, config.schedule.scheduleId);
      const painter = createPainter(context.stdout, context.environment);
      writeResult(context, options.json, schedule, () =>
        renderSchedule(schedule, { painter, now: new Date(), taskQueue: config.taskQueue }),
      );
      return EXIT.done;
    });
  });
}
