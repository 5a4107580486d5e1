/** What takes part in the benchmark. */
import type { Arena } from './arena.ts';
import type { Outcome } from './measurement.ts';

/** A way to delete expired rows. */
export interface Contender {
  readonly name: string;
  /** Gets ready, outside the measured time: connections, processes. Disposed of after the run. */
  prepare(arena: Arena): Promise<ReadyContender>;
}

/** A contender at the start line. */
export interface ReadyContender extends AsyncDisposable {
  /** Process whose memory is of interest, if it has one of its own. */
  readonly pid?: number;
  /** Rows it is to delete; left out: all that have expired. */
  readonly expectedRows?: number;
  /** Deletes all rows that have expired by the arena's deadline. This is what is timed. */
  run(): Promise<Outcome>;
}

/** Why a contender cannot take part here, such as a package that is not installed. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}
