import type { ClientPool } from './connections.ts';

/** What opens a transaction, as Kysely and `withSettings` write it. Nobody reads its result. */
const OPENING = /^(begin|start transaction|select pg_catalog\.set_config\()/;

const CLOSING = /^(commit|rollback)$/;

/**
 * To be put before a statement that is the last one of its transaction: it is sent together with the commit.
 * What its caller gets tells nothing, and where it fails it is the commit that fails; so it has to see for
 * itself that all is well, and raise an error otherwise.
 */
export const WITH_COMMIT = '/* with commit */ ';

/** What the caller gets for a statement that is still to be sent. */
const NOTHING = { command: '', rowCount: null, rows: [], fields: [] };

/**
 * Sends what opens a transaction together with the first statement in it, and what is marked so
 * ({@link WITH_COMMIT}) together with the commit: `start transaction`, its settings and the deletion are one
 * trip to the server instead of three, the ledger's entry and the commit one instead of two. A chunk takes
 * some milliseconds, and on each trip a lane stands still.
 *
 * Of several statements that are sent as one anyway, the last one's result is returned.
 *
 * The server takes the statements of one message one after the other, each under the settings made
 * before it and with a `statement_timeout` of its own (PostgreSQL 13 and later).
 *
 * @param pool - the `pg.Pool` that MikroORM has just made
 */
export function joinStatements(pool: ClientPool): void {
  pool.on('connect', (client) => {
    const { query } = client;
    let opening: readonly string[] = [];
    let closing: readonly string[] = [];

    client.query = (...args) => {
      const [text, values] = args;
      const isPlain =
        typeof text === 'string' && (values === undefined || isEmpty(values)) && args.length <= 2;
      const isHeldBack = isPlain && OPENING.test(text) && (opening.length > 0 || !isSetting(text));
      if (isHeldBack) {
        opening = [...opening, text];
        return Promise.resolve(NOTHING);
      }
      if (isPlain && text.startsWith(WITH_COMMIT)) {
        closing = [...closing, text];
        return Promise.resolve(NOTHING);
      }
      const isEnd = isPlain && CLOSING.test(text);
      // A transaction that never came to its first statement was never opened.
      const isNothing =
        isEnd && opening.length > 0 && (closing.length === 0 || text === 'rollback');
      const before = isEnd && text === 'rollback' ? opening : [...opening, ...closing];
      opening = [];
      closing = [];
      if (isNothing) return Promise.resolve(NOTHING);
      if (isPlain) {
        const answer = query.call(client, [...before, text].join('; '), []);
        // One result for each statement.
        return Promise.resolve(answer).then((results) =>
          Array.isArray(results) ? results.at(-1) : results,
        );
      }
      if (before.length === 0) return query.apply(client, args);
      // One after the other: nothing may run outside of a transaction that could not be opened.
      const opened = Promise.resolve(query.call(client, before.join('; '), []));
      return opened.then(() => query.apply(client, args));
    };
  });
}

function isEmpty(values: unknown): boolean {
  return Array.isArray(values) && values.length === 0;
}

function isSetting(text: string): boolean {
  return text.startsWith('select pg_catalog.set_config(');
}
