import { defineGroup } from '../command.ts';
import { runControlCommands } from './control.ts';
import { addRunListCommand } from './list.ts';
import { addRunShowCommand } from './show.ts';
import { addRunStartCommand } from './start.ts';

/** `session-cleanup run …` */
export const addRunCommands = defineGroup(
  {
    name: 'run',
    summary: 'start, list, show and control runs',
    description: 'Runs of the clean-up, whether the schedule or an operator starts them.',
  },
  [addRunStartCommand, addRunListCommand, addRunShowCommand, ...runControlCommands],
);
