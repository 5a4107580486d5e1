/** What the benchmark can measure. */
import { fileURLToPath } from 'node:url';

import { PLAIN_DELETE, PRODUCT, Unavailable, type Contender } from './contender.ts';
import { afterwards, LONG_AGO, product, workerStart } from './contenders/product.ts';
import { clearsessions, connectPgSimple, mikroOrmPages } from './contenders/software.ts';
import { idBatches, onePass, plainDelete, rawSweep } from './contenders/sql.ts';
import { runInPairs, type PairedRuns } from './paired-runs.ts';
import type { Series, Setting } from './results.ts';
import type { BenchServers } from './servers.ts';
import { SHAPE_NAMES, type RowOrder, type ShapeName } from './table-shapes.ts';
import { dropTemplate } from './templates.ts';

/** The tables to measure on: all combinations. */
interface Tables {
  readonly rows: readonly number[];
  /** Shares of expired rows, 0 to 0.5. */
  readonly expired: readonly number[];
  readonly order: readonly RowOrder[];
}

export interface CaseOptions extends Partial<Tables> {
  readonly pairs: number;
}

interface BenchCase extends Pick<PairedRuns, 'measured'> {
  readonly name: string;
  readonly meaning: string;
  /** Differences from {@link DEFAULTS}; options take precedence. */
  readonly tables?: Partial<Tables>;
  /** What options do not change. */
  readonly fixed?: Partial<Tables>;
  /** By the shape of the table. The others are compared with the first one. */
  readonly contenders: Partial<Record<ShapeName, readonly Contender[]>>;
}

const DEFAULTS: Tables = { rows: [1e6], expired: [0.5], order: ['random', 'inserted'] };

const CHECKOUT = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export const CASES: readonly BenchCase[] = [
  {
    name: 'backlog',
    meaning: '1, 5 and 10 M rows, half expired: time, growth, and the memory of the worker',
    tables: { rows: [1e6, 5e6, 10e6] },
    contenders: { sessions: [plainDelete, rawSweep, product()] },
    measured: 'memory',
  },
  {
    name: 'usual',
    meaning: '5 M rows, 0.1, 1 and 5 % expired: the way chosen, and both ways by force',
    tables: { rows: [5e6], expired: [0.001, 0.01, 0.05] },
    contenders: {
      sessions: [
        plainDelete,
        product(),
        product({ name: 'drain by force', forced: 'drain' }),
        product({ name: 'sweep by force', forced: 'sweep' }),
      ],
    },
  },
  {
    name: 'concurrent-clients',
    meaning: 'the latency of 4 clients that renew, read and insert by key meanwhile',
    tables: { rows: [5e6] },
    contenders: { sessions: [plainDelete, rawSweep, product(), idBatches] },
    measured: 'latency',
  },
  {
    name: 'other-ways',
    meaning: 'other ways to delete, each on a table of its own shape, half expired',
    // Software that takes the present as its deadline needs a table of which exactly half has expired.
    fixed: { expired: [0.5] },
    contenders: {
      sessions: [plainDelete, product(), idBatches, mikroOrmPages],
      'connect-pg-simple': [connectPgSimple, product()],
      django: [clearsessions, product()],
    },
  },
  ofRule('age', 'a rule of age: the last use, and one lifetime for all'),
  ofRule('condition', 'an expiry that counts for two kinds of rows out of three'),
  ofRule('two-columns', 'a start and a lifetime in each row'),
  ofRule('children', 'three rows in another table for each row, deleted first'),
  {
    name: 'empty',
    meaning: 'a run that finds nothing, from trigger to completed',
    fixed: { expired: [0], order: ['random'] },
    contenders: {
      sessions: [
        product({ cutoff: LONG_AGO, runs: 3 }),
        product({ name: `${PRODUCT}, first run`, cutoff: LONG_AGO, isWarm: false }),
      ],
    },
    measured: 'time only',
  },
  {
    name: 'metrics',
    meaning: 'a worker that serves metrics, which are read every second',
    tables: { rows: [1e6, 5e6] },
    fixed: { order: ['random'] },
    contenders: {
      sessions: [product(), product({ name: `${PRODUCT}, with metrics`, hasMetrics: true })],
    },
    measured: 'memory',
  },
  {
    name: 'worker-start',
    meaning: 'a worker, from the start of its process until it polls',
    fixed: { rows: [1e5], expired: [0], order: ['random'] },
    contenders: { sessions: [workerStart('as published'), workerStart('in a checkout', CHECKOUT)] },
    measured: 'time only',
  },
  {
    name: 'second',
    meaning: 'a run right after a big one, before any vacuum: what dead rows cost',
    tables: { rows: [1e6, 5e6] },
    contenders: {
      sessions: [
        afterwards(onePass),
        afterwards(product(), `${PRODUCT}, once more`),
        afterwards(plainDelete, `${PLAIN_DELETE}, once more`),
      ],
    },
  },
];

/** The plain DELETE of the same rule is the first contender. */
function ofRule(name: ShapeName, meaning: string): BenchCase {
  return {
    name,
    meaning: `${meaning}; 1 and 50 % expired`,
    tables: { expired: [0.01, 0.5] },
    fixed: { order: ['random'] },
    contenders: { [name]: [plainDelete, product()] },
  };
}

/** Larger templates are removed after use. Rows. */
const LARGEST_KEPT = 5e6;

/** Measures a case on all its tables, and passes each series on as soon as it is complete. */
export async function measureCase(
  benchCase: BenchCase,
  servers: BenchServers,
  options: CaseOptions,
  log: (message: string) => void,
  keep: (series: Series) => Promise<void>,
): Promise<void> {
  const settings = settingsOf(benchCase, options);
  for (const [index, setting] of settings.entries()) {
    const contenders = benchCase.contenders[setting.shape] ?? [];
    const plan = { ...benchCase, setting, contenders, pairs: options.pairs };
    try {
      await keep(await runInPairs(servers, plan, log));
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      log(`  left out: ${error.message}`);
    }
    const next = settings[index + 1];
    const isUsedAgain = next?.rows === setting.rows && next.order === setting.order;
    if (setting.rows > LARGEST_KEPT && !isUsedAgain) await dropTemplate(servers, setting);
  }
}

function settingsOf(benchCase: BenchCase, options: CaseOptions): readonly Setting[] {
  const tables = { ...DEFAULTS, ...benchCase.tables, ...options, ...benchCase.fixed };
  return SHAPE_NAMES.filter((shape) => shape in benchCase.contenders)
    .flatMap((shape) => tables.rows.map((rows) => ({ shape, rows })))
    .flatMap((setting) => tables.order.map((order) => ({ ...setting, order })))
    .flatMap((setting) => tables.expired.map((expired) => ({ ...setting, expired })));
}
