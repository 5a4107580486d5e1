import type { Constructor } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import { quoteName } from '../sql.ts';
import { LEDGER_TABLE } from '../entities/ledger-entry.ts';

/** Makes the migration that adds whether a slice left no expired row behind. */
export function markCleanSlices(schema: string): Constructor<Migration> {
  const table = `${quoteName(schema)}.${quoteName(LEDGER_TABLE)}`;

  return class MarkCleanSlices extends Migration {
    override up(): void {
      this.addSql(`alter table ${table} add column "is_clean" boolean not null default false`);
    }

    override down(): void {
      this.addSql(`alter table ${table} drop column "is_clean"`);
    }
  };
}
