/** A run: the input, plan, result and progress. These shapes are recorded in histories. */
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

/** The workflow's argument. All of it is optional, since a schedule made by hand passes none. */
export interface SessionCleanupInput {
  /** Names of the targets to clean, in this order; all configured ones when left out. */
  readonly targets?: readonly string[];
  /** Remove what had expired by this instant: ISO 8601 with a time zone; never in the future. */
  readonly cutoff?: string;
  /** Count what would be deleted, and delete nothing. */
  readonly dryRun?: boolean;
}

/** Why the work on a target ended. */
export type TargetStop =
  | 'drained'
  | 'budget'
  | 'rejected'
  /** Nobody approved it before the schedule's next slot; all rows that were left are still there. */
  | 'unapproved'
  | 'cancelled'
  | 'failed';

/** A slice in a run's result, or several in one entry. */
export interface ListedSlice extends Omit<SliceSummary, 'way' | 'remaining'> {
  /** Left out for a slice that was settled, and for several in one entry. */
  readonly way?: Way;
  /** How many earlier slices this entry sums up; left out for one slice. */
  readonly folded?: number;
}

/** What a run did to one target. */
export interface TargetResult {
  readonly target: string;
  /** Rows this run removed (with `dryRun`: rows it would have removed). */
  readonly deletedCount: number;
  /** Expired rows left for the next run because somebody held a lock on them. */
  readonly skippedLocked: number;
  /** In order: the last 20, after one entry for all earlier ones. */
  readonly slices: readonly ListedSlice[];
  readonly stopped: TargetStop;
  /** Expired rows that could not be deleted, by reason, beside `skippedLocked`. Left out: none. */
  readonly remaining?: readonly RemainingRows[];
  /** Rows whose expiry cannot be read as an instant, and which therefore never expire. Left out: none. */
  readonly unreadableCount?: number;
  /** Tables to which foreign keys cascade with permission; rows deleted there are not counted. */
  readonly uncountedCascades?: readonly string[];
  /**
   * True when the database could not report what the last slice had deleted; `deletedCount` is then the
   * least that is certain.
   */
  readonly uncounted?: true;
  /** With `budget`: expired rows that are left, as the planner estimates them. */
  readonly estimatedLeft?: number;
}

/** The workflow's result, and the details of its failure when it failed after deleting something. */
export interface SessionCleanupResult {
  /** The instant by which a row must have expired to be removed; ISO 8601, UTC. */
  readonly cutoff: string;
  readonly deletedCount: number;
  readonly skippedLocked: number;
  readonly targets: readonly TargetResult[];
  /** True for a dry run: nothing was deleted, and the counts say what would have been. */
  readonly dryRun?: true;
}

/** What the start of a run asks the worker's configuration. */
export interface PlanRequest {
  /** The input's; left out: all configured targets. */
  readonly targets?: readonly string[];
}

/** What the worker's configuration says about a run; holds until its end, over all workers. */
export interface RunPlan {
  /** Names of the targets to clean, in order. */
  readonly targets: readonly string[];
  /** Time that all slices together may work. Left out: no limit. */
  readonly runBudgetSeconds?: number;
  /** When the schedule starts runs: the run waits for approvals no longer than until then. Left out: no limit. */
  readonly slots?: { readonly intervalSeconds: number; readonly offsetSeconds: number };
}

/** Argument of the update `pause`. */
export interface PauseRequest {
  /** For whoever finds the run paused. */
  readonly reason?: string;
}

/** Argument of the updates `approve` and `reject`. */
export interface ApprovalAnswer {
  /** Which target is meant: one that waits. Required when several wait. */
  readonly target?: string;
  readonly reason?: string;
}

/** The activities that the workflow calls. */
export interface CleanupActivities {
  /** Deletes one slice. */
  deleteExpiredSessions(request: SliceRequest): Promise<SliceResult>;
  /** Local: resolves what a run needs to know of the configuration. Asks no database. */
  planRun(request: PlanRequest): Promise<RunPlan>;
  /**
   * Local: ends a slice that has no result. None of its attempts can delete any more, and what they
   * deleted is returned. Needs neither a configured target nor a free activity slot.
   */
  settleSlice(request: SettleRequest): Promise<SettledSlice>;
}

/** State of one target in the answer to the query `progress`. */
export interface TargetProgress {
  readonly target: string;
  readonly state: 'waiting' | 'working' | 'awaiting-approval' | TargetStop;
  readonly deletedCount: number;
  readonly skippedLocked: number;
  readonly slices: number;
  readonly seconds: number;
  /** What the slice in hand told last; its counts come on top of those above. */
  readonly inHand?: SliceProgress;
  /** Expired rows that are left, about, where that can be told: in a sweep, and at the end. */
  readonly estimatedLeft?: number;
  /** With `awaiting-approval`: what would be deleted. */
  readonly awaiting?: ApprovalRequest;
  /** As in {@link TargetResult}, so far. */
  readonly remaining?: readonly RemainingRows[];
  readonly unreadableCount?: number;
  readonly uncountedCascades?: readonly string[];
  readonly uncounted?: true;
}

/**
 * ApprovalAnswer to the query `progress`: what completed slices did, and what the one in hand told last. A
 * slice tells after ten seconds and then every ten; its heartbeats tell more often.
 */
export interface RunProgress {
  readonly cutoff: string;
  readonly dryRun: boolean;
  readonly deletedCount: number;
  readonly skippedLocked: number;
  /** Empty until the worker's configuration has been asked, at the run's start. */
  readonly targets: readonly TargetProgress[];
  /** Present while approvals are waited for: the instant at which the run stops waiting. ISO 8601. */
  readonly approvalUntil?: string;
  /** Present while the run is paused. */
  readonly paused?: PauseRequest;
  /** Present when an operator has asked for one. */
  readonly pace?: Pace;
}
