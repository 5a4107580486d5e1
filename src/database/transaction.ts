import { IsolationLevel, type EntityManager } from '@mikro-orm/postgresql';

/** Settings by their PostgreSQL name. */
export type LocalSettings = Readonly<Record<string, string>>;

/**
 * Runs `work` in one transaction under `settings`, which end with it (`SET LOCAL`): nothing is left
 * on the connection, so it may come from PgBouncer in transaction mode.
 *
 * The isolation is always READ COMMITTED, whatever the database's default: a renewal that commits
 * while we wait is then seen, and its row tested again, rather than failing the transaction.
 */
export async function withSettings<T>(
  em: EntityManager,
  settings: LocalSettings,
  work: (em: EntityManager) => Promise<T>,
): Promise<T> {
  const names = Object.keys(settings);
  return await em.transactional(
    async (tx) => {
      await tx.execute(
        `select ${names.map(() => 'set_config(?, ?, true)').join(', ')}`,
        Object.entries(settings).flat(),
      );
      return await work(tx);
    },
    { isolationLevel: IsolationLevel.READ_COMMITTED, clear: true },
  );
}

/** SQLSTATE of a database error, or undefined for any other error. */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code)
    ? error.code
    : undefined;
}

/** Whether a lock was not to be had within `lock_timeout`. */
export function isLockTimeout(error: unknown): boolean {
  return sqlState(error) === '55P03';
}

/**
 * For questions about a table: if somebody holds it as a whole (`VACUUM FULL`, `ALTER TABLE`), the
 * question fails soon with {@link isLockTimeout}, and whoever asked can say what it is waiting for.
 */
export const ASKING: LocalSettings = { lock_timeout: '100ms' };
