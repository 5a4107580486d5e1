import type { Command } from 'commander';

import { MOST_LANES, MOST_ROWS_PER_SECOND } from '../../contract/limits.ts';
import { UPDATE } from '../../contract/names.ts';
import { findRunningId, sendUpdate, type RunUpdate } from '../../runs/control.ts';
import { readTemporalConfig, writeResult, type CommandContext } from '../command-context.ts';
import { EXIT, InputError, type ExitCode } from '../exit-code.ts';
import { addHelpSections } from '../help-text.ts';
import { JSON_OPTION, type Invocation, type JsonOption } from '../invocation.ts';
import { withClient } from '../temporal-client.ts';

/** A command that sends one update to one run. */
interface SteeringCommand {
  readonly name: string;
  readonly update: RunUpdate;
  readonly summary: string;
  readonly description: string;
  readonly options: readonly (readonly [flags: string, meaning: string])[];
  readonly examples: readonly (readonly [command: string, meaning: string])[];
  /** The update's argument, from the options; throws InputError for what makes none. */
  readonly argument: (options: Readonly<Record<string, unknown>>) => object | undefined;
}

const REASON = ['--reason <text>', 'why; shown to whoever looks at the run'] as const;
const TARGET = ['--target <name>', 'the target that is meant; required when several wait'] as const;

const COMMANDS: readonly SteeringCommand[] = [
  {
    name: 'pause',
    update: UPDATE.pause,
    summary: 'stop a run where it is, until resume',
    description:
      'Stops the run after the chunk in hand, within seconds. It holds no connection while it is ' +
      'paused, stays paused whatever restarts, and blocks the runs that the schedule would start.',
    options: [REASON],
    examples: [['session-cleanup run pause --reason "peak hour"', 'the run that is going on']],
    argument: ({ reason }) => (reason === undefined ? undefined : { reason }),
  },
  {
    name: 'resume',
    update: UPDATE.resume,
    summary: 'let a paused run go on',
    description: 'Lets a paused run go on from where it stopped; its count goes on as well.',
    options: [],
    examples: [['session-cleanup run resume', 'the run that is going on']],
    argument: () => undefined,
  },
  {
    name: 'pace',
    update: UPDATE.setPace,
    summary: 'slow a run down, or let it go',
    description:
      'Changes how fast the run works, from within seconds on. The configuration stays as it is, and ' +
      'so the next run.',
    options: [
      ['--rows-per-second <number>', 'delete no more rows a second than this, or "max"'],
      ['--lanes <number>', `database connections that delete side by side, 1 to ${MOST_LANES}`],
    ],
    examples: [
      ['session-cleanup run pace --rows-per-second 500', 'be even gentler'],
      ['session-cleanup run pace --rows-per-second max --lanes 4', 'nobody is here tonight'],
    ],
    argument: readPace,
  },
  {
    name: 'approve',
    update: UPDATE.approve,
    summary: 'let a run delete (nearly) every row of a table',
    description:
      'Answers a run that waits because it would delete (nearly) every row of a table: go on. Look ' +
      'first: session-cleanup preview',
    options: [TARGET, REASON],
    examples: [['session-cleanup run approve --target sessions', 'yes, all of them']],
    argument: readAnswer,
  },
  {
    name: 'reject',
    update: UPDATE.reject,
    summary: 'keep the rows that a run wants approved',
    description:
      'Answers a run that waits because it would delete (nearly) every row of a table: keep them all. ' +
      'Then look at the unit and the time zone of the expiry.',
    options: [TARGET, REASON],
    examples: [['session-cleanup run reject', 'no, something is wrong']],
    argument: readAnswer,
  },
];

/** `session-cleanup run pause | resume | pace | approve | reject` */
export function addSteeringCommands(run: Command, invocation: Invocation): void {
  for (const steering of COMMANDS) {
    const command = run
      .command(steering.name)
      .summary(steering.summary)
      .description(steering.description)
      .argument('[workflow-id]', 'the run; without it, the one that is going on');
    for (const [flags, meaning] of steering.options) command.option(flags, meaning);
    command.option(...JSON_OPTION);
    addHelpSections(command, {
      settings: ['_TASK_QUEUE'],
      temporal: true,
      examples: steering.examples,
      failed: 'failed: no such run, or it refuses',
    });
    invocation.act(command, () => steer(invocation.context, steering, command));
  }
}

async function steer(
  context: CommandContext,
  { update, argument }: SteeringCommand,
  command: Command,
): Promise<ExitCode> {
  const options = command.opts<JsonOption & Record<string, unknown>>();
  const sent = argument(options);
  const [given] = command.args;
  const { config, temporal } = readTemporalConfig(context);
  return await withClient(temporal, async (client) => {
    const workflowId = given ?? (await findRunningId(client, config.taskQueue));
    const answer = await sendUpdate(client, workflowId, update, sent);
    writeResult(
      context,
      options.json,
      { workflowId, update, answer },
      () => `${workflowId}: ${answer}`,
    );
    return EXIT.done;
  });
}

function readPace(options: Readonly<Record<string, unknown>>): object {
  const { rowsPerSecond, lanes } = options;
  if (rowsPerSecond === undefined && lanes === undefined) {
    throw new InputError('Say --rows-per-second, --lanes, or both.');
  }
  return {
    ...(rowsPerSecond === undefined
      ? {}
      : {
          rowsPerSecond:
            rowsPerSecond === 'max'
              ? null
              : readWhole('--rows-per-second', rowsPerSecond, MOST_ROWS_PER_SECOND),
        }),
    ...(lanes === undefined ? {} : { lanes: readWhole('--lanes', lanes, MOST_LANES) }),
  };
}

function readAnswer({ target, reason }: Readonly<Record<string, unknown>>): object | undefined {
  if (target === undefined && reason === undefined) return undefined;
  return {
    ...(target === undefined ? {} : { target }),
    ...(reason === undefined ? {} : { reason }),
  };
}

function readWhole(name: string, given: unknown, most: number): number {
  const value = typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : 0;
  if (value < 1 || value > most) {
    throw new InputError(
      `${name} is ${JSON.stringify(given)}. Allowed: a whole number from 1 to ${most}.`,
    );
  }
  return value;
}
