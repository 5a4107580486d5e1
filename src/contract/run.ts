/** A run: input, plan, result and progress. Histories record these shapes. */
import type {
  ApprovalRequest,
  Pace,
  RemainingRows,
  SettledSlice,
  SettleRequest,
  SliceProgress,
  SliceRequest,
  SliceResult,
  SliceSummary,
  Way,
} from './slice.ts';

/** The workflow's argument. All fields are optional: a schedule made by hand passes none. */
export interface SessionCleanupInput {
  /** Names of the targets to clean, in this order; all configured ones when left out. */
  readonly targets?: readonly string[];
  /** Delete what had expired by this instant: ISO 8601 with a time zone; not in the future. */
  readonly cutoff?: string;
  /** Count what would be deleted, and delete nothing. */
  readonly dryRun?: boolean;
}

/** Why the work on a target ended. */
export type TargetStop =
  | 'drained'
  | 'budget'
  | 'rejected'
  /** Not approved before the schedule's next slot; its rows are kept. */
  | 'unapproved'
  | 'cancelled'
  | 'failed';

/** A slice in a run's result, or several in one entry. */
export interface ListedSlice extends Omit<SliceSummary, 'way' | 'remaining'> {
  /** Left out for a settled slice, and for several slices in one entry. */
  readonly way?: Way | undefined;
  /** How many earlier slices this entry sums up; left out for one slice. */
  readonly folded?: number | undefined;
}

/** What a run did to one target. */
export interface TargetResult {
  readonly target: string;
  /** Rows that this run deleted (with `dryRun`: would have deleted). */
  readonly deletedCount: number;
  /** Rows of the target's `dependents` that went with them; `deletedCount` does not include these. Left out: none. */
  readonly dependentsDeleted?: number | undefined;
  /** Expired rows left for the next run because another session had locked them. */
  readonly skippedLocked: number;
  /** In order: the last 20, after one entry for all earlier ones. */
  readonly slices: readonly ListedSlice[];
  readonly stopped: TargetStop;
  /** Expired rows that could not be deleted, by reason, beside `skippedLocked`. Left out: none. */
  readonly remaining?: readonly RemainingRows[] | undefined;
  /** Rows whose expiry is not an instant; they never expire. Left out: none. */
  readonly unreadableCount?: number | undefined;
  /** Tables to which foreign keys cascade with permission; rows deleted there are not counted. */
  readonly uncountedCascades?: readonly string[] | undefined;
  /** The database could not report what the last slice deleted; `deletedCount` is a lower bound. */
  readonly uncounted?: true | undefined;
  /** With `budget`: the planner's estimate of the expired rows left. In progress: also during a sweep. */
  readonly estimatedLeft?: number | undefined;
}

/** The workflow's result, and the details of its failure when it failed after deleting something. */
export interface SessionCleanupResult {
  /** The instant by which a row must have expired to be deleted; ISO 8601, UTC. */
  readonly cutoff: string;
  readonly deletedCount: number;
  readonly skippedLocked: number;
  readonly targets: readonly TargetResult[];
  /** A dry run: nothing was deleted; the counts are those of a real run. */
  readonly dryRun?: true | undefined;
}

/** Argument of the activity `planRun`. */
export interface PlanRequest {
  /** Those of the input; left out: all configured targets. */
  readonly targets?: readonly string[];
}

/** The worker's configuration for a run; holds until its end, whichever workers follow. */
export interface RunPlan {
  /** Names of the targets to clean, in order. */
  readonly targets: readonly string[];
  /** Working time of all slices together. Left out: no limit. */
  readonly runBudgetSeconds?: number;
  /** The schedule's slots: a run waits for approval until the next one. Left out: no limit. */
  readonly slots?: { readonly intervalSeconds: number; readonly offsetSeconds: number };
}

/** Argument of the update `pause`. */
export interface PauseRequest {
  /** Shown in the run's details. */
  readonly reason?: string;
}

/** Argument of the updates `approve` and `reject`. */
export interface ApprovalAnswer {
  /** A target that waits for approval. Required when several wait. */
  readonly target?: string;
  readonly reason?: string;
}

/** The activities that the workflow calls. */
export interface CleanupActivities {
  /** Deletes one slice. */
  deleteExpiredSessions(request: SliceRequest): Promise<SliceResult>;
  /** Local: reads what the run needs from the configuration. Asks no database. */
  planRun(request: PlanRequest): Promise<RunPlan>;
  /**
   * Local: ends a slice that has no result. Fences off its attempts and returns what they deleted. Needs
   * neither a configured target nor a free activity slot.
   */
  settleSlice(request: SettleRequest): Promise<SettledSlice>;
}

/** State of one target in the answer to the query `progress`. */
export interface TargetProgress extends Omit<TargetResult, 'slices' | 'stopped'> {
  readonly state: 'waiting' | 'working' | 'awaiting-approval' | TargetStop;
  readonly slices: number;
  readonly seconds: number;
  /** What the running slice reported last; the counts do not include it. */
  readonly inHand?: SliceProgress | undefined;
  /** With `awaiting-approval`: what would be deleted. */
  readonly awaiting?: ApprovalRequest | undefined;
}

/**
 * Answer to the query `progress`: what completed slices did, and the last report of the running one. A slice
 * reports every ten seconds; its heartbeats are more frequent.
 */
export interface RunProgress {
  readonly cutoff: string;
  readonly dryRun: boolean;
  readonly deletedCount: number;
  readonly skippedLocked: number;
  /** Empty until `planRun` has returned. */
  readonly targets: readonly TargetProgress[];
  /** While the run waits for approval: when it stops waiting. ISO 8601. */
  readonly approvalUntil?: string | undefined;
  /** Present while the run is paused. */
  readonly paused?: PauseRequest | undefined;
  /** Present when an operator has set one. */
  readonly pace?: Pace | undefined;
}
