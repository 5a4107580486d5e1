import type { Arena } from '../arena.ts';
import type { BenchCase } from '../cases.ts';
import type { Contender } from '../contender.ts';
import { runDuel } from '../duel.ts';
import { PRODUCT, product } from '../product.ts';
import { connected } from '../rivals/connected.ts';
import { PLAIN_DELETE, plainDelete } from '../rivals/plain-delete.ts';
import { SESSIONS } from '../table-shape.ts';

const ROWS = [1e6, 5e6];
const SHARES = [0.5];

export const second = {
  name: 'second',
  meaning: 'a run right after a big one, before any vacuum: what dead rows cost',
  async run({ servers, options, say, keep }) {
    for (const rows of options.rows ?? ROWS) {
      for (const order of options.orders) {
        for (const expired of options.expired ?? SHARES) {
          await keep(
            await runDuel(
              servers,
              {
                name: 'second',
                shape: SESSIONS,
                setting: { rows, expired, order },
                contenders: [again(onePass()), again(product()), again(plainDelete())],
                pairs: options.pairs,
              },
              say,
            ),
          );
        }
      }
    }
  },
} as const satisfies BenchCase;

/** Reading the whole table once, dead rows and all. */
function onePass(): Contender {
  return connected('one pass over the table', 1, async ([client], { shape, deadline }) => {
    await client?.query('set enable_indexscan = off; set enable_bitmapscan = off');
    await client?.query('set max_parallel_workers_per_gather = 0');
    await client?.query(`select count(*) from ${shape.table} where ${shape.expiry} <= $1`, [
      deadline,
    ]);
    return { deleted: 0 };
  });
}

/** Has the product delete everything beforehand, so that only what comes after it is timed. */
function again(contender: Contender): Contender {
  const suffix = contender.name === PRODUCT || contender.name === PLAIN_DELETE ? ', once more' : '';
  return {
    name: `${contender.name}${suffix}`,
    async prepare(arena) {
      await deleteEverything(arena);
      const ready = await contender.prepare(arena);
      return {
        ...ready,
        expectedRows: 0,
        [Symbol.asyncDispose]: () => ready[Symbol.asyncDispose](),
      };
    },
  };
}

async function deleteEverything(arena: Arena): Promise<void> {
  await using first = await product().prepare(arena);
  await first.run();
}
