import type { Command } from 'commander';

import { listRecentRuns } from '../../runs/recent-runs.ts';
import { readTemporalConfig, writeResult } from '../command-context.ts';
import { EXIT, InputError } from '../exit-code.ts';
import { addHelpSections } from '../help-text.ts';
import { JSON_OPTION, type Invocation, type JsonOption } from '../invocation.ts';
import { createPainter } from '../rendering/painter.ts';
import { renderRuns } from './list-text.ts';
import { withClient } from '../temporal-client.ts';

/** `session-cleanup run list` */
export function addRunListCommand(run: Command, { act, context }: Invocation): void {
  const command = run
    .command('list')
    .summary('the last runs, with what they deleted')
    .description(
      'Lists the last runs, newest first, whoever started them: how they ended, how long they took and ' +
        'what they deleted.',
    )
    .option('--limit <number>', 'how many', '10')
    .option(...JSON_OPTION);
  addHelpSections(command, {
    settings: ['_TASK_QUEUE'],
    temporal: true,
    examples: [
      ['session-cleanup run list', 'the last ten'],
      ['session-cleanup run list --limit 100 --json', 'for machines'],
    ],
  });
  act(command, async () => {
    const options = command.opts<JsonOption & { readonly limit: string }>();
    const limit = Number(options.limit);
    if (!/^\d+$/.test(options.limit) || limit < 1 || limit > 1_000) {
      throw new InputError(
        `--limit is ${JSON.stringify(options.limit)}. Allowed: a whole number from 1 to 1000.`,
      );
    }
    const { config, temporal } = readTemporalConfig(context);
    return await withClient(temporal, async (client) => {
      const runs = await listRecentRuns(client, limit, config.taskQueue);
      const painter = createPainter(context.stdout, context.environment);
      writeResult(context, options.json, { runs }, () =>
        renderRuns(runs, { painter, now: new Date(), withIds: true }),
      );
      return EXIT.done;
    });
  });
}
