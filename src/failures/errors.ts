import type { FAILURE } from '../contract/failures.ts';

/** A fault that no retry corrects. The message says what to change. */
export class FinalDeletionError extends Error {
  override readonly name = 'FinalDeletionError';
  readonly failure: (typeof FAILURE)[keyof typeof FAILURE];

  constructor(failure: (typeof FAILURE)[keyof typeof FAILURE], message: string) {
    super(message);
    this.failure = failure;
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
