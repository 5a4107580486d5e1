import { IsolationLevel, type EntityManager } from '@mikro-orm/postgresql';
import type { SqlFragment } from './sql.ts';

/** Settings by their PostgreSQL name. */
export type LocalSettings = Readonly<Record<string, string>>;

/**
 * Runs `work` in one transaction under `settings`, which end with it (`SET LOCAL`): nothing is left
 * on the connection, so it may come from PgBouncer in transaction mode.
 *
 * The isolation is always READ COMMITTED, whatever the database's default: a renewal that commits
 * while we wait is then seen, and its row tested again, rather than failing the transaction.
 *
 * @param and - expression that is evaluated along with the settings
 */
export async function withSettings<T>(
  em: EntityManager,
  settings: LocalSettings,
  work: (em: EntityManager) => Promise<T>,
  and?: SqlFragment,
): Promise<T> {
  return await em.transactional(
    async (tx) => {
      const { sql, params } = settingsStatement(settings);
      await tx.execute(`${sql}${and === undefined ? '' : `, ${and.sql}`}`, [
        ...params,
        ...(and?.params ?? []),
      ]);
      return await work(tx);
    },
    { isolationLevel: IsolationLevel.READ_COMMITTED, clear: true },
  );
}

/** A question that takes longer is cancelled by the server (57014), which outlives a lost client. */
const QUESTION_TIMEOUT = '10s';

/**
 * What a role or database may have set (`ALTER ROLE … SET`) and would change a question's answer or its time: every
 * digit of a float is written, no name is quoted without need, and the only limit is the question's own.
 */
const QUESTION_SETTINGS: LocalSettings = {
  statement_timeout: QUESTION_TIMEOUT,
  lock_timeout: '0',
  extra_float_digits: '1',
  quote_all_identifiers: 'off',
};

/**
 * Sends statements as one message, which PostgreSQL takes for one transaction, under `settings` that end with
 * it: a question with its settings is one trip to the server. Returns the rows of the last one.
 *
 * The search_path is `pg_catalog` alone, so that no function, operator or type of another schema can take
 * part; every table must be named with its schema. Each statement is cancelled after
 * {@link QUESTION_TIMEOUT} unless `settings` gives another `statement_timeout` (see {@link isTimeout}), and
 * none is subject to a timeout of the role or the database. Literals must not hold a backslash: a message is read
 * before any of its settings take effect, so `standard_conforming_strings` is what the role has.
 *
 * @param em - not in a transaction
 */
export async function ask<Row extends object>(
  em: EntityManager,
  settings: LocalSettings,
  ...statements: readonly SqlFragment[]
): Promise<Row[]> {
  const message = [
    { sql: ISOLATION, params: [] },
    { sql: PINNED_SEARCH_PATH, params: [] },
    { sql: NO_TRANSACTION_TIMEOUT, params: [] },
    { sql: END_WITH_CLIENT, params: [] },
    settingsStatement({ ...QUESTION_SETTINGS, ...settings }),
    ...statements,
  ];
  return await em.execute<Row[]>(
    message.map((statement) => statement.sql).join('; '),
    message.flatMap((statement) => statement.params),
  );
}

/** As {@link withSettings} has it. */
const ISOLATION = 'set transaction isolation level read committed';

/** Until the transaction ends. `pg_temp` is searched first unless it is named. */
export const PINNED_SEARCH_PATH = 'set local search_path = pg_catalog, pg_temp';

/** PostgreSQL 17 and later have it; elsewhere its name is an error. */
const NO_TRANSACTION_TIMEOUT = `select case when current_setting('server_version_num')::int >= 170000 then set_config('transaction_timeout', '0', true) end`;

/** The server cancels a question whose client has gone, as after Ctrl-C. Other platforms refuse any value but 0. */
const END_WITH_CLIENT = `select case when version() like '%linux%' then set_config('client_connection_check_interval', '1s', true) end`;

function settingsStatement(settings: LocalSettings): SqlFragment {
  return {
    sql: `select ${Object.keys(settings)
      .map(() => 'pg_catalog.set_config(?, ?, true)')
      .join(', ')}`,
    params: Object.entries(settings).flat(),
  };
}

/** SQLSTATE of a database error, or undefined for any other error. */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' && /^[0-9A-Z]{5}$/.test(error.code)
    ? error.code
    : undefined;
}

/** Whether a question was cancelled because it took too long: ask a smaller one. */
export function isTimeout(error: unknown): boolean {
  return sqlState(error) === '57014';
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
