/** A session library at work on a database: what `npm run dev -- --store` and the tests of presets need of it. */

import pg from 'pg';

/** A library that keeps sessions in tables of its own. */
export interface SessionLibrary {
  /** The preset that cleans its sessions. */
  readonly preset: string;
  /** Opens it on a database, where it creates its tables if they are missing. */
  open(databaseUrl: string): Promise<SessionStore>;
}

/** An opened library. Disposal closes its connections. */
export interface SessionStore extends AsyncDisposable {
  /** Has the library write a session that expires at this instant, which may be past. Returns its id. */
  write(expires: Date): Promise<string>;
  /** Whether the library finds the session and takes it for a live one. */
  accepts(id: string): Promise<boolean>;
}

/** A pool for a library that takes one. An idle connection that a stopping server ends is no error. */
export function openPool(connectionString: string): pg.Pool {
  return new pg.Pool({ connectionString }).on('error', () => undefined);
}
