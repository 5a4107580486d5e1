import { Option } from 'commander';

import { MOST_LANES, MOST_ROWS_PER_SECOND } from '../../contract/limits.ts';
import { UPDATE } from '../../contract/names.ts';
import { findRunningId, sendUpdate, type RunUpdate } from '../../runs/control.ts';
import { defineTemporalCommand, type AddCommand, type CommandSpec } from '../command.ts';
import { InputError } from '../errors.ts';
import { wholeNumberOption } from '../options.ts';

/** A command that sends one update to one run; its options are the update's argument. */
interface ControlCommand extends Pick<
  CommandSpec<object>,
  'name' | 'summary' | 'description' | 'examples'
> {
  readonly update: RunUpdate;
  readonly options: readonly Option[];
  /** True: without any option the update would change nothing. */
  readonly needsOption?: true;
}

/** Given instead of a rate. */
const NO_LIMIT = 'max';

const REASON = new Option('--reason <text>', 'reason, shown with the run');
const TARGET = new Option('--target <name>', 'the target; required when several wait');

const COMMANDS: readonly ControlCommand[] = [
  {
    name: 'pause',
    update: UPDATE.pause,
    summary: 'pause a run until resume',
    description:
      'Pauses the run after the current chunk, within seconds. A paused run holds no connection, stays ' +
      'paused through any restart, and blocks the runs that the schedule would start.',
    options: [REASON],
    examples: [['session-cleanup run pause --reason "peak hour"', 'pause the running one']],
  },
  {
    name: 'resume',
    update: UPDATE.resume,
    summary: 'resume a paused run',
    description: 'Resumes a paused run where it stopped; its count continues.',
    options: [],
    examples: [['session-cleanup run resume', 'resume the running one']],
  },
  {
    name: 'pace',
    update: UPDATE.setPace,
    summary: 'change the rate and the lanes of a run',
    description:
      'Changes how fast a run deletes, within seconds. The configuration does not change, nor do later ' +
      'runs.',
    options: [
      wholeNumberOption(
        '--rows-per-second <number>',
        `highest rate, or "${NO_LIMIT}" for no limit`,
        MOST_ROWS_PER_SECOND,
        NO_LIMIT,
      ),
      wholeNumberOption(
        '--lanes <number>',
        `database connections that delete in parallel, 1 to ${MOST_LANES}`,
        MOST_LANES,
      ),
    ],
    examples: [
      ['session-cleanup run pace --rows-per-second 500', 'slower'],
      ['session-cleanup run pace --rows-per-second max --lanes 4', 'as fast as possible'],
    ],
    needsOption: true,
  },
  {
    name: 'approve',
    update: UPDATE.approve,
    summary: 'let a run delete (nearly) every row of a table',
    description:
      'Approves a run that waits because it would delete (nearly) every row of a table. Check first: ' +
      'session-cleanup preview',
    options: [TARGET, REASON],
    examples: [['session-cleanup run approve --target sessions', 'delete all of them']],
  },
  {
    name: 'reject',
    update: UPDATE.reject,
    summary: 'keep the rows that a run wants approved',
    description:
      'Rejects a run that waits because it would delete (nearly) every row of a table; all rows stay. ' +
      'Then check the unit and the time zone of the expiry column.',
    options: [TARGET, REASON],
    examples: [['session-cleanup run reject', 'something is wrong']],
  },
];

/** `session-cleanup run pause | resume | pace | approve | reject` */
export const runControlCommands: readonly AddCommand[] = COMMANDS.map(
  ({ update, needsOption, ...texts }) =>
    defineTemporalCommand<Readonly<Record<string, unknown>>>({
      ...texts,
      argument: ['[workflow-id]', 'the run; default: the only running one'],
      settings: ['_TASK_QUEUE'],
      failed: 'failed: no such run, or it refuses',
      validate: (options) => {
        if (needsOption !== true || Object.keys(argumentOf(options)).length > 0) return;
        const flags = texts.options.map(({ long }) => long).join(' or ');
        throw new InputError(`run ${texts.name}: no option is given. Add ${flags}.`);
      },
      run: async ({ client, config, options, argument }) => {
        const workflowId = argument ?? (await findRunningId(client, config.taskQueue));
        const sent = argumentOf(options);
        const answer = await sendUpdate(
          client,
          workflowId,
          update,
          Object.keys(sent).length === 0 ? undefined : sent,
        );
        return {
          json: { workflowId, update, answer },
          text: () => `${workflowId}: ${answer}`,
        };
      },
    }),
);

function argumentOf(options: Readonly<Record<string, unknown>>): object {
  const { json: _, ...sent } = options;
  return sent['rowsPerSecond'] === NO_LIMIT ? { ...sent, rowsPerSecond: null } : sent;
}
