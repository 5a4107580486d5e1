import type { Constructor } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import { LEDGER_TABLE } from '../entities/ledger-entry.ts';
import { quoteName } from '../sql.ts';

/** Makes the migration that creates the ledger in `schema`. */
export function createLedger(schema: string): Constructor<Migration> {
  const table = `${quoteName(schema)}.${quoteName(LEDGER_TABLE)}`;

  return class CreateLedger extends Migration {
    override up(): void {
      this.addSql(`create schema if not exists ${quoteName(schema)}`);
      this.addSql(`create table ${table} (
        "run_id" pg_catalog.text not null,
        "target" pg_catalog.text not null,
        "slice" int not null,
        "lane" smallint not null,
        "fence" bigint not null default '0',
        "deadline" pg_catalog.timestamptz not null,
        "way" pg_catalog.text null,
        "position" pg_catalog.text not null default '',
        "end_position" pg_catalog.text null,
        "deleted_count" bigint not null default '0',
        "worked_milliseconds" bigint not null default '0',
        "updated_at" pg_catalog.timestamptz(6) not null default pg_catalog.now(),
        primary key ("run_id", "target", "slice", "lane")
      )`);
      this.addSql(
        `create index "session_cleanup_ledger_updated_at_index" on ${table} ("updated_at")`,
      );
    }

    override down(): void {
      this.addSql(`drop table ${table}`);
    }
  };
}
