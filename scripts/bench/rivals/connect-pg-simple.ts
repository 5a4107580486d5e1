/** The store that most Express applications use, by its own `pruneSessions`. */
import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';

import pg from 'pg';

import type { Contender } from '../contender.ts';

/** The part of the package that is used here; it brings no types. */
interface PgStore {
  pruneSessions(done: (error: Error | null | undefined) => void): void;
  close(): Promise<void>;
}

/** Decides by the clock of this process what has expired. */
export function connectPgSimple(): Contender {
  return {
    name: 'connect-pg-simple',
    async prepare({ url }) {
      const pool = new pg.Pool({ connectionString: url });
      await pool.query('select');
      const store = openStore(pool);
      return {
        run: async () => {
          await new Promise<void>((resolve, reject) => {
            store.pruneSessions((error) => {
              if (error == null) resolve();
              else reject(error);
            });
          });
          // It does not tell how many.
          return {};
        },
        [Symbol.asyncDispose]: async () => {
          await store.close();
          await pool.end();
        },
      };
    },
  };
}

function openStore(pool: pg.Pool): PgStore {
  const connect: unknown = createRequire(import.meta.url)('connect-pg-simple');
  if (typeof connect !== 'function') throw new TypeError('connect-pg-simple is no function.');
  // All that it takes of express-session is the class to extend, which extends this one.
  const Store: unknown = connect({ Store: EventEmitter });
  if (typeof Store !== 'function') throw new TypeError('connect-pg-simple made no class.');
  const store: unknown = Reflect.construct(Store, [{ pool, pruneSessionInterval: false }]);
  if (!isPgStore(store)) throw new TypeError('connect-pg-simple made no store.');
  return store;
}

function isPgStore(value: unknown): value is PgStore {
  return (
    typeof value === 'object' && value !== null && 'pruneSessions' in value && 'close' in value
  );
}
