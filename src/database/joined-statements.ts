import type { ClientPool } from './lost-connections.ts';

/** What opens a transaction, as Kysely and `withSettings` write it. Nobody reads its result. */
const OPENING = /^(begin|start transaction|select set_config\()/;

const CLOSING = /^(commit|rollback)$/;

/** What the caller gets for a statement that is still to be sent. */
const NOTHING = { command: '', rowCount: null, rows: [], fields: [] };

/**
 * Sends what opens a transaction together with the first statement in it: `start transaction`, then its
 * settings, then the deletion are one trip to the server instead of three. A chunk takes some
 * milliseconds, and on each trip a lane stands still.
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

    client.query = (...args) => {
      const [text, values] = args;
      const isPlain =
        typeof text === 'string' && (values === undefined || isEmpty(values)) && args.length <= 2;
      const isHeldBack = isPlain && OPENING.test(text) && (opening.length > 0 || !isSetting(text));
      if (isHeldBack) {
        opening = [...opening, text];
        return Promise.resolve(NOTHING);
      }
      if (opening.length === 0) return query.apply(client, args);

      const before = opening;
      opening = [];
      // A transaction that never came to its first statement was never opened.
      if (isPlain && CLOSING.test(text)) return Promise.resolve(NOTHING);
      if (!isPlain) {
        // One after the other: nothing may run outside of a transaction that could not be opened.
        const opened = Promise.resolve(query.call(client, before.join('; '), []));
        return opened.then(() => query.apply(client, args));
      }
      const answer = query.call(client, [...before, text].join('; '), []);
      // One result for each statement.
      return Promise.resolve(answer).then((results) =>
        Array.isArray(results) ? results.at(-1) : results,
      );
    };
  });
}

function isEmpty(values: unknown): boolean {
  return Array.isArray(values) && values.length === 0;
}

function isSetting(text: string): boolean {
  return text.startsWith('select set_config(');
}
