import { Option } from 'commander';

import type { Instant } from '../../contract/instants.ts';
import { SCHEDULE_ID } from '../../contract/names.ts';
import { createLogger } from '../../logging/logging.ts';
import { applySchedule, checkSchedule } from '../../schedule/apply.ts';
import { defineSchedule } from '../../schedule/definition.ts';
import {
  deleteSchedule,
  describeSchedule,
  pauseSchedule,
  unpauseSchedule,
  type ScheduleState,
} from '../../schedule/schedule.ts';
import {
  BACKFILL_OVERLAPS,
  backfillSchedule,
  triggerSchedule,
  type BackfillRange,
} from '../../schedule/start-runs.ts';
import { defineGroup, defineTemporalCommand, type Outcome } from '../command.ts';
import { InputError } from '../errors.ts';
import { pastInstantOption, textOption } from '../options.ts';
import {
  renderApplied,
  renderBackfilled,
  renderChecked,
  renderSchedule,
  renderTriggered,
} from './text.ts';

const SETTINGS = ['_SCHEDULE_ID'];

/** Temporal refuses longer notes. */
const LONGEST_REASON_BYTES = 1_000;

const addApplyCommand = defineTemporalCommand<{ readonly check?: true; readonly force?: true }>({
  name: 'apply',
  summary: 'make the schedule match the configuration',
  description:
    'Creates the schedule, or updates it in place where it differs from the configuration. Keeps a ' +
    'pause, its note, the remaining actions and the recent runs. Adopts a schedule that was created by ' +
    'hand; takes over one of another installation, whose runs use another task queue, only with ' +
    '--force. Running it again, or on several machines at once, changes nothing more.',
  options: [
    new Option(
      '--check',
      'change nothing; print the differences, and exit with 1 if there are any',
    ),
    new Option('--force', 'take over the schedule of another installation'),
  ],
  settings: ['_SCHEDULE_ID', '_INTERVAL', '_OFFSET', '_TASK_QUEUE', '_LOG_LEVEL'],
  examples: [
    ['session-cleanup schedule apply', 'every six hours, the default'],
    ['SESSION_CLEANUP_INTERVAL=1h session-cleanup schedule apply', 'every hour'],
    ['session-cleanup schedule apply --check --json', 'for a pipeline: does it match?'],
  ],
  failed: 'failed, or --check found differences',
  run: async ({ client, config, context, options }) => {
    const { scheduleId } = config.schedule;
    if (options.check === true) {
      const outcome = await checkSchedule(client, defineSchedule(config));
      return {
        json: { outcome },
        text: () => renderChecked(outcome, scheduleId),
        hasFailed: outcome.kind !== 'as-configured',
      };
    }
    const logger = createLogger(config.logLevel, context.stderr);
    const outcome = await applySchedule(client, defineSchedule(config), logger, {
      force: options.force === true,
    });
    const schedule = await describeSchedule(client, scheduleId);
    const shown = show(schedule, config.taskQueue);
    return {
      json: { outcome, schedule },
      text: (paint) => [renderApplied(outcome, scheduleId), '', shown.text(paint)].join('\n'),
    };
  },
});

const addDescribeCommand = defineTemporalCommand({
  name: 'describe',
  summary: 'show the schedule',
  description:
    'Shows whether the schedule is paused and why, its next times, the runs that are running, and how ' +
    'many runs it has started, skipped and missed.',
  settings: SETTINGS,
  examples: [
    ['session-cleanup schedule describe', 'in a few lines'],
    ['session-cleanup schedule describe --json | jq .nextRuns', 'for a program'],
  ],
  run: async ({ client, config: { schedule, taskQueue } }) =>
    show(await describeSchedule(client, schedule.scheduleId), taskQueue),
});

const PAUSE_COMMANDS = [
  {
    name: 'pause',
    act: pauseSchedule,
    summary: 'start no further runs until unpause',
    description:
      'Stops further runs. A running one is not affected, and a trigger or a backfill still starts runs. ' +
      'Slots that pass meanwhile are not caught up: the first run after the pause deletes what they ' +
      'would have deleted. Neither the start of a worker nor "schedule apply" ends the pause.',
    reason: 'moving the database, Ann',
  },
  {
    name: 'unpause',
    act: unpauseSchedule,
    summary: 'end a pause',
    description: 'Lets the schedule start runs again, from its next slot on.',
    reason: 'database moved',
  },
] as const;

