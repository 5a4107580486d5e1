/** The session libraries that `npm ci` installs. They are loaded when they are opened. */
import { betterAuthSessions, betterAuthVerifications } from './better-auth.ts';
import { connectPgSimple } from './connect-pg-simple.ts';
import { connectSessionKnex } from './connect-session-knex.ts';
import type { SessionLibrary } from './session-store.ts';

export const LIBRARIES: readonly SessionLibrary[] = [
  connectPgSimple,
  connectSessionKnex,
  betterAuthSessions,
  betterAuthVerifications,
];
