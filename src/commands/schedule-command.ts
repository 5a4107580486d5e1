import type { Command } from 'commander';

import { SCHEDULE_ID } from '../contract.ts';
import { addApplyCommand } from './schedule-apply-command.ts';
import { addBackfillCommand } from './schedule-backfill-command.ts';
import { addDeleteCommand } from './schedule-delete-command.ts';
import { addHelpCommand } from './help-command.ts';
import { addDescribeCommand } from './schedule-describe-command.ts';
import { addPauseCommand, addUnpauseCommand } from './schedule-pause-command.ts';
import { addTriggerCommand } from './schedule-trigger-command.ts';
import type { Invocation } from './invocation.ts';

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
