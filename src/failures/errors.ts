import { RETRYABLE_FAILURE, type FAILURE } from '../contract/failures.ts';

/** The type of a failure that no retry corrects. */
export type FinalFailure = (typeof FAILURE)[keyof typeof FAILURE];

/** A text about a target as a whole message. */
export function aboutTarget({ name }: { readonly name: string }, text: string): string {
  return `Target "${name}": ${text}`;
}

/** A fault that no retry corrects. Its message: `<object>: <what is wrong>. <remedy>.` */
export class FinalDeletionError extends Error {
  override readonly name = 'FinalDeletionError';
  readonly failure: FinalFailure;
  /** The message without the target's name. */
  readonly text: string;

  /** @param target - that the text is about; left out: the text begins with its object */
  constructor(failure: FinalFailure, text: string, target?: { readonly name: string }) {
    super(target === undefined ? text : aboutTarget(target, text));
    this.failure = failure;
    this.text = text;
  }
}

/**
 * The ledger no longer holds what this attempt last wrote: a newer attempt has taken the slice over, or the database
 * lost commits in a crash. The next attempt starts from the ledger.
 */
export class SupersededError extends Error {
  override readonly name = 'SupersededError';
}

/** The run has settled this slice: its count is final, and no attempt may add to it. */
export class ClosedSliceError extends Error {
  override readonly name = 'ClosedSliceError';
}

const { databaseUnavailable, contended, cancelled } = RETRYABLE_FAILURE;
const TRANSIENT: ReadonlySet<string> = new Set([databaseUnavailable, contended, cancelled]);

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
