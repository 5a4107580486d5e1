/** As much of node-postgres' pooled client as is needed here. */
interface PooledClient {
  /** Set by the pool each time it hands the client out. */
  release: Release;
  query: (...query: unknown[]) => unknown;
  end(): Promise<void>;
  on(event: 'end', listener: () => void): unknown;
}

type Release = (error?: boolean | Error) => void;

/** As much of `pg.Pool` as is needed here. */
export interface ClientPool {
  on(event: 'connect' | 'acquire', listener: (client: PooledClient) => void): unknown;
  /** Not public; closes an idle client and frees its place. */
  _remove?(client: PooledClient): void;
}

/** The server is up, but cannot be used: it has become a standby, shuts down or was promoted elsewhere. */
const UNUSABLE = /^(25006|57P0|08)/;

/** A connection, and whether it may be handed out again. */
interface Connection {
  isLost: boolean;
  isIdle: boolean;
}

/**
 * Frees the pool slot of a lost connection, and never hands that connection out again.
 *
 * Kysely releases a transaction's connection after its rollback, and never when the rollback fails,
 * as it does on a connection that is gone. Each outage would take a place for every open transaction,
 * until none is left and the process cannot reach a database that is long up again.
 *
 * After a statement has failed because its connection ends, the pool notices only when the socket closes, and
 * would hand out that very connection in between.
 *
 * What makes one connection unusable, such as a failover, most likely does so for those that are open already: none of
 * them is handed out again.
 *
 * @param pool - the `pg.Pool` that MikroORM has just made
 */
export function releaseLostConnections(pool: ClientPool): void {
  const open = new Map<PooledClient, Connection>();
  const loseAll = (): void => {
    for (const [client, connection] of open) {
      connection.isLost = true;
      if (connection.isIdle) pool._remove?.(client);
    }
    open.clear();
  };
  pool.on('acquire', (client) => {
    const connection = open.get(client);
    if (connection !== undefined) connection.isIdle = false;
  });
  pool.on('connect', (client) => {
    const connection = { isLost: false, isIdle: false };
    open.set(client, connection);
    client.on('end', () => open.delete(client));
    releaseOnce(client, connection);
    watchAnswers(client, connection, loseAll);
  });
}

function releaseOnce(client: PooledClient, connection: Connection): void {
  let giveBack = nothingToGiveBack;
  Object.defineProperty(client, 'release', {
    get: () => giveBack,
    set(release: Release) {
      let isReleased = false;
      // The second caller finds it released, which the pool itself would report as an error.
      giveBack = (error) => {
        if (isReleased) return;
        isReleased = true;
        connection.isIdle = error === undefined && !connection.isLost;
        release(error ?? connection.isLost);
      };
    },
  });
  client.on('end', () => {
    giveBack(true);
  });
}

const nothingToGiveBack: Release = () => undefined;

/**
 * Detects answers that are the last ones of their connection, and returns that of a message's last statement. A connection on which a query had no answer in time
 * (`query_timeout`) is ended: the driver only stops waiting, so whatever is asked next would wait behind that
 * query, for as long again.
 */
function watchAnswers(client: PooledClient, connection: Connection, loseAll: () => void): void {
  const { query } = client;
  client.query = (...args) => {
    const answer: unknown = query.apply(client, args);
    if (!(answer instanceof Promise)) return answer;
    answer.catch((error: unknown) => {
      const isSilent = isSilence(error);
      connection.isLost ||= isSilent;
      if (isFarewell(error)) loseAll();
      if (isSilent) client.end().catch(() => undefined);
    });
    // One result for each statement of a message; MikroORM expects one.
    return answer.then((results: unknown) => (Array.isArray(results) ? results.at(-1) : results));
  };
}

function isSilence(error: unknown): boolean {
  return error instanceof Error && error.message === 'Query read timeout';
}

/** After an error of severity FATAL the server closes the connection. */
function isFarewell(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const isFatal = 'severity' in error && error.severity === 'FATAL';
  return (
    isFatal || ('code' in error && typeof error.code === 'string' && UNUSABLE.test(error.code))
  );
}

/** As much of `pg.Pool` as is needed here. */
interface ConnectingPool {
  connect: (...callback: unknown[]) => unknown;
}

const AT_CONNECT = 'isAtConnect';

/**
 * Marks errors that occur while a connection is made. PostgreSQL gives the same code to a startup parameter that it
 * does not know and to a missing object in a statement, and its severity is translated.
 *
 * @param pool - the `pg.Pool` that MikroORM has just made
 */
export function markConnectionErrors(pool: ConnectingPool): void {
  const { connect } = pool;
  pool.connect = (...callback) => {
    const connecting = connect.apply(pool, callback);
    if (!(connecting instanceof Promise)) return connecting;
    return connecting.catch((error: unknown) => {
      if (error instanceof Error) Object.assign(error, { [AT_CONNECT]: true });
      throw error;
    });
  };
}

/** Whether an error occurred while a connection was made. */
export function isConnectionError(error: Error): boolean {
  return Reflect.get(error, AT_CONNECT) === true;
}
