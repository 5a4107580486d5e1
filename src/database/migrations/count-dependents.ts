import type { Constructor } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import { quoteName } from '../sql.ts';
import { LEDGER_TABLE } from '../entities/ledger-entry.ts';

/** Makes the migration that adds the count of deleted dependents. */
export function countDependents(schema: string): Constructor<Migration> {
  const table = `${quoteName(schema)}.${quoteName(LEDGER_TABLE)}`;

  return class CountDependents extends Migration {
    override up(): void {
      this.addSql(
        `alter table ${table} add column "dependents_deleted" bigint not null default '0'`,
      );
    }

    override down(): void {
      this.addSql(`alter table ${table} drop column "dependents_deleted"`);
    }
  };
}
