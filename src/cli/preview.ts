import type { Command } from 'commander';

import { loadConfig } from '../config/load-config.ts';
import { writeResult } from './command-context.ts';
import { EXIT } from './exit-code.ts';
import { addHelpSections } from './help-text.ts';
import { JSON_OPTION } from './invocation.ts';
import type { Invocation, JsonOption } from './invocation.ts';
import { renderPreviews } from './preview-text.ts';
import { createPainter } from './rendering/painter.ts';

/** `session-cleanup preview` */
export function addPreviewCommand(program: Command, { act, context }: Invocation): void {
  const command = program
    .command('preview')
    .summary('tell what a run would delete now')
    .description(
      'Asks the database what a run would delete now, by the very condition that a run uses: rows, the ' +
        'oldest of them, the way that would be taken and about how long that takes. Writes nothing, ' +
        'and needs no Temporal. For the same through Temporal: session-cleanup run start --dry-run',
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
    ],
    temporal: false,
    examples: [
      ['session-cleanup preview', 'before the first run'],
      ['SESSION_CLEANUP_GRACE=7d session-cleanup preview', 'if rows stayed for another week'],
    ],
    failed: 'failed for at least one table',
  });
  act(command, async () => {
    const options = command.opts<JsonOption>();
    const config = loadConfig(context.environment);
    const { previewTargets } = await import('./database.ts');
    const targets = await previewTargets(config);
    const painter = createPainter(context.stdout, context.environment);
    writeResult(context, options.json, { targets }, () =>
      renderPreviews(targets, painter, new Date()),
    );
    return targets.some(({ kind }) => kind === 'failed') ? EXIT.failed : EXIT.done;
  });
}
