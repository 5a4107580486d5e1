/** Contenders that only need a connection. */
import pg from 'pg';

import type { Arena } from '../arena.ts';
import type { Contender } from '../contender.ts';
import type { Outcome } from '../measurement.ts';

/** A contender that works on connections opened before its time is taken. */
export function connected(
  name: string,
  connections: number,
  work: (clients: readonly pg.Client[], arena: Arena) => Promise<Outcome>,
): Contender {
  return {
    name,
    async prepare(arena) {
      const clients: pg.Client[] = [];
      const end = async (): Promise<void> => {
        await Promise.all(clients.map((client) => client.end()));
      };
      try {
        for (let number = 0; number < connections; number += 1) {
          const client = new pg.Client({ connectionString: arena.url });
          await client.connect();
          clients.push(client);
        }
      } catch (error) {
        await end();
        throw error;
      }
      return { run: () => work(clients, arena), [Symbol.asyncDispose]: end };
    },
  };
}
