import type { Command } from 'commander';

import { readFullConfig, writeResult } from './command-context.ts';
import { EXIT } from './exit-code.ts';
import { addHelpSections } from './help-text.ts';
import { JSON_OPTION } from './invocation.ts';
import type { Invocation, JsonOption } from './invocation.ts';
import { createPainter } from './rendering/painter.ts';
import { gatherStatus, isComplete } from './status-report.ts';
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
    .option(...JSON_OPTION);
  addHelpSections(command, {
    settings: [
      'DATABASE_URL',
      '_TABLE',
      '_EXPIRES_COLUMN',
      '_EXPIRES_TYPE',
      '_TIME_ZONE',
      '_TARGETS',
      '_GRACE',
      '_TASK_QUEUE',
    ],
    temporal: true,
    examples: [
      ['session-cleanup status', 'at a glance'],
      ['session-cleanup status --json | jq .runs.content[0].deletedCount', 'for a program'],
    ],
    failed: 'some of it could not be told',
  });
  act(command, async () => {
    const options = command.opts<JsonOption>();
    const { config, temporal } = readFullConfig(context);
    const report = await gatherStatus(config, temporal);
    writeResult(context, options.json, report, () =>
      renderStatus(report, {
        painter: createPainter(context.stdout, context.environment),
        now: new Date(),
        taskQueue: config.taskQueue,
      }),
    );
    return isComplete(report) ? EXIT.done : EXIT.failed;
  });
}
