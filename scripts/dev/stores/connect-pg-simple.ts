import { createRequire } from 'node:module';

import type pg from 'pg';

import { fromExpress, type ExpressStore } from './express-store.ts';
import { openPool, type SessionLibrary } from './session-store.ts';

interface Options {
  readonly pool: pg.Pool;
  readonly createTableIfMissing: boolean;
  readonly pruneSessionInterval: false;
}

type Connect = (session: unknown) => new (options: Options) => ExpressStore & {
  close(): Promise<void>;
};

const require = createRequire(import.meta.url);

/** Writes its `timestamp` in the zone of its connections. */
export const connectPgSimple: SessionLibrary = {
  preset: 'connect-pg-simple',
  open: async (connectionString) => {
    // Neither package has types of its own.
    const connect: Connect = require('connect-pg-simple');
    const PgStore = connect(require('express-session'));
    const pool = openPool(connectionString);
    const store = new PgStore({ pool, createTableIfMissing: true, pruneSessionInterval: false });
    const sessions = fromExpress(store, async () => {
      await store.close();
      await pool.end();
    });
    // It creates its table before its first statement.
    await sessions.accepts('none');
    return sessions;
  },
};
