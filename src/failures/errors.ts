import type { TargetConfig } from '../config/config.ts';
import type { FAILURE } from '../contract/failures.ts';

type FinalFailure = (typeof FAILURE)[keyof typeof FAILURE];

/** A fault that no retry corrects. Its message: `<object>: <what is wrong>. <remedy>.` */
export class FinalDeletionError extends Error {
  override readonly name = 'FinalDeletionError';
  readonly failure: FinalFailure;

  constructor(failure: FinalFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

/** The error of a target that cannot be cleaned as it is. */
export function refusal(
  { name }: TargetConfig,
  failure: FinalFailure,
  text: string,
): FinalDeletionError {
  return new FinalDeletionError(failure, `Target "${name}": ${text}`);
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
