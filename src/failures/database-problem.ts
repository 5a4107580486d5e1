import { RETRYABLE_FAILURE } from '../contract/failures.ts';

const TRANSIENT: ReadonlySet<string> = new Set([
  RETRYABLE_FAILURE.databaseUnavailable,
  RETRYABLE_FAILURE.contended,
  RETRYABLE_FAILURE.cancelled,
]);

/** The database cannot be used. The message says why and what to do, and quotes no data. */
export class DatabaseProblem extends Error {
  override readonly name = 'DatabaseProblem';
  /** One of the contract's failure types. */
  readonly type: string;
  /** True when it may end by itself, such as a database that is down. */
  readonly isTransient: boolean;

  constructor(message: string, type: string) {
    super(message);
    this.type = type;
    this.isTransient = TRANSIENT.has(type);
  }
}
