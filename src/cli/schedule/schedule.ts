import type { Command } from 'commander';

import { SCHEDULE_ID } from '../../contract/names.ts';
import { addApplyCommand } from './apply.ts';
import { addBackfillCommand } from './backfill.ts';
import { addDeleteCommand } from './delete.ts';
import { addHelpCommand } from '../help.ts';
import { addDescribeCommand } from './describe.ts';
import { addPauseCommand, addUnpauseCommand } from './pause.ts';
import { addTriggerCommand } from './trigger.ts';
import type { Invocation } from '../invocation.ts';

/** `session-cleanup schedule …` */
export function addScheduleCommand(program: Command, invocation: Invocation): void {
  const schedule = program
    .command('schedule')
    .helpCommand(false)
    .summary('make, look at, pause, trigger or backfill the schedule')
    .description(
      `The one Temporal Schedule that starts the clean-up, ${SCHEDULE_ID} unless ` +
        `SESSION_CLEANUP_SCHEDULE_ID names another. What these commands do can be done as well with the temporal command and in Temporal's Web UI.`,
    );
  addApplyCommand(schedule, invocation);
  addDescribeCommand(schedule, invocation);
  addPauseCommand(schedule, invocation);
  addUnpauseCommand(schedule, invocation);
  addTriggerCommand(schedule, invocation);
  addBackfillCommand(schedule, invocation);
  addDeleteCommand(schedule, invocation);
  addHelpCommand(schedule, invocation);
}
