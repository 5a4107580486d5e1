/** Presets at work on the tables of npm's packages that are too large for the project, or need other versions. */
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import path from 'node:path';

import { afterEach, beforeAll, beforeEach, describe, vi } from 'vitest';

import { fromExpress, type ExpressStore } from '../../../scripts/dev/stores/express-store.ts';
import type { SessionStore } from '../../../scripts/dev/stores/session-store.ts';
import { test } from '../../support/fixtures.ts';
import { INSTALL_MILLISECONDS, installNpm } from '../../support/library-cache.ts';
import { expectExactCleanUp } from '../../support/store-clean-up.ts';

describe('connect-typeorm', () => {
  interface Typeorm {
    readonly DataSource: new (options: object) => {
      initialize(): Promise<unknown>;
      getRepository(name: string): unknown;
      destroy(): Promise<void>;
    };
    readonly EntitySchema: new (options: object) => unknown;
  }

  interface TypeormStore extends ExpressStore {
    destroy(id: string, done: (error?: unknown) => void): void;
  }

  interface ConnectTypeorm {
    readonly TypeormStore: new () => { connect(repository: unknown): TypeormStore };
  }

  let folder = '';

  beforeAll(async () => {
    folder = await installNpm('connect-typeorm', [
      ...['connect-typeorm@2.0.0', 'typeorm@0.3.31', 'express-session@1.19.0', 'pg@8.23.1'],
    ]);
  }, INSTALL_MILLISECONDS);

  /** The entity is the one of its README. */
  async function open(url: string): Promise<{ store: TypeormStore; close: () => Promise<void> }> {
    const load = createRequire(path.join(folder, 'index.js'));
    const { DataSource, EntitySchema }: Typeorm = load('typeorm');
    const { TypeormStore }: ConnectTypeorm = load('connect-typeorm');
    const session = new EntitySchema({
      name: 'Session',
      columns: {
        id: { type: 'varchar', length: 255, primary: true },
        expiredAt: { type: 'bigint' },
        json: { type: 'text' },
        destroyedAt: { type: 'timestamp', deleteDate: true, nullable: true },
      },
      indices: [{ columns: ['expiredAt'] }],
    });
    const source = new DataSource({
      type: 'postgres',
      url,
      entities: [session],
      synchronize: true,
    });
    await source.initialize();
    const store = new TypeormStore().connect(source.getRepository('Session'));
    return { store, close: () => source.destroy() };
  }

  test('its preset deletes exactly what has expired', async ({ emptyDatabase: database }) => {
    await expectExactCleanUp(database, {
      preset: 'connect-typeorm',
      open: async () => {
        const { store, close } = await open(database.url);
        return fromExpress(store, close);
      },
    });
  });

  test('its preset for sessions that were ended deletes exactly those', async ({
    emptyDatabase: database,
  }) => {
    await expectExactCleanUp(database, {
      preset: 'connect-typeorm-destroyed',
      writesLocalTime: true,
      open: async (): Promise<SessionStore> => {
        const { store, close } = await open(database.url);
        const sessions = fromExpress(store, close);
        return {
          ...sessions,
          write: async (expires) => {
            const id = await sessions.write(new Date(Date.now() + 86_400_000));
            if (expires.getTime() < Date.now()) {
              await new Promise<void>((resolve) => {
                store.destroy(id, () => {
                  resolve();
                });
              });
            }
            return id;
          },
        };
      },
    });
  });
});

describe('@auth/mikro-orm-adapter', () => {
  interface Adapter {
    createUser(user: object): Promise<{ readonly id: string }>;
    createSession(session: object): Promise<unknown>;
    getSessionAndUser(
      token: string,
    ): Promise<{ readonly session: { readonly expires: Date } } | null>;
    createVerificationToken(token: object): Promise<unknown>;
    useVerificationToken(token: object): Promise<{ readonly expires: Date } | null>;
    __disconnect(): Promise<void>;
  }

  interface Package {
    readonly MikroOrmAdapter: (options: object) => Adapter;
    readonly defaultEntities: Readonly<Record<string, unknown>>;
  }

  interface Core {
    readonly MikroORM: {
      init(options: object): Promise<{
        getSchemaGenerator(): { createSchema(): Promise<void> };
        close(): Promise<void>;
      }>;
    };
  }

  let folder = '';

  beforeAll(async () => {
    folder = await installNpm('mikro-orm-adapter', [
      ...['@auth/mikro-orm-adapter@2.10.0', '@mikro-orm/core@5.9.8', '@mikro-orm/postgresql@5.9.8'],
    ]);
  }, INSTALL_MILLISECONDS);

  // It compares its version with that of the packages in the current folder.
  beforeEach(() => {
    vi.stubEnv('MIKRO_ORM_ALLOW_VERSION_MISMATCH', '1');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  async function open(clientUrl: string): Promise<Adapter> {
    const load = createRequire(path.join(folder, 'index.js'));
    const { MikroOrmAdapter, defaultEntities }: Package = await import(
      load.resolve('@auth/mikro-orm-adapter')
    );
    const { MikroORM }: Core = load('@mikro-orm/core');
    const options = { type: 'postgresql', clientUrl, entities: Object.values(defaultEntities) };
    const orm = await MikroORM.init(options);
    await orm.getSchemaGenerator().createSchema();
    await orm.close();
    return MikroOrmAdapter(options);
  }

  test('its preset for sessions deletes exactly what has expired', async ({
    emptyDatabase: database,
  }) => {
    await expectExactCleanUp(database, {
      preset: 'authjs-mikro-orm-sessions',
      open: async () => {
        const adapter = await open(database.url);
        const user = await adapter.createUser({ email: 'user@example.com' });
        return {
          write: async (expires) => {
            const sessionToken = randomUUID();
            await adapter.createSession({ sessionToken, userId: user.id, expires });
            return sessionToken;
          },
          accepts: async (token) => isLive((await adapter.getSessionAndUser(token))?.session),
          [Symbol.asyncDispose]: () => adapter.__disconnect(),
        };
      },
    });
  });

  test('the preset for verification tokens deletes exactly what has expired', async ({
    emptyDatabase: database,
  }) => {
    await expectExactCleanUp(database, {
      preset: 'authjs-verification-tokens',
      open: async () => {
        const adapter = await open(database.url);
        const identifier = 'user@example.com';
        return {
          write: async (expires) => {
            const token = randomUUID();
            await adapter.createVerificationToken({ identifier, token, expires });
            return token;
          },
          accepts: async (token) =>
            isLive(await adapter.useVerificationToken({ identifier, token })),
          [Symbol.asyncDispose]: () => adapter.__disconnect(),
        };
      },
    });
  });
});

function isLive(found: { readonly expires: Date } | null | undefined): boolean {
  return found !== null && found !== undefined && found.expires.getTime() > Date.now();
}
