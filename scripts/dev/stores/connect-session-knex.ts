import { ConnectSessionKnexStore } from 'connect-session-knex';
import knex from 'knex';

import { fromExpress } from './express-store.ts';
import type { SessionLibrary } from './session-store.ts';

export const connectSessionKnex: SessionLibrary = {
  preset: 'connect-session-knex',
  open: async (connection) => {
    const client = knex({ client: 'pg', connection });
    const store = new ConnectSessionKnexStore({ knex: client, cleanupInterval: 0 });
    await store.ready;
    return fromExpress(store, async () => {
      await client.destroy();
    });
  },
};
