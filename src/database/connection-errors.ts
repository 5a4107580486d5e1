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
