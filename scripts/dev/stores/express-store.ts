/** Stores of express-session, which all have the same interface. */
import { randomBytes } from 'node:crypto';

import type { SessionStore } from './session-store.ts';

/** What express-session calls of a store. */
export interface ExpressStore {
  set(id: string, session: object, done: (error?: unknown) => void): void;
  get(id: string, done: (error?: unknown, session?: object | null) => void): void;
}

/** Makes a session store of one of express-session's. `close` closes its connections. */
export function fromExpress(store: ExpressStore, close: () => Promise<void>): SessionStore {
  return {
    write: async (expires) => {
      const id = randomBytes(24).toString('base64url');
      // Stores read either of both; express-session's own cookie has both.
      const cookie = { expires: expires.toISOString(), maxAge: expires.getTime() - Date.now() };
      await new Promise<void>((resolve, reject) => {
        store.set(id, { cookie }, (error) => {
          if (error === undefined || error === null) resolve();
          else reject(asError(error));
        });
      });
      return id;
    },
    accepts: async (id) =>
      await new Promise((resolve, reject) => {
        store.get(id, (error, session) => {
          if (error === undefined || error === null)
            resolve(session !== undefined && session !== null);
          else reject(asError(error));
        });
      }),
    [Symbol.asyncDispose]: close,
  };
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
