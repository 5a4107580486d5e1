import type { BenchCase } from '../cases.ts';
import { runDuel } from '../duel.ts';
import { product } from '../product.ts';
import { profileFlags } from '../profile.ts';
import { plainDelete } from '../rivals/plain-delete.ts';
import { SESSIONS } from '../table-shape.ts';

const ROWS = [5e6];
const SHARES = [0.001, 0.01, 0.05];

export const usual = {
  name: 'usual',
  meaning: '5 M rows, 0.1, 1 and 5 % expired: the way chosen, and both ways by force',
  async run({ servers, options, say, keep }) {
    for (const rows of options.rows ?? ROWS) {
      for (const order of options.orders) {
        for (const expired of options.expired ?? SHARES) {
          await keep(
            await runDuel(
              servers,
              {
                name: 'usual',
                shape: SESSIONS,
                setting: { rows, expired, order },
                contenders: [
                  plainDelete(),
                  product({ nodeFlags: profileFlags(options.profile) }),
                  product({ name: 'drain by force', forced: 'drain' }),
                  product({ name: 'sweep by force', forced: 'sweep' }),
                ],
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
