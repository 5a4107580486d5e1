import { fileURLToPath } from 'node:url';

import { openArena } from '../arena.ts';
import type { BenchCase } from '../cases.ts';
import type { Measurement } from '../measurement.ts';
import { SESSIONS } from '../table-shape.ts';
import { ensureTemplate } from '../templates.ts';
import { startWorker } from '../worker.ts';

const ROWS = 1e5;

const CHECKOUT = fileURLToPath(new URL('../../../src/cli.ts', import.meta.url));

export const workerStart = {
  name: 'worker-start',
  meaning: 'a worker, from the start of its process until it polls',
  async run({ servers, options, keep, say }) {
    const setting = { rows: ROWS, order: 'random', expired: 0.5 } as const;
    const template = await ensureTemplate(servers, { shape: SESSIONS, ...setting });
    const { url } = await openArena(servers, template, SESSIONS, setting.expired);
    const measurements: Measurement[] = [];
    for (let pair = 1; pair <= options.pairs; pair += 1) {
      for (const [contender, program] of [
        ['as published', servers.program],
        ['in a checkout', CHECKOUT],
      ] as const) {
        await using worker = await startWorker({ ...servers, program }, { url });
        say(`  ${String(pair)}. ${contender.padEnd(26)} ${worker.startSeconds.toFixed(3)} s`);
        measurements.push({ contender, pair, seconds: worker.startSeconds, wal: 0 });
      }
    }
    await keep({
      case: 'worker-start',
      setting: { shape: 'sessions', ...setting, expired: 0 },
      baseline: 'as published',
      measurements,
    });
  },
} as const satisfies BenchCase;
