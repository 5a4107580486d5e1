import type { SliceFailureDetails, SliceResult } from '../src/contract/slice.ts';

/** How the activity for one slice ended. */
export type SliceEnd =
  | { readonly kind: 'completed'; readonly result: SliceResult }
  /** It was cancelled, or an operator's update came, between two attempts: only the ledger has its count. */
  | { readonly kind: 'interrupted' }
  | {
      readonly kind: 'failed';
      readonly failure: TargetFailure;
      /** What its last attempt reported. */
      readonly details?: SliceFailureDetails | undefined;
    };

/** Why a target failed. */
export interface TargetFailure {
  /** Stable: one of `FAILURE` or `RETRYABLE_FAILURE`, or `TIMEOUT_FAILURE`. */
  readonly type: string;
  /** What happened, and what to do. */
  readonly message: string;
}
