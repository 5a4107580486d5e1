/** The product as a contender: a whole run through Temporal, with ledger and MikroORM. */
import type { Way } from '../../src/contract.ts';
import { startRun, waitForRun } from '../../src/temporal/run.ts';
import type { Arena } from './arena.ts';
import type { Contender } from './contender.ts';
import type { Outcome } from './measurement.ts';
import { startWorker } from './worker.ts';

/** Variants of the product. */
export interface ProductOptions {
  readonly name?: string;
  /** Leaves PostgreSQL's planner, whom the product asks, no choice but this way. */
  readonly forced?: Way;
  readonly environment?: Readonly<Record<string, string>>;
  readonly nodeFlags?: readonly string[];
}

/** A cut-off before which nothing has expired: such a run only wakes everything up. */
const LONG_AGO = '2000-01-01T00:00:00Z';

/** Name of the product in tables and plots. */
export const PRODUCT = 'session-cleanup';

/** From the start of the workflow until its result is there, by the clock of the client. */
export function product(options: ProductOptions = {}): Contender {
  return {
    name: options.name ?? PRODUCT,
    async prepare(arena) {
      if (options.forced !== undefined) await forceWay(arena, options.forced);
      const worker = await startWorker(arena.servers, {
        url: arena.url,
        environment: { ...arena.shape.environment, ...options.environment },
        nodeFlags: options.nodeFlags ?? [],
      });
      try {
        // A worker has usually been up for hours: its code is compiled, though not its connections kept.
        await runOnce(arena, worker.taskQueue, LONG_AGO);
      } catch (error) {
        await worker[Symbol.asyncDispose]();
        throw error;
      }
      return {
        pid: worker.pid,
        run: () => runOnce(arena, worker.taskQueue, arena.deadline),
        [Symbol.asyncDispose]: () => worker[Symbol.asyncDispose](),
      };
    },
  };
}

/**
 * One run from trigger to completed.
 *
 * @throws Error when it does anything but complete
 */
export async function runOnce(arena: Arena, taskQueue: string, cutoff: string): Promise<Outcome> {
  const { client } = arena.servers;
  const outcome = await waitForRun(client, await startRun(client, taskQueue, { cutoff }));
  if (outcome.kind !== 'completed') {
    throw new Error(
      `The run was ${outcome.kind}${'message' in outcome ? `: ${outcome.message}` : ''}`,
    );
  }
  const [slice] = outcome.result.targets[0]?.slices ?? [];
  return {
    deleted: outcome.result.deletedCount,
    ...(slice?.way === undefined ? {} : { way: slice.way }),
    ...(slice?.waits === undefined ? {} : { waits: slice.waits }),
  };
}

async function forceWay({ servers, database }: Arena, way: Way): Promise<void> {
  const off = way === 'drain' ? ['enable_seqscan'] : ['enable_indexscan', 'enable_bitmapscan'];
  for (const setting of off)
    await servers.execute(`alter database ${database} set ${setting} = off`);
}
