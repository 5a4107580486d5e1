import type { Command } from 'commander';

import { parseDuration } from '../../config/duration.ts';
import { readPartialConfig, readTemporalConfig, writeResult } from '../command-context.ts';
import { EXIT, InputError } from '../exit-code.ts';
import { addHelpSections } from '../help-text.ts';
import { JSON_OPTION } from '../invocation.ts';
import type { Invocation, JsonOption } from '../invocation.ts';
import { createPainter } from '../rendering/painter.ts';
import { gatherStatus, isComplete, overdueTargets } from './report.ts';
import { renderStatus } from './text.ts';

/** `session-cleanup status` */
export function addStatusCommand(program: Command, { act, context }: Invocation): void {
  const command = program
    .command('status')
    .summary('show schedule, last runs, workers and what waits')
    .description(
      'Shows the schedule (paused or not, next times, runs skipped or missed), the last runs with their ' +
        'counts, the workers that poll, up to when each target has been cleaned, and the expired rows ' +
        'that remain with the age of the oldest. What can be read is shown even when Temporal or the ' +
        'database is down; the expired rows are left out without DATABASE_URL and with --max-age.',
    )
    .option(
      '--max-age <duration>',
      'exit with 1 unless each target has been cleaned up to a cut-off not longer ago than this; ' +
        'nothing else decides the exit code',
    )
    .option(...JSON_OPTION);
  addHelpSections(command, {
    settings: [
      'DATABASE_URL',
      '_TABLE',
      '_EXPIRES_COLUMN',
      '_EXPIRES_TYPE',
      '_TIME_ZONE',
      '_CASCADE',
      '_TARGETS',
      '_GRACE',
      '_SCHEDULE_ID',
      '_TASK_QUEUE',
    ],
    temporal: true,
    examples: [
      ['session-cleanup status', 'at a glance'],
      ['session-cleanup status --max-age 13h', 'for monitoring; needs no database'],
      ['session-cleanup status --json | jq .runs.content[0].deletedCount', 'for a program'],
    ],
    failed: 'some of it could not be read; with --max-age, a target is overdue',
  });
  act(command, async () => {
    const options = command.opts<JsonOption & { readonly maxAge?: string }>();
    const maxAgeSeconds = readMaxAge(options.maxAge);
    const now = new Date();
    const since =
      maxAgeSeconds === undefined ? undefined : new Date(now.getTime() - maxAgeSeconds * 1_000);
    const { config, temporal } =
      since === undefined ? readPartialConfig(context) : readTemporalConfig(context);
    const report = await gatherStatus(config, temporal, since);
    const overdue = since === undefined ? [] : overdueTargets(report, since);
    const isOverdue = overdue === undefined || overdue.length > 0;
    writeResult(
      context,
      options.json,
      { ...report, overdue: isOverdue, overdueTargets: overdue ?? null },
      () =>
        renderStatus(report, {
          painter: createPainter(context.stdout, context.environment),
          now,
          overdue: overdue ?? [],
          taskQueue: config.taskQueue,
          isDatabaseLeftOut: since !== undefined,
        }),
    );
    if (since !== undefined) return isOverdue ? EXIT.failed : EXIT.done;
    return isComplete(report) ? EXIT.done : EXIT.failed;
  });
}

function readMaxAge(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const milliseconds = parseDuration(given, 's');
  if (milliseconds === undefined || milliseconds <= 0) {
    throw new InputError(
      `--max-age is ${JSON.stringify(given)}. Allowed: a duration such as 90m, 13h or 2d; a bare number is seconds.`,
    );
  }
  return milliseconds / 1_000;
}
