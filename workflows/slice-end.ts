import type { SettledSlice, SliceFailureDetails, SliceResult } from '../src/contract.ts';

/** How one slice ended. */
export type SliceEnd =
  | { readonly kind: 'completed'; readonly result: SliceResult }
  /** The run was cancelled before the slice was asked for. */
  | { readonly kind: 'not-begun' }
  /** An operator's wish came between two attempts: the ledger has what they did. */
  | { readonly kind: 'interrupted' }
  | ({ readonly kind: 'cancelled' } & WithoutResult)
  | ({ readonly kind: 'failed'; readonly failure: TargetFailure } & WithoutResult);

/** What is known of a slice that ended without a result of its own. */
export interface WithoutResult {
  /** What its last attempt told when it failed. */
  readonly details?: SliceFailureDetails | undefined;
  /** What the ledger said, when it was asked afterwards. */
  readonly settled?: SettledSlice | undefined;
}

/** Why a target failed. */
export interface TargetFailure {
  /** Stable: one of `FAILURE` or `RETRYABLE_FAILURE`, or `TIMEOUT_FAILURE`. */
  readonly type: string;
  /** What happened, and what to do. */
  readonly message: string;
}