const addPauseCommands = PAUSE_COMMANDS.map(({ act, reason, ...texts }) =>
  defineTemporalCommand<{ readonly reason: string }>({
    ...texts,
    options: [
      textOption(
        '--reason <text>',
        'reason, kept as the note of the schedule',
        LONGEST_REASON_BYTES,
      ).default(`${texts.name}d by session-cleanup`),
    ],
    settings: SETTINGS,
    examples: [[`session-cleanup schedule ${texts.name} --reason "${reason}"`, 'with a note']],
    run: async ({ client, config: { schedule, taskQueue }, options }) =>
      show(await act(client, options.reason, schedule.scheduleId), taskQueue),
  }),
);

const addTriggerCommand = defineTemporalCommand({
  name: 'trigger',
  summary: 'start a run through the schedule now',
  description:
    'Starts a run as for a slot that is due now, and reports whether one really started: none does while ' +
    'a run of the schedule is running. Works while the schedule is paused, which it stays. To wait for ' +
    'the result, use: session-cleanup run start',
  settings: SETTINGS,
  examples: [['session-cleanup schedule trigger', 'run now']],
  failed: 'failed, or no run started',
  run: async ({ client, config }) => {
    const outcome = await triggerSchedule(client, config.schedule.scheduleId);
    return {
      json: outcome,
      text: () => renderTriggered(outcome),
      hasFailed: outcome.kind !== 'started',
    };
  },
});

interface BackfillOptions {
  readonly from: Instant;
  readonly to: Instant;
  readonly overlap: BackfillRange['overlap'];
}

const addBackfillCommand = defineTemporalCommand<BackfillOptions>({
  name: 'backfill',
  summary: 'run the slots of a past range again',
  description:
    'Starts the runs that the schedule would have started in a past range, each with its own time as ' +
    'the cut-off, and reports which of them really started. A slot that has run before runs again. One ' +
    'run deletes everything that had expired by its time, so a range is seldom needed.',
  options: [
    pastInstantOption('--from <instant>', 'first instant of the range').makeOptionMandatory(),
    pastInstantOption('--to <instant>', 'last instant, not in the future').makeOptionMandatory(),
    new Option(
      '--overlap <policy>',
      'what to do while a run is running: buffer-all runs one after another, allow-all runs all at ' +
        'once, buffer-one keeps one waiting, skip leaves the others out (a range then gives one run), ' +
        'cancel-other and terminate-other end the running one',
    )
      .choices(Object.keys(BACKFILL_OVERLAPS))
      .default('buffer-all'),
  ],
  validate: ({ from, to }) => {
    if (from.milliseconds <= to.milliseconds) return;
    throw new InputError(
      `--from: ${from.text} is after --to (${to.text}). Give the earlier instant as --from.`,
    );
  },
  settings: SETTINGS,
  examples: [
    [
      'session-cleanup schedule backfill --from 2026-11-20T00:00:00Z --to 2026-11-20T23:59:59Z',
      'a whole day, one run after another',
    ],
  ],
  failed: 'failed, or the range contains no slot of the schedule',
  run: async ({ client, config, options: { from, to, overlap } }) => {
    const range = { from: new Date(from.milliseconds), to: new Date(to.milliseconds), overlap };
    const outcome = await backfillSchedule(client, range, config.schedule.scheduleId);
    return {
      json: outcome,
      text: () => renderBackfilled(outcome),
      hasFailed: outcome.slots.length === 0 || outcome.unseen > 0,
    };
  },
});

const addDeleteCommand = defineTemporalCommand({
  name: 'delete',
  summary: 'delete the schedule',
  description:
    'Deletes the schedule with its pause, note and counters; running runs are not affected. The next ' +
    'start of a worker creates it again, unless SESSION_CLEANUP_SCHEDULE is check or off. To stop the ' +
    'clean-up for a while, use: session-cleanup schedule pause',
  settings: SETTINGS,
  examples: [['session-cleanup schedule delete', 'no more runs']],
  run: async ({ client, config }) => {
    const { scheduleId } = config.schedule;
    await deleteSchedule(client, scheduleId);
    return {
      json: { deleted: scheduleId },
      text: () =>
        `Deleted the schedule ${scheduleId}. To create it again: session-cleanup schedule apply`,
    };
  },
});

/** `session-cleanup schedule …` */
export const addScheduleCommands = defineGroup(
  {
    name: 'schedule',
    summary: 'apply, show, pause, trigger or backfill the schedule',
    description:
      `The Temporal Schedule that starts the clean-up, ${SCHEDULE_ID} unless ` +
      'SESSION_CLEANUP_SCHEDULE_ID names another. The temporal command and the Web UI can do the same.',
  },
  [
    addApplyCommand,
    addDescribeCommand,
    ...addPauseCommands,
    addTriggerCommand,
    addBackfillCommand,
    addDeleteCommand,
  ],
);

function show(schedule: ScheduleState, taskQueue: string): Outcome {
  return {
    json: schedule,
    text: (paint) => renderSchedule(schedule, { paint, now: new Date(), taskQueue }),
  };
}
