import { openPool, type SessionLibrary, type SessionStore } from './session-store.ts';

export const betterAuthSessions: SessionLibrary = {
  preset: 'better-auth-sessions',
  open: async (databaseUrl) => {
    const { auth, adapter, close } = await openBetterAuth(databaseUrl);
    const user = await adapter.createUser(
      { email: `${crypto.randomUUID()}@example.com`, name: 'A user' },
      { method: 'email-password' },
    );
    return {
      write: async (expiresAt) =>
        (await adapter.createSession(user.id, false, { expiresAt }, true)).token,
      accepts: async (token) => {
        const headers = new Headers({ authorization: `Bearer ${token}` });
        return (await auth.api.getSession({ headers })) !== null;
      },
      [Symbol.asyncDispose]: close,
    };
  },
};

export const betterAuthVerifications: SessionLibrary = {
  preset: 'better-auth-verifications',
  open: async (databaseUrl): Promise<SessionStore> => {
    const { adapter, close } = await openBetterAuth(databaseUrl);
    return {
      write: async (expiresAt) => {
        const identifier = crypto.randomUUID();
        await adapter.createVerificationValue({ identifier, value: 'code', expiresAt });
        return identifier;
      },
      accepts: async (identifier) => (await adapter.consumeVerificationValue(identifier)) !== null,
      [Symbol.asyncDispose]: close,
    };
  },
};

async function openBetterAuth(connectionString: string) {
  const { betterAuth } = await import('better-auth');
  const { getMigrations } = await import('better-auth/db/migration');
  const { bearer } = await import('better-auth/plugins');
  const pool = openPool(connectionString);
  const options = {
    database: pool,
    secret: 'a secret for sample sessions, which nobody sees',
    baseURL: 'http://localhost',
    // What it deletes by itself would not be left to the clean-up.
    verification: { disableCleanup: true },
    plugins: [bearer()],
  };
  await (await getMigrations(options)).runMigrations();
  const auth = betterAuth(options);
  const { internalAdapter: adapter } = await auth.$context;
  return { auth, adapter, close: () => pool.end() };
}
