import { ScheduleNotFoundError } from '@temporalio/client';
import type { Client, ScheduleDescription, ScheduleHandle } from '@temporalio/client';

import { SCHEDULE_ID } from '../contract/names.ts';

/** The schedule was not created yet, or was deleted. */
export class ScheduleMissingError extends Error {
  override readonly name = 'ScheduleMissingError';

  constructor(scheduleId: string, cause: unknown) {
    super(
      `Schedule ${scheduleId}: does not exist in this namespace. ` +
        `Create it: session-cleanup schedule apply`,
      { cause },
    );
  }
}

/** A run that the schedule started. */
export interface ScheduledRun {
  readonly workflowId: string;
  readonly runId: string;
  /** The slot it was started for; ISO 8601. */
  readonly scheduledAt: string;
  /** When it was started; ISO 8601. */
  readonly startedAt: string;
}

/** The schedule as it is; JSON. */
export interface ScheduleState {
  readonly scheduleId: string;
  readonly paused: boolean;
  /** An operator's note, such as the reason for the pause; may be empty. */
  readonly note: string;
  /** Starts until the schedule stops; null: no limit. */
  readonly remainingActions: number | null;
  readonly intervals: readonly {
    readonly everySeconds: number;
    readonly offsetSeconds: number;
  }[];
  /** True when calendars, jitter, a start or an end also decide when it runs. */
  readonly hasOtherTimes: boolean;
  /** ISO 8601. Empty while the schedule is paused or has no remaining actions. */
  readonly nextRuns: readonly string[];
  /** Newest first; at most ten. */
  readonly recentRuns: readonly ScheduledRun[];
  /** Ids of running workflows that the schedule started. */
  readonly running: readonly string[];
  readonly startedRuns: number;
  /** Slots skipped because a run was still running. */
  readonly skippedRuns: number;
  /** Slots skipped because the server was down for longer than the catch-up window. */
  readonly missedRuns: number;
  /** Starts that wait for the running workflow to end. */
  readonly bufferedRuns: number;
  readonly overlapPolicy: string;
  readonly catchupWindowSeconds: number;
  readonly pauseOnFailure: boolean;
  readonly workflowType: string;
  readonly taskQueue: string;
  readonly input: readonly unknown[];
  readonly createdAt: string;
  readonly updatedAt: string | null;
}

/** Reads the schedule. @throws {@link ScheduleMissingError} */
export async function describeSchedule(
  client: Client,
  scheduleId = SCHEDULE_ID,
): Promise<ScheduleState> {
  return toState(await readSchedule(client, scheduleId));
}

/**
 * Pauses the schedule. A running workflow continues, triggers and backfills still start runs, and slots
 * of the pause are not made up for.
 *
 * @param reason - Kept as the schedule's note; at most 1000 bytes.
 * @throws {@link ScheduleMissingError}
 */
export async function pauseSchedule(
  client: Client,
  reason: string,
  scheduleId = SCHEDULE_ID,
): Promise<ScheduleState> {
  await onSchedule(client, scheduleId, (handle) => handle.pause(reason));
  return await describeSchedule(client, scheduleId);
}

/** Unpauses the schedule. @throws {@link ScheduleMissingError} */
export async function unpauseSchedule(
  client: Client,
  reason: string,
  scheduleId = SCHEDULE_ID,
): Promise<ScheduleState> {
  await onSchedule(client, scheduleId, (handle) => handle.unpause(reason));
  return await describeSchedule(client, scheduleId);
}

/** Deletes the schedule; runs that it started continue. @throws {@link ScheduleMissingError} */
export async function deleteSchedule(client: Client, scheduleId = SCHEDULE_ID): Promise<void> {
  await onSchedule(client, scheduleId, (handle) => handle.delete());
}

/** Calls `action` with the schedule's handle. @throws {@link ScheduleMissingError} */
export async function onSchedule<Answer>(
  client: Client,
  scheduleId: string,
  action: (handle: ScheduleHandle) => Promise<Answer>,
): Promise<Answer> {
  try {
    return await action(client.schedule.getHandle(scheduleId));
  } catch (error) {
    throw error instanceof ScheduleNotFoundError
      ? new ScheduleMissingError(scheduleId, error)
      : error;
  }
}

/** The schedule as the SDK describes it. @throws {@link ScheduleMissingError} */
export async function readSchedule(
  client: Client,
  scheduleId: string,
): Promise<ScheduleDescription> {
  return await onSchedule(client, scheduleId, (handle) => handle.describe());
}

/** Ids of running workflows that the schedule started. */
export function runningIds({ info }: ScheduleDescription): readonly string[] {
  return info.runningActions.map(({ workflow }) => workflow.workflowId);
}

/** The schedule's recent runs, newest first. */
export function recentRuns(description: ScheduleDescription): readonly ScheduledRun[] {
  return description.info.recentActions
    .map(({ action, scheduledAt, takenAt }) => ({
      workflowId: action.workflow.workflowId,
      runId: action.workflow.firstExecutionRunId,
      scheduledAt: scheduledAt.toISOString(),
      startedAt: takenAt.toISOString(),
    }))
    .toReversed();
}

/** Starts that wait for the running workflow to end. */
export function bufferedRuns(description: ScheduleDescription): number {
  return Number(description.raw.info?.bufferSize ?? 0);
}

function toState(description: ScheduleDescription): ScheduleState {
  const { action, info, policies, spec, state } = description;
  const { calendars = [], skip = [], jitter = 0, startAt, endAt } = spec;
  const isIrregular = calendars.length + skip.length + jitter > 0;
  return {
    scheduleId: description.scheduleId,
    paused: state.paused,
    note: state.note ?? '',
    remainingActions: state.remainingActions ?? null,
    intervals: (spec.intervals ?? []).map(({ every, offset }) => ({
      everySeconds: every / 1_000,
      offsetSeconds: offset / 1_000,
    })),
    hasOtherTimes: isIrregular || startAt !== undefined || endAt !== undefined,
    nextRuns:
      state.paused || state.remainingActions === 0
        ? []
        : info.nextActionTimes.map((time) => time.toISOString()),
    recentRuns: recentRuns(description),
    running: runningIds(description),
    startedRuns: info.numActionsTaken,
    skippedRuns: info.numActionsSkippedOverlap,
    missedRuns: info.numActionsMissedCatchupWindow,
    bufferedRuns: bufferedRuns(description),
    overlapPolicy: policies.overlap ?? 'SKIP',
    catchupWindowSeconds: policies.catchupWindow / 1_000,
    pauseOnFailure: policies.pauseOnFailure,
    workflowType: action.workflowType,
    taskQueue: action.taskQueue,
    input: action.args ?? [],
    createdAt: info.createdAt.toISOString(),
    updatedAt: info.lastUpdatedAt?.toISOString() ?? null,
  };
}
