import type { BenchCase, CaseContext } from '../cases.ts';
import { Unavailable, type Contender } from '../contender.ts';
import { runDuel } from '../duel.ts';
import { product } from '../product.ts';
import { connectPgSimple } from '../rivals/connect-pg-simple.ts';
import { clearsessions } from '../rivals/django.ts';
import { idBatches } from '../rivals/id-batches.ts';
import { mikroOrmPages } from '../rivals/mikro-orm-pages.ts';
import { plainDelete } from '../rivals/plain-delete.ts';
import { CONNECT_PG_SIMPLE, DJANGO, SESSIONS, type TableShape } from '../table-shape.ts';

const ROWS = [1e6];

/** Rivals that decide by the present need a table of which just that half has expired. */
const SHARE = 0.5;

export const rivals = {
  name: 'rivals',
  meaning: 'other software as it is, each on a table of its own shape, half expired',
  async run(context) {
    const { servers } = context;
    await compare(context, SESSIONS, [plainDelete(), product(), idBatches(), mikroOrmPages()]);
    await compare(context, CONNECT_PG_SIMPLE, [connectPgSimple(), product()]);
    await compare(context, DJANGO, [clearsessions(servers.dataDirectory), product()]);
  },
} as const satisfies BenchCase;

async function compare(
  { servers, options, say, keep }: CaseContext,
  shape: TableShape,
  contenders: readonly Contender[],
): Promise<void> {
  for (const rows of options.rows ?? ROWS) {
    for (const order of options.orders) {
      const setting = { rows, expired: SHARE, order };
      try {
        await keep(
          await runDuel(
            servers,
            { name: 'rivals', shape, setting, contenders, pairs: options.pairs },
            say,
          ),
        );
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        say(`  left out: ${error.message}`);
      }
    }
  }
}
