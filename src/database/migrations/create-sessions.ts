import type { Constructor } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';
import { quoteTable } from '../sql.ts';

/**
 * Makes the migration that creates the default table `sessions`. A table of that name that is
 * already there belongs to an application and is left exactly as it is.
 */
export function createSessions(defaultSchema: string | undefined): Constructor<Migration> {
  return class CreateSessions extends Migration {
    override async up(): Promise<void> {
      const given = quoteTable({ schema: defaultSchema, table: 'sessions' });
      // Where the connection's own search_path puts a table; the migrator's holds pg_catalog alone.
      const [found] = await this.execute(
        `set local search_path to default; select pg_catalog.current_schema()::pg_catalog.text as schema,
         pg_catalog.to_regclass('${given.replaceAll("'", "''")}'::pg_catalog.text) is not null as exists`,
      );
      if (found?.['exists'] === true) return;
      const current: unknown = found?.['schema'];
      const schema = defaultSchema ?? (typeof current === 'string' ? current : undefined);
      const table = quoteTable({ schema, table: 'sessions' });
      // Whatever the search_path, these types and functions are PostgreSQL's own.
      this.addSql(`create table ${table} (
        "id" pg_catalog.uuid not null default pg_catalog.gen_random_uuid(),
        "user_id" pg_catalog.text not null,
        "token_hash" pg_catalog.varchar(64) not null,
        "user_agent" pg_catalog.text null,
        "ip_address" pg_catalog.inet null,
        "created_at" pg_catalog.timestamptz(6) not null default pg_catalog.now(),
        "last_seen_at" pg_catalog.timestamptz(6) not null default pg_catalog.now(),
        "expires_at" pg_catalog.timestamptz(6) not null,
        primary key ("id"),
        constraint "sessions_token_hash_unique" unique ("token_hash")
      )`);
      this.addSql(`create index "sessions_expires_at_index" on ${table} ("expires_at")`);
      this.addSql(`create index "sessions_user_id_index" on ${table} ("user_id")`);
    }

    override down(): void {
      throw new Error(
        'The table "sessions" may hold live sessions; drop it by hand if that is what you want.',
      );
    }
  };
}
