/** A slice: the activity's argument, result and progress. Histories record these shapes. */

/** How expired rows are found: `sweep` reads the table by block ranges, `drain` the index on the expiry. */
export type Way = 'sweep' | 'drain';

/**
 * Why a slice was throttled: `table-locked`, another session has locked the table; `table-wanted`, another
 * session waits for that lock; `replica-lag`, replicas fall behind; `wal`, checkpoints do not keep up;
 * `old-transaction`, vacuum cannot remove dead rows; `pace`, the requested rate; `other-sessions`, some lanes
 * were idle because other sessions were active.
 */
export type WaitReason =
  | 'table-locked'
  | 'table-wanted'
  | 'replica-lag'
  | 'wal'
  | 'old-transaction'
  | 'pace'
  | 'other-sessions';

/** How long all lanes of a slice waited for one reason. */
export interface Wait {
  readonly reason: WaitReason;
  readonly seconds: number;
}

/**
 * Why expired rows remain, besides locks: `referenced`, a foreign key refuses; `too-slow`, deleting one row
 * exceeds the statement timeout; `kept-by-trigger`, a trigger keeps the row or refuses its deletion.
 */
export type RemainingReason = 'referenced' | 'too-slow' | 'kept-by-trigger';

/** Expired rows that were visited and could not be deleted. */
export interface RemainingRows {
  readonly reason: RemainingReason;
  readonly rows: number;
  /** The constraint, trigger or table that PostgreSQL names as the cause. */
  readonly by?: string;
}

/** What one slice did. */
export interface SliceSummary {
  readonly way: Way;
  readonly deletedCount: number;
  /** Rows of the target's `dependents`, which `deletedCount` does not include. Left out: none. */
  readonly dependentsDeleted?: number | undefined;
  readonly skippedLocked: number;
  /** Left out when there are none. */
  readonly remaining?: readonly RemainingRows[];
  /** Time that the slice worked (with `dryRun`: an estimate of it). */
  readonly seconds: number;
  /** Left out when the slice was never throttled. */
  readonly waits?: readonly Wait[] | undefined;
}

/** Where the next slice starts. Opaque to the workflow. */
export interface ResumePoint {
  /** `least(cutoff, database now()) - grace`, fixed by the first slice; text, for its microseconds. */
  readonly deadline: string;
  readonly way: Way;
  /** Sweep: the next block. Drain: the watermark, an expiry as text. Empty: from the start. */
  readonly position: string;
  /** Sweep only: the table's length in blocks when the first slice began, and its file. */
  readonly end?: string;
  /** OID of the leaf partition that the position is in; those with a lower one are done. */
  readonly leaf?: string;
}

/** The activity's argument. */
export interface SliceRequest {
  readonly target: string;
  readonly cutoff: string;
  /** Number of the slice within this run and target, from 0. */
  readonly slice: number;
  readonly resumeFrom?: ResumePoint | undefined;
  readonly dryRun?: boolean | undefined;
  /** Set by an operator; left out: the worker's configuration. */
  readonly pace?: Pace | undefined;
  /** The slice was requested before and interrupted; its attempts may have deleted rows. */
  readonly isRepeated?: true | undefined;
  /** An operator approved that (nearly) every row of the target is deleted. */
  readonly isApproved?: boolean | undefined;
  /** Working time, earlier attempts included, waiting excluded. Left out: no limit. */
  readonly budgetSeconds?: number | undefined;
}

/** Argument of the activity `settleSlice`: a slice of the calling run. */
export interface SettleRequest {
  readonly target: string;
  readonly slice: number;
}

/** How fast a run works. */
export interface Pace {
  /** Rows deleted per second, on average; null: no limit. */
  readonly rowsPerSecond?: number | null;
  /** Database connections that delete concurrently. */
  readonly lanes?: number;
}

/** What a run would delete of a target when that needs an operator's approval. */
export interface ApprovalRequest {
  readonly expiredRows: number;
  readonly totalRows: number;
  /** Both numbers are estimates from a sample, since counting takes too long. */
  readonly isEstimate?: true;
  /** Expired rows with a value that often means "never". Left out: none. */
  readonly sentinels?: readonly SentinelRows[];
}

/** Rows with a value that many applications use for "never expires", or by mistake. */
export interface SentinelRows {
  /** As in the column: `0`, `-1`, `1970-01-01 00:00:00+00`. */
  readonly value: string;
  readonly rows: number;
}

/**
 * Why a slice ended: no expired rows are left; its time is spent; the run was cancelled or paused; its worker
 * shuts down and another one continues; its share of the run's time budget is spent; or it needs approval first.
 */
export type SliceStop =
  'drained' | 'time-spent' | 'cancelled' | 'handed-over' | 'budget' | 'approval-needed';

/** The activity's result. */
export interface SliceResult extends SliceSummary {
  readonly target: string;
  readonly deadline: string;
  readonly stopped: SliceStop;
  /** Present when there is more to do. */
  readonly resumeFrom?: ResumePoint;
  /** With `budget`: expired rows that are left, as the planner estimates them. */
  readonly estimatedLeft?: number;
  /** With `approval-needed`: what would be deleted. */
  readonly approval?: ApprovalRequest;
  /** Rows whose expiry is not an instant; counted by the first slice. Left out: none. */
  readonly unreadableCount?: number;
  /** As in {@link TargetResult}. */
  readonly uncountedCascades?: readonly string[];
}

/** Details of every failure of the activity; counts and names only. */
export interface SliceFailureDetails {
  readonly target: string;
  /** Rows that this slice had deleted; left out when the database could not report it. */
  readonly deletedSoFar?: number;
  /** No attempt at this slice has begun to delete, so there is nothing to settle. */
  readonly isUntouched?: true;
}

/** Details of a heartbeat; counts, positions and times only. */
export interface SliceProgress {
  readonly target: string;
  readonly slice: number;
  /** Left out until it is chosen. */
  readonly way?: Way;
  /** Rows deleted by this slice so far, earlier attempts included. */
  readonly deletedCount: number;
  /** As in {@link SliceSummary}. */
  readonly dependentsDeleted?: number;
  readonly skippedLocked: number;
  /** Mean since this attempt began. */
  readonly rowsPerSecond: number;
  /** Time since this attempt began. Left out by older workers. */
  readonly seconds?: number;
  /** Share of the table that a sweep has read, 0 to 1. */
  readonly fraction?: number;
  /** While the slice is throttled: the reason and its figure, as in `replica-lag: 4.2 s`. */
  readonly waitingFor?: string;
}

/** What a slice reports to its run. A reset passes it on to another run. */
export interface ReportedProgress extends SliceProgress {
  /** The run it belongs to. Left out by older workers. */
  readonly runId?: string;
}

/** The ledger's final count of a slice that ended without a result. */
export interface SettledSlice extends Omit<SliceSummary, 'way' | 'waits'> {
  /** Where the next slice starts; left out when nothing was done. */
  readonly resumeFrom?: ResumePoint;
}
