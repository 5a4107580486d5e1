import type { EntityManager } from '@mikro-orm/postgresql';
import { joined, type SqlFragment } from './sql.ts';

/** Settings by their PostgreSQL name. */
export type LocalSettings = Readonly<Record<string, string>>;

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
 * Sends statements as one message, which PostgreSQL takes for one transaction: it costs one round trip, and leaves no
 * lock behind when the client is lost. Returns the rows of the last one.
 *
 * The isolation is always READ COMMITTED, whatever the database's default: a renewal that commits while a deletion
 * waits is then seen, and its row tested again, rather than failing the transaction. Each statement has a
 * `statement_timeout` of its own. Settings end with the message, so the connection may come from PgBouncer in
 * transaction mode.
 *
 * @param em - not in a transaction
 */
export async function sendTransaction<Row extends object>(
  em: EntityManager,
  statements: readonly SqlFragment[],
): Promise<Row[]> {
  const { sql, params } = joined([ISOLATION, ...statements], '; ');
  return await em.execute<Row[]>(sql, [...params]);
}

/** What a message is answered: the result of its last statement. */
interface Answer {
  readonly affectedRows: number;
  readonly row?: Readonly<Record<string, unknown>>;
}

/** A transaction on one connection, message by message. */
export interface Transaction {
  /** Sends statements in one message; the first message also begins the transaction. */
  readonly send: (...statements: readonly SqlFragment[]) => Promise<Answer>;
  /** Sends statements and COMMIT in one message. */
  readonly commit: (...statements: readonly SqlFragment[]) => Promise<void>;
}

/**
 * Runs a transaction, READ COMMITTED as in {@link sendTransaction}, for work that needs an answer before it commits.
 * What does not commit is rolled back. MikroORM's own transactions cost a round trip for BEGIN, one for the settings
 * and one for COMMIT.
 */
export async function inTransaction<T>(
  em: EntityManager,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  const connection = em.getConnection();
  return await connection
    .getClient()
    .connection()
    .execute(async (context) => {
      let before = [BEGIN];
      const send = async (statements: readonly SqlFragment[]): Promise<Answer> => {
        const { sql, params } = joined([...before, ...statements], '; ');
        before = [];
        return await connection.execute<Answer>(sql, [...params], 'run', context);
      };
      try {
        return await work({
          send: (...statements) => send(statements),
          commit: async (...statements) => void (await send([...statements, COMMIT])),
        });
      } catch (error) {
        // Fails on a lost connection, on which there is nothing to roll back.
        await send([ROLLBACK]).catch(() => undefined);
        throw error;
      }
    });
}

const BEGIN: SqlFragment = { sql: 'start transaction isolation level read committed', params: [] };
const COMMIT: SqlFragment = { sql: 'commit', params: [] };
const ROLLBACK: SqlFragment = { sql: 'rollback', params: [] };

/**
 * Asks a question by {@link sendTransaction}, under `settings`.
 *
 * The search_path is `pg_catalog` alone, so that no function, operator or type of another schema can take
 * part; every table must be named with its schema. Each statement is cancelled after
 * {@link QUESTION_TIMEOUT} unless `settings` gives another `statement_timeout` (see {@link isTimeout}), and
 * none is subject to a timeout of the role or the database. Literals must not hold a backslash: a message is read
 * before any of its settings take effect, so `standard_conforming_strings` is what the role has.
 */
export async function ask<Row extends object>(
  em: EntityManager,
  settings: LocalSettings,
  ...statements: readonly SqlFragment[]
): Promise<Row[]> {
  return await sendTransaction<Row>(em, [
    { sql: PINNED_SEARCH_PATH, params: [] },
    NO_TRANSACTION_TIMEOUT,
    END_WITH_CLIENT,
    settingsStatement({ ...QUESTION_SETTINGS, ...settings }),
    ...statements,
  ]);
}

const ISOLATION: SqlFragment = {
  sql: 'set transaction isolation level read committed',
  params: [],
};

/** Until the transaction ends. `pg_temp` is searched first unless it is named. */
export const PINNED_SEARCH_PATH = 'set local search_path = pg_catalog, pg_temp';

/** PostgreSQL 17 and later have it; elsewhere its name is an error. */
const NO_TRANSACTION_TIMEOUT: SqlFragment = {
  sql: `select case when current_setting('server_version_num')::int >= 170000 then set_config('transaction_timeout', '0', true) end`,
  params: [],
};

/** The server cancels a question whose client has gone, as after Ctrl-C. Other platforms refuse any value but 0. */
const END_WITH_CLIENT: SqlFragment = {
  sql: `select case when version() like '%linux%' then set_config('client_connection_check_interval', '1s', true) end`,
  params: [],
};

/**
 * Statement that makes settings until the transaction ends (`SET LOCAL`).
 *
 * @param and - expressions that are evaluated along with them
 */
export function settingsStatement(
  settings: LocalSettings,
  ...and: readonly SqlFragment[]
): SqlFragment {
  const all = Object.entries(settings).map((setting) => ({
    sql: 'pg_catalog.set_config(?, ?, true)',
    params: setting,
  }));
  const { sql, params } = joined([...all, ...and], ', ');
  return { sql: `select ${sql}`, params };
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
 * For questions about a table: while another session locks it (`VACUUM FULL`, `ALTER TABLE`), the question fails
 * soon with {@link isLockTimeout}, and the caller can report what it waits for.
 */
export const ASKING: LocalSettings = { lock_timeout: '100ms' };
