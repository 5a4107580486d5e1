import type { Command } from 'commander';

import { loadConfig } from '../config/load-config.ts';
import { grantStatements, viewOfOthersGrant } from '../checks/rights.ts';
import { writeResult } from './command-context.ts';
import { EXIT, InputError } from './exit-code.ts';
import { addHelpSections } from './help-text.ts';
import { JSON_OPTION, type Invocation, type JsonOption } from './invocation.ts';

/** `session-cleanup grants` */
export function addGrantsCommand(program: Command, { act, context }: Invocation): void {
  const command = program
    .command('grants')
    .summary('print the SQL that gives a role the rights it needs')
    .description(
      'Prints the SQL that gives a database role what the worker needs, and no more. Connects to ' +
        'nothing. Run "session-cleanup migrate" as the owner first: the ledger has to exist.',
    )
    .requiredOption('--role <name>', 'the role, exactly as PostgreSQL has it')
    .option(...JSON_OPTION);
  addHelpSections(command, {
    settings: ['DATABASE_URL', '_TABLE', '_EXPIRES_COLUMN', '_TARGETS', '_LEDGER_SCHEMA'],
    temporal: false,
    examples: [['session-cleanup grants --role cleaner | psql "$ADMIN_URL"', 'give them']],
  });
  act(command, () => {
    const options = command.opts<JsonOption & { readonly role: string }>();
    if (options.role === '' || Buffer.byteLength(options.role) > 63) {
      throw new InputError(`--role is ${JSON.stringify(options.role)}. Allowed: 1 to 63 bytes.`);
    }
    const config = loadConfig(context.environment);
    const statements = grantStatements(config.targets, config.database.ledgerSchema, options.role);
    writeResult(context, options.json, { statements }, () =>
      [
        ...statements,
        '-- Not needed, but it lets the clean-up see how far replicas are behind, who is at work or waits for',
        '-- it, and how old transactions of others are:',
        `-- ${viewOfOthersGrant(options.role)}`,
      ].join('\n'),
    );
    return Promise.resolve(EXIT.done);
  });
}
