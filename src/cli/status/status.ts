import { defineCommand } from '../command.ts';
import { readPartialConfig, readTemporalConfig } from '../context.ts';
import { TARGET_SETTINGS } from '../help.ts';
import { durationOption } from '../options.ts';
import { isComplete, overdueTargets, readStatus } from './report.ts';
import { renderStatus } from './text.ts';

/** `session-cleanup status` */
export const addStatusCommand = defineCommand<{ readonly maxAge?: number }>({
  name: 'status',
  summary: 'show schedule, last runs, workers and expired rows',
  description:
    'Shows the schedule (paused or not, next times, runs skipped or missed), the last runs with their ' +
    'counts, the workers that poll, the last success of each target, and the expired rows that remain ' +
    'with the age of the oldest. Shows what it can while Temporal or the database is down. Leaves the ' +
    'expired rows out without DATABASE_URL and with --max-age.',
  options: [
    durationOption(
      '--max-age <duration>',
      'exit with 1 unless each target has been cleaned up to a cut-off within this time; nothing else ' +
        'decides the exit code',
    ),
  ],
  settings: [...TARGET_SETTINGS, '_SCHEDULE_ID', '_TASK_QUEUE'],
  temporal: true,
  examples: [
    ['session-cleanup status', 'at a glance'],
    ['session-cleanup status --max-age 13h', 'for monitoring; needs no database'],
    ['session-cleanup status --json | jq .runs.content[0].deletedCount', 'for a program'],
  ],
  failed: 'a part could not be read; with --max-age, a target is overdue',
  run: async ({ context, options: { maxAge } }) => {
    const now = new Date();
    const since = maxAge === undefined ? undefined : new Date(now.getTime() - maxAge);
    const { config, temporal } =
      since === undefined ? readPartialConfig(context) : readTemporalConfig(context);
    const report = await readStatus(config, temporal, since);
    const overdue = since === undefined ? [] : overdueTargets(report, since);
    const isOverdue = overdue === undefined || overdue.length > 0;
    return {
      json: { ...report, overdue: isOverdue, overdueTargets: overdue ?? null },
      text: (paint) =>
        renderStatus(report, {
          paint,
          now,
          overdue: overdue ?? [],
          taskQueue: config.taskQueue,
          isDatabaseLeftOut: since !== undefined,
        }),
      hasFailed: since === undefined ? !isComplete(report) : isOverdue,
    };
  },
});
