import type { MikroORM } from '@mikro-orm/postgresql';
import { migrationsList } from './migrations/index.ts';
import type { DatabaseSettings } from '../config/config.ts';
import { MIGRATIONS_TABLE } from './orm.ts';
import { quoteName } from './sql.ts';
import { ask, ASKING, PINNED_SEARCH_PATH } from './transaction.ts';

/** Key of the advisory lock that lets one migration run at a time; the letters `sclean`. */
const MIGRATION_LOCK = 0x73636c65616e;

/**
 * Creates what is missing: the ledger, and the default table of sessions if that is ours to make.
 * Running it again, or several times at once, changes nothing more.
 */
export async function migrate(orm: MikroORM): Promise<{ readonly applied: readonly string[] }> {
  // MikroORM's own statements name neither operators nor catalogue tables with their schema, and a migration often
  // runs as the owner of the database: nothing of another schema may take part in them.
  orm.config.set('onQuery', (sql) => `${PINNED_SEARCH_PATH}; ${sql}`);
  try {
    return await orm.em.fork().transactional(async (em) => {
      // Belongs to the transaction, so it works through PgBouncer and cannot outlive its holder.
      await em.execute('select pg_advisory_xact_lock(?)', [MIGRATION_LOCK]);
      const applied = await orm.migrator.up({ transaction: em.getTransactionContext() });
      return { applied: applied.map((migration) => migration.name) };
    });
  } finally {
    orm.config.set('onQuery', (sql) => sql);
  }
}

/** Names of migrations that have not been applied. Only reads, unlike the migrator's own question. */
export async function pendingMigrations(
  orm: MikroORM,
  database: DatabaseSettings,
): Promise<readonly string[]> {
  const all = migrationsList(database).map((migration) => migration.name);
  const table = `${quoteName(database.ledgerSchema)}.${quoteName(MIGRATIONS_TABLE)}`;
  const em = orm.em.fork();
  const [found] = await ask<{ exists: boolean }>(em, ASKING, {
    sql: 'select to_regclass(?::text) is not null as exists',
    params: [table],
  });
  if (found?.exists !== true) return all;
  const rows = await ask<{ name: string }>(em, ASKING, {
    sql: `select name from ${table}`,
    params: [],
  });
  const applied = new Set(rows.map((row) => row.name));
  return all.filter((name) => !applied.has(name));
}
