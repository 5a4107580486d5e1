import { fromExpress } from './express-store.ts';
import type { SessionLibrary } from './session-store.ts';

export const connectSessionKnex: SessionLibrary = {
  preset: 'connect-session-knex',
  open: async (connection) => {
    const { ConnectSessionKnexStore } = await import('connect-session-knex');
    const { default: knex } = await import('knex');
    const client = knex({ client: 'pg', connection });
    const store = new ConnectSessionKnexStore({ knex: client, cleanupInterval: 0 });
    await store.ready;
    return fromExpress(store, async () => {
      await client.destroy();
    });
  },
};
