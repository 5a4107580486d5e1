import { loadConfig } from '../config/load-config.ts';
import { defineCommand } from './command.ts';

/** `session-cleanup migrate` */
export const addMigrateCommand = defineCommand({
  name: 'migrate',
  summary: 'create the ledger in the database',
  description:
    'Creates the schema and the table of the ledger, which holds the exact counts, and the table ' +
    'sessions unless a setting names another one. Never changes tables of other programs. Running it ' +
    'again, or several times at once, changes nothing more.',
  settings: ['DATABASE_URL', '_CLEANUP_TABLE', '_LEDGER_SCHEMA'],
  examples: [
    ['session-cleanup migrate', 'the ledger and the table sessions'],
    ['SESSION_CLEANUP_TABLE=auth.sessions session-cleanup migrate', 'the ledger only'],
  ],
  run: async ({ context }) => {
    const config = loadConfig(context.environment);
    const { migrateDatabase } = await import('./database.ts');
    const applied = await migrateDatabase(config);
    return {
      json: { applied },
      text: () =>
        applied.length === 0
          ? 'Nothing to do: all migrations are applied.'
          : [
              'Applied:',
              ...applied.map((name) => `  ${name}`),
              "An application with MikroORM on this database must leave the ledger's schema out, or its schema",
              `diff drops it: schemaGenerator: { ignoreSchema: ['${config.database.ledgerSchema}'] }`,
            ].join('\n'),
    };
  },
});
