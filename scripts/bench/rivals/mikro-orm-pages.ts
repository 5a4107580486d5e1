/** What an application on MikroORM writes without further thought: find a page, remove it, flush. */
import { createOrm } from '../../../src/database/orm.ts';
import { loadConfig } from '../../../src/config/load-config.ts';
import { SessionSchema } from '../../../src/entities/session.ts';
import type { Contender } from '../contender.ts';

const PAGE = 1_000;

/** For our own table only, which has an entity. */
export function mikroOrmPages(): Contender {
  return {
    name: 'MikroORM find, remove, flush',
    async prepare({ url, deadline }) {
      const { database, targets } = loadConfig({ DATABASE_URL: url });
      const orm = createOrm(database, targets);
      await orm.em.fork().execute('select');
      return {
        run: async () => {
          for (let deleted = 0; ;) {
            const em = orm.em.fork();
            const page = await em.find(
              SessionSchema,
              { expiresAt: { $lte: new Date(deadline) } },
              { orderBy: { expiresAt: 'asc' }, limit: PAGE },
            );
            if (page.length === 0) return { deleted };
            for (const session of page) em.remove(session);
            await em.flush();
            deleted += page.length;
          }
        },
        [Symbol.asyncDispose]: () => orm.close(true),
      };
    },
  };
}
