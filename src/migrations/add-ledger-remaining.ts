import type { Constructor } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import { quoteName } from '../database/quote-name.ts';
import { LEDGER_TABLE } from '../entities/ledger-entry.ts';

/** Makes the migration that adds the column for expired rows that cannot be deleted. */
export function addLedgerRemaining(schema: string): Constructor<Migration> {
  const table = `${quoteName(schema)}.${quoteName(LEDGER_TABLE)}`;

  return class AddLedgerRemaining extends Migration {
    override up(): void {
      this.addSql(
        `alter table ${table} add column if not exists "remaining" jsonb not null default '[]'`,
      );
    }

    override down(): void {
      this.addSql(`alter table ${table} drop column "remaining"`);
    }
  };
}
