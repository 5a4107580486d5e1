/** The clean-up as a library. The command `session-cleanup` is built from the same parts. */
export { createCleanupActivities } from '../activities/delete-expired-sessions.ts';
export type { CleanupDependencies } from '../activities/slice-call.ts';
export { ConfigError } from './config/config.ts';
export type {
  ChildTable,
  ColumnCondition,
  Condition,
  Config,
  DatabaseSettings,
  DeletionSettings,
  ScheduleSettings,
  TargetConfig,
  VersioningSettings,
} from './config/config.ts';
export type { ExpiryType } from './config/expiry-types.ts';
export { loadConfig } from './config/load-config.ts';
export { FAILURE, RETRYABLE_FAILURE } from './contract/failures.ts';
export {
  ACTIVITY_TYPE,
  DEFAULT_TASK_QUEUE,
  PROGRESS_QUERY,
  SCHEDULE_ID,
  UPDATE,
  WORKFLOW_TYPE,
} from './contract/names.ts';
export type {
  ApprovalAnswer,
  CleanupActivities,
  PauseRequest,
  RunProgress,
  SessionCleanupInput,
  SessionCleanupResult,
  TargetProgress,
  TargetResult,
} from './contract/run.ts';
export type { Pace, SliceFailureDetails, SliceResult } from './contract/slice.ts';
export { migrate } from './database/migrate.ts';
export { closeOrm, createOrm, keepLedger } from './database/orm.ts';
export { SessionRepository } from './database/session-repository.ts';
export type { NewSession, SessionEntity } from './database/session-repository.ts';
export { applySchedule, checkSchedule } from './schedule/apply.ts';
export type { ApplyOutcome, CheckOutcome, EventLog } from './schedule/apply.ts';
export { defineSchedule } from './schedule/definition.ts';
export type { ScheduleDefinition } from './schedule/definition.ts';
export { SessionCleanupPlugin } from './worker/plugin.ts';
export type { SessionCleanupPluginOptions } from './worker/plugin.ts';
export { createCleanupWorker } from './worker/worker.ts';
export type { CleanupWorkerOptions } from './worker/worker.ts';
