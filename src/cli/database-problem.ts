import { RETRYABLE_FAILURE } from '../contract/failures.ts';

const PASSING: ReadonlySet<string> = new Set([
  RETRYABLE_FAILURE.databaseUnavailable,
  RETRYABLE_FAILURE.contended,
  RETRYABLE_FAILURE.cancelled,
]);

/** The database could not be used. The message says why and what to do, and quotes nothing in it. */
export class DatabaseProblem extends Error {
  override readonly name = 'DatabaseProblem';
  /** Stable: one of the contract's failure types. */
  readonly type: string;
  /** True when it may pass by itself, as a database that is down does. */
  readonly mayPass: boolean;

  constructor(message: string, type: string) {
    super(message);
    this.type = type;
    this.mayPass = PASSING.has(type);
  }
}
