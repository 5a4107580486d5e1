import type { FAILURE } from '../contract/failures.ts';

/** Trying again cannot help: something has to be changed first. The message says what. */
export class FinalDeletionError extends Error {
  override readonly name = 'FinalDeletionError';
  readonly failure: (typeof FAILURE)[keyof typeof FAILURE];

  constructor(failure: (typeof FAILURE)[keyof typeof FAILURE], message: string) {
    super(message);
    this.failure = failure;
  }
}

/**
 * The ledger no longer says what this attempt last wrote there: a newer attempt has taken the slice
 * over, or the database lost commits in a crash. Either way what this attempt believes is not true
 * any more; the next one starts from the ledger.
 */
export class SupersededError extends Error {
  override readonly name = 'SupersededError';
}

/** The run has settled this slice: its count is final, and no attempt may add to it. */
export class ClosedSliceError extends Error {
  override readonly name = 'ClosedSliceError';
}
