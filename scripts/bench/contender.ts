/** What takes part in the benchmark. */
import type { Outcome } from './results.ts';
import type { TableCopy } from './templates.ts';

export interface Contender {
  readonly name: string;
  /** Opens connections and processes, has its work timed, and closes them again. */
  run(copy: TableCopy, timed: Timed): Promise<void>;
}

/** Measures some work: normally the deletion of all rows that expire by the copy's deadline. */
export type Timed = (work: () => Promise<Outcome>, options?: TimedOptions) => Promise<void>;

export interface TimedOptions {
  /** Process of the contender, whose memory and CPU time belong to the measurement. */
  readonly pid?: number;
  /** Rows to delete; default: all that have expired. */
  readonly expectedRows?: number;
}

/** A contender cannot take part here, for example because a package is not installed. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

// Names in tables and plots.
export const PRODUCT = 'session-cleanup';
export const PLAIN_DELETE = 'plain DELETE';
/** A run without ledger, timeouts or regard for locks: the fastest that a sweep could be. */
export const RAW_SWEEP = 'raw sweep';
