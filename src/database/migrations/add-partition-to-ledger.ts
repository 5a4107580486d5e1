import type { Constructor } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import { quoteName } from '../sql.ts';
import { LEDGER_TABLE } from '../entities/ledger-entry.ts';

/** Makes the migration that adds the partition in which a position lies. */
export function addPartitionToLedger(schema: string): Constructor<Migration> {
  const table = `${quoteName(schema)}.${quoteName(LEDGER_TABLE)}`;

  return class AddPartitionToLedger extends Migration {
    override up(): void {
      this.addSql(`alter table ${table} add column "leaf" text null`);
    }

    override down(): void {
      this.addSql(`alter table ${table} drop column "leaf"`);
    }
  };
}
