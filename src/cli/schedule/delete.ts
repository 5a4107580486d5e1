import type { Command } from 'commander';

import { deleteSchedule } from '../../schedule/schedule.ts';
import { readTemporalConfig, writeResult } from '../command-context.ts';
import { EXIT } from '../exit-code.ts';
import { addHelpSections } from '../help-text.ts';
import { JSON_OPTION } from '../invocation.ts';
import type { Invocation, JsonOption } from '../invocation.ts';
import { withClient } from '../temporal-client.ts';

/** `session-cleanup schedule delete` */
export function addDeleteCommand(parent: Command, { act, context }: Invocation): void {
  const command = parent
    .command('delete')
    .summary('remove the schedule')
    .description(
      'Removes the schedule with its pause, note and counters; runs that are going on end as usual. A ' +
        'worker that starts makes it again, unless SESSION_CLEANUP_SCHEDULE is check or off. To stop ' +
        'the clean-up for a while, use: session-cleanup schedule pause',
    )
    .option(...JSON_OPTION);
  addHelpSections(command, {
    settings: ['_SCHEDULE_ID'],
    temporal: true,
    examples: [['session-cleanup schedule delete', 'no more runs, ever']],
  });
  act(command, async () => {
    const options = command.opts<JsonOption>();
    const { config, temporal } = readTemporalConfig(context);
    return await withClient(temporal, async (client) => {
      const { scheduleId } = config.schedule;
      await deleteSchedule(client, scheduleId);
      writeResult(
        context,
        options.json,
        { deleted: scheduleId },
        () => `Deleted the schedule ${scheduleId}. Make it again: session-cleanup schedule apply`,
      );
      return EXIT.done;
    });
  });
}
