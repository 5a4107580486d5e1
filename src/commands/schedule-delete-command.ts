import type { Command } from 'commander';

import { SCHEDULE_ID } from '../contract.ts';
import { deleteSchedule } from '../temporal/schedule.ts';
import { readTemporalConfig, writeResult } from './command-context.ts';
import { EXIT } from './exit-code.ts';
import { addHelpSections } from './help-text.ts';
import { JSON_OPTION } from './invocation.ts';
import type { Invocation, JsonOption } from './invocation.ts';
import { withClient } from './temporal-client.ts';

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
    settings: [],
    temporal: true,
    examples: [['session-cleanup schedule delete', 'no more runs, ever']],
  });
  act(command, async () => {
    const options = command.opts<JsonOption>();
    const { temporal } = readTemporalConfig(context);
    return await withClient(temporal, async (client) => {
      await deleteSchedule(client);
      writeResult(
        context,
        options.json,
        { deleted: SCHEDULE_ID },
        () => `Deleted the schedule ${SCHEDULE_ID}. Make it again: session-cleanup schedule apply`,
      );
      return EXIT.done;
    });
  });
}
