import type { MigrationObject } from '@mikro-orm/core';
import type { DatabaseSettings } from '../../config/config.ts';
import { countDependents } from './count-dependents.ts';
import { addPartitionToLedger } from './add-partition-to-ledger.ts';
import { createLedger } from './create-ledger.ts';
import { extendLedger } from './extend-ledger.ts';
import { createSessions } from './create-sessions.ts';
import { markCleanSlices } from './mark-clean-slices.ts';

/**
 * All migrations, oldest first. Listed here rather than found in a folder, so that a bundler or a
 * compiled build cannot lose one. Names are recorded in the database: never rename one.
 *
 * The table of sessions is created only when no other one is configured.
 */
export function migrationsList(database: DatabaseSettings): MigrationObject[] {
  return [
    { name: '0001-create-ledger', class: createLedger(database.ledgerSchema) },
    ...(database.ownsSessionsTable
      ? [{ name: '0002-create-sessions', class: createSessions(database.defaultSchema) }]
      : []),
    { name: '0003-extend-ledger', class: extendLedger(database.ledgerSchema) },
    { name: '0004-count-dependents', class: countDependents(database.ledgerSchema) },
    {
      name: '0005-add-partition-to-ledger',
      class: addPartitionToLedger(database.ledgerSchema),
    },
    { name: '0006-mark-clean-slices', class: markCleanSlices(database.ledgerSchema) },
  ];
}
