import { grantStatements, viewOfOthersGrant } from '../checks/rights.ts';
import { loadTables } from '../config/load-config.ts';
import { defineCommand } from './command.ts';
import { TARGET_SETTINGS } from './help.ts';
import { textOption } from './options.ts';

/** PostgreSQL's limit for names. Bytes. */
const LONGEST_NAME = 63;

/** `session-cleanup grants` */
export const addGrantsCommand = defineCommand<{ readonly role: string }>({
  name: 'grants',
  summary: 'print the SQL that grants a role the required rights',
  description:
    'Prints the SQL that grants a database role the rights that the worker needs, and no more. Opens ' +
    'no connection; of DATABASE_URL, which may be left out, it uses only "schema". Run "session-cleanup ' +
    'migrate" as the owner first: the ledger has to exist.',
  options: [
    textOption(
      '--role <name>',
      'the role, spelled as in the catalogs',
      LONGEST_NAME,
    ).makeOptionMandatory(),
  ],
  settings: [...TARGET_SETTINGS, '_LEDGER_SCHEMA'],
  examples: [['session-cleanup grants --role cleaner | psql "$ADMIN_URL"', 'grant them']],
  run: ({ context, options: { role } }) => {
    const { targets, ledgerSchema } = loadTables(context.environment);
    const statements = grantStatements(targets, ledgerSchema, role);
    return Promise.resolve({
      json: { statements },
      text: () =>
        [
          ...statements,
          ...targets
            .filter(({ unlessReferenced }) => unlessReferenced)
            .map(
              ({ name }) =>
                `-- Target ${name} also needs SELECT on each table that refers to it: "session-cleanup check" lists these.`,
            ),
          '-- Optional: lets the clean-up see the lag of replicas, other active sessions, sessions that wait',
          '-- for it, and the age of old transactions:',
          `-- ${viewOfOthersGrant(role)}`,
        ].join('\n'),
    });
  },
});
