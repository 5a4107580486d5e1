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
  on(event: 'connect', listener: (client: PooledClient) => void): unknown;
}

/**
 * Gives the pool back the place of a connection that was lost in mid-transaction.
 *
 * Kysely releases a transaction's connection after its rollback, and never when the rollback fails,
 * as it does on a connection that is gone. Each outage would take a place for every open transaction,
 * until none is left and the process cannot reach a database that is long up again.
 *
 * @param pool - the `pg.Pool` that MikroORM has just made
 */
export function releaseLostConnections(pool: ClientPool): void {
  pool.on('connect', (client) => {
    releaseAtEnd(client);
    endWhenSilent(client);
  });
}

function releaseAtEnd(client: PooledClient): void {
  let giveBack = nothingToGiveBack;
  Object.defineProperty(client, 'release', {
    get: () => giveBack,
    set(release: Release) {
      let isReleased = false;
      // Whoever comes second finds it done: the pool itself takes that for an error.
      giveBack = (error) => {
        if (isReleased) return;
        isReleased = true;
        release(error);
      };
    },
  });
  client.on('end', () => {
    giveBack(true);
  });
}

const nothingToGiveBack: Release = () => undefined;

/**
 * Ends a connection on which a query had no answer in time (`query_timeout`). The driver only stops
 * waiting, so whatever is asked next would wait behind that query, for as long again.
 */
function endWhenSilent(client: PooledClient): void {
  const { query } = client;
  client.query = (...args) => {
    const answer: unknown = query.apply(client, args);
    if (answer instanceof Promise) {
      answer.catch((error: unknown) => {
        if (!(error instanceof Error) || error.message !== 'Query read timeout') return;
        client.end().catch(() => undefined);
      });
    }
    return answer;
  };
}
