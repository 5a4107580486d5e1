/** What the benchmark can measure. */
import type { BenchOptions } from './options.ts';
import { backlog } from './cases/backlog.ts';
import { bystanders } from './cases/bystanders.ts';
import { empty } from './cases/empty.ts';
import { rivals } from './cases/rivals.ts';
import { second } from './cases/second.ts';
import { usual } from './cases/usual.ts';
import { workerStart } from './cases/worker-start.ts';
import type { Series } from './measurement.ts';
import type { BenchServers } from './servers.ts';

/** What a case is given. */
export interface CaseContext {
  readonly servers: BenchServers;
  readonly options: Pick<BenchOptions, 'rows' | 'expired' | 'orders' | 'pairs' | 'profile'>;
  readonly say: (message: string) => void;
  /** Takes each series as soon as it is complete. */
  readonly keep: (series: Series) => Promise<void>;
}

/** One of the things that can be asked for by `--case`. */
export interface BenchCase {
  readonly name: string;
  readonly meaning: string;
  run(context: CaseContext): Promise<void>;
}

export const CASES = [
  backlog,
  usual,
  bystanders,
  rivals,
  empty,
  workerStart,
  second,
] as const satisfies readonly BenchCase[];

export type CaseName = (typeof CASES)[number]['name'];
