import type { BenchCase } from '../cases.ts';
import { runDuel } from '../duel.ts';
import { product } from '../product.ts';
import { profileFlags } from '../profile.ts';
import { plainDelete } from '../rivals/plain-delete.ts';
import { rawSweep } from '../rivals/raw-sweep.ts';
import { SESSIONS } from '../table-shape.ts';
import { dropTemplate } from '../templates.ts';

const ROWS = [1e6, 5e6, 10e6];
const SHARES = [0.5];

/** Beyond this size a template is removed once it has served. Rows. */
const KEEP_UP_TO = 5e6;

export const backlog = {
  name: 'backlog',
  meaning: '1, 5 and 10 M rows, half expired: time, growth, and the memory of the worker',
  async run({ servers, options, say, keep }) {
    for (const rows of options.rows ?? ROWS) {
      for (const order of options.orders) {
        for (const expired of options.expired ?? SHARES) {
          await keep(
            await runDuel(
              servers,
              {
                name: 'backlog',
                shape: SESSIONS,
                setting: { rows, expired, order },
                contenders: [
                  plainDelete(),
                  rawSweep(),
                  product({ nodeFlags: profileFlags(options.profile) }),
                ],
                pairs: options.pairs,
                memory: true,
              },
              say,
            ),
          );
        }
        if (rows > KEEP_UP_TO) await dropTemplate(servers, { shape: SESSIONS, rows, order });
      }
    }
  },
} as const satisfies BenchCase;
