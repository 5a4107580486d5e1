/**
 * What the workflow, the activity, the commands and an operator's tools agree on: names that never
 * change, and the shapes that stand in workflow histories. Pure, so that workflow code may import it.
 */

/** Id of the one Temporal Schedule that starts the clean-up. */
export const SCHEDULE_ID = 'session_cleanup';

/** Workflow type, as `temporal schedule create --type` takes it. */
export const WORKFLOW_TYPE = 'sessionCleanup';

/** Base of the workflow id; a schedule appends the nominal start time. */
export const WORKFLOW_ID = 'session_cleanup';

/** Activity type that deletes one slice of one target. */
export const ACTIVITY_TYPE = 'deleteExpiredSessions';

/** Task queue used unless `SESSION_CLEANUP_TASK_QUEUE` names another. */
export const DEFAULT_TASK_QUEUE = 'session-cleanup';

/** Name of the target that exists without any configuration. */
export const DEFAULT_TARGET = 'sessions';

/** Updates by which operators steer a run. */
export const UPDATE = {
  /** Takes a {@link PauseRequest} or nothing. */
  pause: 'pause',
  resume: 'resume',
  /** Takes a {@link Pace}. */
  setPace: 'setPace',
  /** Takes an {@link Answer} or nothing. */
  approve: 'approve',
  /** Takes an {@link Answer} or nothing. */
  reject: 'reject',
} as const;

/** Signal by which a slice that works for long tells its {@link ToldProgress}. */
export const PROGRESS_SIGNAL = 'sliceProgress';

/** Query that tells what a run has done so far; answers with {@link RunProgress}. */
export const PROGRESS_QUERY = 'progress';

/**
 * Key of the workflow's memo that holds its {@link SessionCleanupResult} when the run was cancelled,
 * since Temporal keeps no result of a cancelled run.
 */
export const RESULT_MEMO = 'sessionCleanupResult';

/** Names of the log events; dashboards and alerts rely on them. */
export const LOG_EVENT = {
  /** Fields: `interval_seconds`. Logged when the schedule has been applied. */
  scheduled: 'session_cleanup_scheduled',
  /** Fields: `deleted_count`, `cutoff_time`. Logged by the workflow when a run has ended. */
  ran: 'session_cleanup_ran',
} as const;

/** How expired rows are found: `sweep` walks the table's blocks, `drain` walks the expiry index. */
export type Way = 'sweep' | 'drain';

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

/**
 * Why a slice held back for a while: `table-locked`, somebody holds the whole table; `table-wanted`,
 * somebody waits for it; `replica-lag`, replicas fall behind; `wal`, checkpoints do not keep up;
 * `old-transaction`, dead rows can't be removed; `pace`, the rate that was asked for; `others-at-work`, not all of its lanes
 * worked.
 */
export type WaitReason =
  | 'table-locked'
  | 'table-wanted'
  | 'replica-lag'
  | 'wal'
  | 'old-transaction'
  | 'pace'
  | 'others-at-work';

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

/** Argument of the update `pause`. */
export interface PauseRequest {
  /** For whoever finds the run paused. */
  readonly reason?: string;
}

/** Argument of the updates `approve` and `reject`. */
export interface Answer {
  /** Which target is meant: one that waits. Required when several wait. */
  readonly target?: string;
  readonly reason?: string;
}

/** How fast a run works. */
export interface Pace {
  /** Rows deleted a second, on average; null: as many as possible. */
  readonly rowsPerSecond?: number | null;
  /** Database connections that delete side by side. */
  readonly lanes?: number;
}

/** What a run would delete of a target when that is so much that somebody should look first. */
export interface BrakeReport {
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
  readonly brake?: BrakeReport;
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
export interface ToldProgress extends SliceProgress {
  /** Of the run that it works for. Left out by older workers. */
  readonly runId?: string;
}

/** What the ledger says of a slice that ended without a result; final. */
export interface SettledSlice extends Omit<SliceSummary, 'way' | 'waits'> {
  /** The position reached, from which the next slice goes on; left out when nothing was done. */
  readonly resumeFrom?: ResumePoint;
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
  readonly awaiting?: BrakeReport;
  /** As in {@link TargetResult}, so far. */
  readonly remaining?: readonly RemainingRows[];
  readonly unreadableCount?: number;
  readonly uncountedCascades?: readonly string[];
  readonly uncounted?: true;
}

/**
 * Answer to the query `progress`: what completed slices did, and what the one in hand told last. A
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

/** Stable `type` of each final failure, so that alerts and tools can tell them apart. */
export const FAILURE = {
  invalidInput: 'InvalidInput',
  invalidCutoff: 'InvalidCutoff',
  unknownTarget: 'UnknownTarget',
  wrongLogin: 'WrongLogin',
  noDatabase: 'NoDatabase',
  noTable: 'NoTable',
  noColumn: 'NoColumn',
  noRight: 'NoRight',
  noLedger: 'NoLedger',
  wrongColumnType: 'WrongColumnType',
  unreadableExpiry: 'UnreadableExpiry',
  unsupportedTable: 'UnsupportedTable',
  unsupportedServer: 'UnsupportedServer',
  referenced: 'Referenced',
  implausibleExpiry: 'ImplausibleExpiry',
  /** A cascade would delete rows that may be live. */
  unsafeCascade: 'UnsafeCascade',
  /** Row-level security may hide expired rows. */
  hiddenRows: 'HiddenRows',
  /** Read-only by a setting of the role, the database or the connection. */
  readOnly: 'ReadOnly',
  /** A trigger, a child table or another object behind the table fails. */
  dependentObject: 'DependentObject',
  /** The server refuses the connection's parameters. */
  refusedConnection: 'RefusedConnection',
  /** The server reports a damaged table, index or file. */
  corruptedData: 'CorruptedData',
  /** Nothing says in which time zone a column without one was written. */
  unclearTimeZone: 'UnclearTimeZone',
} as const;

/** Stable `type` of each failure that is tried again. */
export const RETRYABLE_FAILURE = {
  databaseUnavailable: 'DatabaseUnavailable',
  contended: 'Contended',
  superseded: 'Superseded',
  /** A statement was cancelled, by a time limit or by somebody. */
  cancelled: 'StatementCancelled',
  /** Nothing known: most likely a defect of the program. */
  unexpected: 'Unexpected',
} as const;

/** `type` of a target's failure when its slice did not come to an end within the time it had. */
export const TIMEOUT_FAILURE = 'Timeout';
