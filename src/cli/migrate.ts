import type { Command } from 'commander';

import { loadConfig } from '../config/load-config.ts';
import { writeResult } from './command-context.ts';
import { EXIT } from './exit-code.ts';
import { addHelpSections } from './help-text.ts';
import { JSON_OPTION } from './invocation.ts';
import type { Invocation, JsonOption } from './invocation.ts';

/** `session-cleanup migrate` */
export function addMigrateCommand(program: Command, { act, context }: Invocation): void {
  const command = program
    .command('migrate')
    .summary('create the ledger in the database')
    .description(
      'Creates the schema and the table of the ledger, where the exact counts are kept; and the table ' +
        'sessions, unless a setting says that another one is cleaned. A table of somebody else is ' +
        'never changed. Doing it again, or several times at once, changes nothing more.',
    )
    .option(...JSON_OPTION);
  addHelpSections(command, {
    settings: ['DATABASE_URL', '_CLEANUP_TABLE', '_LEDGER_SCHEMA'],
    temporal: false,
    examples: [
      ['session-cleanup migrate', 'ledger and table of sessions'],
      ['SESSION_CLEANUP_TABLE=auth.sessions session-cleanup migrate', 'the ledger only'],
    ],
  });
  act(command, async () => {
    const options = command.opts<JsonOption>();
    const config = loadConfig(context.environment);
    const { migrateDatabase } = await import('./database.ts');
    const applied = await migrateDatabase(config);
    writeResult(context, options.json, { applied }, () =>
      applied.length === 0
        ? 'Everything is there already; nothing was changed.'
        : ['Applied:', ...applied.map((name) => `  ${name}`)].join('\n'),
    );
    return EXIT.done;
  });
}
