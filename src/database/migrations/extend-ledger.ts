import type { Constructor } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import { quoteName } from '../sql.ts';
import { LEDGER_TABLE } from '../entities/ledger-entry.ts';

/** Makes the migration that adds expired rows that cannot be deleted, and when a count was last read, and is final. */
export function extendLedger(schema: string): Constructor<Migration> {
  const table = `${quoteName(schema)}.${quoteName(LEDGER_TABLE)}`;

  return class ExtendLedger extends Migration {
    override up(): void {
      this.addSql(
        `alter table ${table} add column "remaining" pg_catalog.jsonb not null default '[]', add column "settled_at" pg_catalog.timestamptz(6) null, add column "is_closed" boolean not null default false`,
      );
    }

    override down(): void {
      this.addSql(
        `alter table ${table} drop column "remaining", drop column "settled_at", drop column "is_closed"`,
      );
    }
  };
}
