import { FOUR_BYSTANDERS } from '../bystanders.ts';
import type { BenchCase } from '../cases.ts';
import { runDuel } from '../duel.ts';
import { product } from '../product.ts';
import { idBatches } from '../rivals/id-batches.ts';
import { plainDelete } from '../rivals/plain-delete.ts';
import { rawSweep } from '../rivals/raw-sweep.ts';
import { SESSIONS } from '../table-shape.ts';

const ROWS = [5e6];
const SHARES = [0.5];

export const bystanders = {
  name: 'bystanders',
  meaning: 'what 4 connections that renew, read and insert by key feel meanwhile',
  async run({ servers, options, say, keep }) {
    for (const rows of options.rows ?? ROWS) {
      for (const order of options.orders) {
        for (const expired of options.expired ?? SHARES) {
          await keep(
            await runDuel(
              servers,
              {
                name: 'bystanders',
                shape: SESSIONS,
                setting: { rows, expired, order },
                contenders: [plainDelete(), rawSweep(), product(), idBatches()],
                pairs: options.pairs,
                bystanders: FOUR_BYSTANDERS,
              },
              say,
            ),
          );
        }
      }
    }
  },
} as const satisfies BenchCase;
