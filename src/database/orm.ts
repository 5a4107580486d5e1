import { setTimeout as delay } from 'node:timers/promises';

import { Migrator } from '@mikro-orm/migrations';
import { MikroORM, PostgreSqlDriver, Utils, type Options } from '@mikro-orm/postgresql';
import { ConfigError, type DatabaseSettings, type TargetConfig } from '../config/config.ts';
import { driverUrl } from '../config/database-url.ts';
import { defineTarget } from './entities/cleanup-target.ts';
import { defineLedgerEntry } from './entities/ledger-entry.ts';
import { SessionSchema } from './entities/session.ts';
import { migrationsList } from './migrations/index.ts';
import { markConnectionErrors, releaseLostConnections, type ClientPool } from './connections.ts';

/**
 * Table of applied migrations, beside the ledger and under a name of its own: an application that uses
 * MikroORM keeps its migrations in `mikro_orm_migrations`, and neither may see the other's.
 */
export const MIGRATIONS_TABLE = 'session_cleanup_migrations';

/** By which our own sessions are known on the server, whatever the address or the environment says. */
export const APPLICATION_NAME = 'session-cleanup';

/** A connection that does not come about within this time is an unreachable database. Milliseconds. */
const CONNECT_TIMEOUT = 5_000;

/**
 * A statement that has no answer by then has lost its connection, even if nothing closed it (a
 * vanished host, a firewall that drops packets). Well above every `statement_timeout` set on the
 * server, so that a living server always answers first. Milliseconds.
 */
const ANSWER_TIMEOUT = 60_000;

/** ORMs that {@link createOrm} has made. */
const MADE = new WeakSet<MikroORM>();

/**
 * Makes the ORM over `database`. Opens no connection: the first query does.
 *
 * The pool holds a connection per lane and two more, for the ledger and for questions asked while
 * the lanes work. Nothing depends on a connection's session state, so PgBouncer may pool
 * transactions. Close with {@link closeOrm}.
 *
 * @param options - `connectAs`: an ORM of the application, whose address, login and driver options are used instead of
 *   those of `database`
 * @throws ConfigError when it has a Kysely instance or dialect instead of driver options
 */
export function createOrm(
  database: DatabaseSettings,
  targets: readonly TargetConfig[],
  { lanes = 1, connectAs }: { readonly lanes?: number; readonly connectAs?: MikroORM } = {},
): MikroORM {
  const orm = new MikroORM({
    ...ormOptions(database),
    ...(connectAs === undefined ? {} : connectionOf(connectAs)),
    entities: [...ownEntities(database), ...targets.map(defineTarget)],
    // A target is often a table that has an entity of its own, `sessions` first of all.
    discovery: { checkDuplicateTableNames: false },
    pool: { min: 0, max: lanes + 2 },
  });
  MADE.add(orm);
  return orm;
}

/**
 * The clean-up sends several statements in one message, and replaces lost connections, which only the connections of
 * {@link createOrm} do.
 *
 * @throws TypeError for any other ORM
 */
export function requireOwnOrm(orm: MikroORM): void {
  if (MADE.has(orm)) return;
  throw new TypeError(
    'orm: not made by createOrm. Give createOrm(config.database, config.targets, { connectAs: orm }).',
  );
}

const CONNECTION_OPTIONS = [
  ...(['clientUrl', 'host', 'port', 'user', 'password', 'dbName'] as const),
  'onCreateConnection',
] as const;

/** How an application's ORM connects. */
function connectionOf({ config }: MikroORM): Options {
  const options = CONNECTION_OPTIONS.flatMap((name) => {
    const value: unknown = config.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const found: unknown = config.get('driverOptions');
  const given: unknown = typeof found === 'function' ? found() : found;
  if (!Utils.isPlainObject<PoolOptions>(given) || 'createDriver' in given) {
    throw new ConfigError([
      'orm: its driverOptions hold a Kysely instance or a dialect, which cannot be used here. Give databaseUrl.',
    ]);
  }
  const own = driverOptions();
  return {
    ...Object.fromEntries(options),
    driverOptions: {
      ...given,
      ...own,
      onPoolCreated(pool: OpenedPool) {
        given.onPoolCreated?.(pool);
        own.onPoolCreated(pool);
      },
    },
  };
}

/**
 * Options for `schemaGenerator` of an application's own MikroORM on the same database: without them its schema diff
 * and its migrations drop the ledger, a table that no entity of theirs describes.
 *
 * @example
 * defineConfig({ entities: [UserSession], schemaGenerator: { ...keepLedger() } })
 */
export function keepLedger(ledgerSchema = 'session_cleanup'): { ignoreSchema: string[] } {
  return { ignoreSchema: [ledgerSchema] };
}

/** Time that connections have for closing. Milliseconds. */
const CLOSE_WITHIN = 2_000;

/** Closes all connections; does not wait for one that hangs. */
export async function closeOrm(orm: MikroORM): Promise<void> {
  await Promise.race([orm.close(true), delay(CLOSE_WITHIN, undefined, { ref: false })]);
}

/** Options without the targets: what MikroORM's own commands and the comparison of schemas use. */
export function ormOptions(database: DatabaseSettings): Options {
  return {
    driver: PostgreSqlDriver,
    clientUrl: driverUrl(database.url),
    entities: ownEntities(database),
    extensions: [Migrator],
    migrations: {
      tableName: `${database.ledgerSchema}.${MIGRATIONS_TABLE}`,
      snapshot: false,
      silent: true,
      migrationsList: migrationsList(database),
    },
    // Errors and logs must not carry a statement's parameters, and a missing database is not ours
    // to create.
    debug: false,
    ensureDatabase: false,
    driverOptions: {
      // MikroORM reads user, host and database from the address, and would leave `sslmode` and all other
      // parameters out without a word; the driver reads them all.
      connectionString: driverUrl(database.url),
      ...driverOptions(),
    },
  };
}

type OpenedPool = ClientPool & Parameters<typeof markConnectionErrors>[0];

interface PoolOptions {
  readonly onPoolCreated?: (pool: OpenedPool) => void;
}

/** Of all our connections, wherever they lead. */
function driverOptions() {
  return {
    application_name: APPLICATION_NAME,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    query_timeout: ANSWER_TIMEOUT,
    keepAlive: true,
    onPoolCreated(pool: OpenedPool) {
      markConnectionErrors(pool);
      releaseLostConnections(pool);
    },
  };
}

function ownEntities(database: DatabaseSettings) {
  return [SessionSchema, defineLedgerEntry(database.ledgerSchema)];
}
