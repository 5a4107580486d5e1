/** A slice: what the workflow asks an activity for, and what it returns. These shapes are recorded in histories. */

/** How expired rows are found: `sweep` walks the table's blocks, `drain` walks the expiry index. */
export type Way = 'sweep' | 'drain';

/**
 * Why a slice held back for a while: `table-locked`, somebody holds the whole table; `table-wanted`,
 * somebody waits for it; `replica-lag`, replicas fall behind; `wal`, checkpoints do not keep up;
 * `old-transaction`, dead rows can't be removed; `pace`, the rate that was asked for; `other-sessions`, not all of its lanes
 * worked.
 */
export type WaitReason =
  | 'table-locked'
  | 'table-wanted'
  | 'replica-lag'
  | 'wal'
  | 'old-transaction'
  | 'pace'
  | 'other-sessions';

/** How long a slice held back for one reason, over all its lanes' common waits. */
export interface Wait {
  readonly reason: WaitReason;
  readonly seconds: number;
}

/**
 * Why expired rows of a target remain, besides locks: `referenced`, a foreign key refuses; `too-slow`,
 * the deletion of one row takes longer than a statement may; `kept-by-trigger`, a trigger keeps the row
 * or refuses its deletion.
 */
export type RemainingReason = 'referenced' | 'too-slow' | 'kept-by-trigger';

/** Expired rows that were visited and could not be deleted. */
export interface RemainingRows {
  readonly reason: RemainingReason;
  readonly rows: number;
  /** The constraint, trigger or table that is the cause, where PostgreSQL names it. */
  readonly by?: string;
}

/** What one slice did. */
export interface SliceSummary {
  readonly way: Way;
  readonly deletedCount: number;
  readonly skippedLocked: number;
  /** Left out when there are none. */
  readonly remaining?: readonly RemainingRows[];
  /** Time the slice worked (with `dryRun`: would work, as far as can be told). Seconds. */
  readonly seconds: number;
  /** Left out when the slice never held back. */
  readonly waits?: readonly Wait[];
}

/** Where the next slice goes on. Opaque to the workflow, which only hands it back. */
export interface ResumePoint {
  /** `least(cutoff, database now()) - grace`, fixed by the first slice; text, for its microseconds. */
  readonly deadline: string;
  readonly way: Way;
  /** Sweep: the next block. Drain: the watermark, an expiry as text. Empty: from the beginning. */
  readonly position: string;
  /** Sweep only: the table's length in blocks when the first slice began, and its file. */
  readonly end?: string;
}

/** The activity's argument. */
export interface SliceRequest {
  readonly target: string;
  readonly cutoff: string;
  /** Number of the slice within this run and target, from 0. */
  readonly slice: number;
  readonly resumeFrom?: ResumePoint;
  readonly dryRun?: boolean;
  /** What an operator asked this run for; left out: what the worker's configuration says. */
  readonly pace?: Pace;
  /** The same slice was requested before and was interrupted, so that its attempts may have deleted rows. */
  readonly isRepeated?: true;
  /** Somebody looked, and approved that (nearly) every row of the target goes. */
  readonly isApproved?: boolean;
  /** Time that the slice may work, its earlier attempts included and waiting excluded. Left out: no limit. */
  readonly budgetSeconds?: number;
}

/** Names a slice of the run that asks. */
export interface SettleRequest {
  readonly target: string;
  readonly slice: number;
}

/** How fast a run works. */
export interface Pace {
  /** Rows deleted a second, on average; null: as many as possible. */
  readonly rowsPerSecond?: number | null;
  /** Database connections that delete side by side. */
  readonly lanes?: number;
}

/** What a run would delete of a target when that is so much that somebody should look first. */
export interface ApprovalRequest {
  readonly expiredRows: number;
  readonly totalRows: number;
  /** True when both numbers are estimates from a sample, since counting takes too long. */
  readonly isEstimate?: true;
  /** Expired rows that hold a value which often means "never". Left out: none. */
  readonly sentinels?: readonly SentinelRows[];
}

/** Rows that hold a value which many applications use for "never expires", or by mistake. */
export interface SentinelRows {
  /** As it stands in the column: `0`, `-1`, `1970-01-01 00:00:00+00`. */
  readonly value: string;
  readonly rows: number;
}

/**
 * Why a slice ended: nothing is left; its time was spent; the run was cancelled or paused; its worker
 * is shutting down and another worker takes the rest; its share of the run's time budget is spent; or it has not
 * begun, since somebody should approve first that (nearly) every row goes.
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
  /** Rows whose expiry cannot be read; counted by the target's first slice. Left out: none. */
  readonly unreadableCount?: number;
  /** As in {@link TargetResult}. */
  readonly uncountedCascades?: readonly string[];
}

/** Details of every failure of the activity; counts and names only. */
export interface SliceFailureDetails {
  readonly target: string;
  /** Rows this slice had deleted when it failed; left out when the database could not tell. */
  readonly deletedSoFar?: number;
  /** True when no attempt at this slice has begun to delete, so that there is nothing to settle. */
  readonly isUntouched?: true;
}

/** What a heartbeat tells; counts, positions and times only. */
export interface SliceProgress {
  readonly target: string;
  readonly slice: number;
  /** Left out until it has been chosen. */
  readonly way?: Way;
  /** Rows removed by this slice so far, earlier attempts included. */
  readonly deletedCount: number;
  readonly skippedLocked: number;
  /** Mean since this attempt began. */
  readonly rowsPerSecond: number;
  /** Time since this attempt began. Left out by older workers. */
  readonly seconds?: number;
  /** Share of the work that is done, 0 to 1, where it can be told (sweep). */
  readonly fraction?: number;
  /** Present while it holds back: why, with its figure, as in `replica-lag: 4.2 s`. */
  readonly waitingFor?: string;
}

/** What a slice tells its run, which a reset hands on to another run. */
export interface ReportedProgress extends SliceProgress {
  /** Of the run that it works for. Left out by older workers. */
  readonly runId?: string;
}

/** What the ledger says of a slice that ended without a result; final. */
export interface SettledSlice extends Omit<SliceSummary, 'way' | 'waits'> {
  /** The position reached, from which the next slice goes on; left out when nothing was done. */
  readonly resumeFrom?: ResumePoint;
}
