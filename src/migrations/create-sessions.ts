import type { Constructor } from '@mikro-orm/core';
import { Migration } from '@mikro-orm/migrations';

/**
 * Makes the migration that creates the default table `sessions`. A table of that name that is
 * already there belongs to an application and is left exactly as it is.
 */
export function createSessions(): Constructor<Migration> {
  return class CreateSessions extends Migration {
    override async up(): Promise<void> {
      const [found] = await this.execute(`select to_regclass('sessions') is not null as exists`);
      if (found?.['exists'] === true) return;
      this.addSql(`create table "sessions" (
        "id" uuid not null default gen_random_uuid(),
        "user_id" text not null,
        "token_hash" varchar(64) not null,
        "user_agent" text null,
        "ip_address" inet null,
        "created_at" timestamptz(6) not null default now(),
        "last_seen_at" timestamptz(6) not null default now(),
        "expires_at" timestamptz(6) not null,
        primary key ("id"),
        constraint "sessions_token_hash_unique" unique ("token_hash")
      )`);
      this.addSql(`create index "sessions_expires_at_index" on "sessions" ("expires_at")`);
      this.addSql(`create index "sessions_user_id_index" on "sessions" ("user_id")`);
    }

    override down(): void {
      throw new Error(
        'The table "sessions" may hold live sessions; drop it by hand if that is what you want.',
      );
    }
  };
}
