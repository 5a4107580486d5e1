/** Names that never change: workflow, activities, commands and operators share them. */

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

/** Updates by which operators control a run. */
export const UPDATE = {
  /** Takes a {@link PauseRequest} or nothing. */
  pause: 'pause',
  resume: 'resume',
  /** Takes a {@link Pace}. */
  setPace: 'setPace',
  /** Takes an {@link ApprovalAnswer} or nothing. */
  approve: 'approve',
  /** Takes an {@link ApprovalAnswer} or nothing. */
  reject: 'reject',
} as const;

/** Signal by which a long slice sends its {@link ReportedProgress} to the run. */
export const PROGRESS_SIGNAL = 'sliceProgress';

/** Query for what a run has done so far; returns {@link RunProgress}. */
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
