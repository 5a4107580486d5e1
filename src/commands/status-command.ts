import type { Command } from 'commander';

import { parseDuration } from '../config/duration.ts';
import { readFullConfig, writeResult } from './command-context.ts';
import { EXIT, InputError } from './exit-code.ts';
import { addHelpSections } from './help-text.ts';
import { JSON_OPTION } from './invocation.ts';
import type { Invocation, JsonOption } from './invocation.ts';
import { createPainter } from './rendering/painter.ts';
import { gatherStatus, isComplete, isOverdue } from './status-report.ts';
import { renderStatus } from './status-text.ts';

/** `session-cleanup status` */
export function addStatusCommand(program: Command, { act, context }: Invocation): void {
  const command = program
    .command('status')
    .summary('show schedule, last runs, workers and what waits')
    .description(
      'Shows the schedule (paused or not, next times, runs skipped or missed), the last runs with their ' +
        'counts, the workers that poll, and the expired rows that wait with the age of the oldest. What ' +
        'can be told is shown even when Temporal or the database is down.',
    )
    .option('--max-age <duration>', 'exit with 1 when the last successful run ended longer ago')
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
      '_TASK_QUEUE',
    ],
    temporal: true,
    examples: [
      ['session-cleanup status', 'at a glance'],
      ['session-cleanup status --max-age 13h', 'a dead man’s switch, for monitoring'],
      ['session-cleanup status --json | jq .runs.content[0].deletedCount', 'for a program'],
    ],
    failed: 'some of it could not be told, or the last success is older than --max-age',
  });
  act(command, async () => {
    const options = command.opts<JsonOption & { readonly maxAge?: string }>();
    const maxAgeSeconds = readMaxAge(options.maxAge);
    const { config, temporal } = readFullConfig(context);
    const report = await gatherStatus(config, temporal);
    const now = new Date();
    const overdue = maxAgeSeconds !== undefined && isOverdue(report, maxAgeSeconds, now);
    writeResult(context, options.json, { ...report, overdue }, () =>
      renderStatus(report, {
        painter: createPainter(context.stdout, context.environment),
        now,
        overdue,
        taskQueue: config.taskQueue,
      }),
    );
    return isComplete(report) && !overdue ? EXIT.done : EXIT.failed;
  });
}

function readMaxAge(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const milliseconds = parseDuration(given);
  if (milliseconds === undefined || milliseconds <= 0) {
    throw new InputError(
      `--max-age is ${JSON.stringify(given)}. Allowed: a duration such as 90m, 13h or 2d.`,
    );
  }
  return milliseconds / 1_000;
}
