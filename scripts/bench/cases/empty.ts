import { openArena } from '../arena.ts';
import type { BenchCase } from '../cases.ts';
import type { Measurement } from '../measurement.ts';
import { PRODUCT, runOnce } from '../product.ts';
import { SESSIONS } from '../table-shape.ts';
import { ensureTemplate } from '../templates.ts';
import { startWorker } from '../worker.ts';

const ROWS = 1e6;

/** So many runs for each pair that was asked for: they are short. */
const RUNS = 4;

export const empty = {
  name: 'empty',
  meaning: 'a run that finds nothing, from trigger to completed',
  async run({ servers, options, keep, say }) {
    const rows = options.rows?.[0] ?? ROWS;
    const setting = { rows, order: 'random', expired: 0.5 } as const;
    const template = await ensureTemplate(servers, { shape: SESSIONS, ...setting });
    const arena = await openArena(servers, template, SESSIONS, setting.expired);
    const measurements: Measurement[] = [];
    for (let pair = 1; pair <= options.pairs; pair += 1) {
      await using worker = await startWorker(servers, { url: arena.url });
      for (let run = 0; run < RUNS; run += 1) {
        const began = performance.now();
        // Nothing has expired by then.
        const outcome = await runOnce(arena, worker.taskQueue, '2000-01-01T00:00:00Z');
        const seconds = (performance.now() - began) / 1_000;
        // A worker's very first run also opens connections and compiles; it is told apart.
        const contender = run === 0 ? `${PRODUCT}, first run` : PRODUCT;
        say(`  ${String(pair)}. ${contender.padEnd(26)} ${seconds.toFixed(3)} s`);
        measurements.push({ contender, pair, seconds, wal: 0, ...outcome });
      }
    }
    const series = { shape: 'sessions', ...setting, expired: 0 } as const;
    await keep({ case: 'empty', setting: series, baseline: PRODUCT, measurements });
  },
} as const satisfies BenchCase;
