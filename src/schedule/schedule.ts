import { ScheduleNotFoundError } from '@temporalio/client';
import type { Client, ScheduleDescription, ScheduleHandle } from '@temporalio/client';

import { SCHEDULE_ID } from '../contract/names.ts';

/** There is no schedule yet, or it was deleted. */
export class ScheduleMissingError extends Error {
  override readonly name = 'ScheduleMissingError';

  constructor(scheduleId: string, options?: ErrorOptions) {
    super(
      `There is no schedule ${scheduleId} in this namespace. ` +
        `Create it: session-cleanup schedule apply`,
      options,
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

/** The schedule as it is, in a form fit for JSON. */
export interface ScheduleState {
  readonly scheduleId: string;
  readonly paused: boolean;
  /** Why it is paused, or what else an operator noted; empty when there is none. */
  readonly note: string;
  /** Starts that are left before the schedule stops by itself; null when there is no such limit. */
  readonly remainingActions: number | null;
  readonly intervals: readonly {
    readonly everySeconds: number;
    readonly offsetSeconds: number;
  }[];
  /** True when it runs at other times than its intervals say: calendars, jitter, a start or an end. */
  readonly hasOtherTimes: boolean;
  /** ISO 8601. Empty while the schedule is paused or used up: then nothing starts. */
  readonly nextRuns: readonly string[];
  /** Newest first; at most ten, and only those that the schedule started. */
  readonly recentRuns: readonly ScheduledRun[];
  /** Ids of workflows that the schedule started and that are still running. */
  readonly running: readonly string[];
  readonly startedRuns: number;
  /** Slots left out because a run was still going on. */
  readonly skippedRuns: number;
  /** Slots left out because the server was down for longer than the catch-up window. */
  readonly missedRuns: number;
  /** Starts that wait for the running one to end. */
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

/** Looks at the schedule. @throws {@link ScheduleMissingError} */
export async function describeSchedule(
  client: Client,
  scheduleId = SCHEDULE_ID,
): Promise<ScheduleState> {
  return toState(await onSchedule(client, (handle) => handle.describe(), scheduleId));
}

/**
 * Stops further runs until {@link unpauseSchedule}. A running one goes on, and a trigger or a backfill
 * still starts runs. Slots that pass meanwhile are not made up for.
 *
 * @param reason - Kept as the schedule's note; at most 1000 bytes.
 * @throws {@link ScheduleMissingError}
 */
export async function pauseSchedule(
  client: Client,
  reason: string,
  scheduleId = SCHEDULE_ID,
): Promise<ScheduleState> {
  await onSchedule(client, (handle) => handle.pause(reason), scheduleId);
  return await describeSchedule(client, scheduleId);
}

/** Lets the schedule run again. @throws {@link ScheduleMissingError} */
export async function unpauseSchedule(
  client: Client,
  reason: string,
  scheduleId = SCHEDULE_ID,
): Promise<ScheduleState> {
  await onSchedule(client, (handle) => handle.unpause(reason), scheduleId);
  return await describeSchedule(client, scheduleId);
}

/** Removes the schedule; runs that it started go on. @throws {@link ScheduleMissingError} */
export async function deleteSchedule(client: Client, scheduleId = SCHEDULE_ID): Promise<void> {
  await onSchedule(client, (handle) => handle.delete(), scheduleId);
}

/** Does something with the schedule's handle. @throws {@link ScheduleMissingError} */
export async function onSchedule<Answer>(
  client: Client,
  action: (handle: ScheduleHandle) => Promise<Answer>,
  scheduleId: string,
): Promise<Answer> {
  try {
    return await action(client.schedule.getHandle(scheduleId));
  } catch (error) {
    if (error instanceof ScheduleNotFoundError)
      throw new ScheduleMissingError(scheduleId, { cause: error });
    throw error;
  }
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

/** Starts that wait for the running one to end. */
export function bufferedRuns(description: ScheduleDescription): number {
  return Number(description.raw.info?.bufferSize ?? 0);
}

function toState(description: ScheduleDescription): ScheduleState {
  const { action, info, policies, spec, state } = description;
  return {
    scheduleId: description.scheduleId,
    paused: state.paused,
    note: state.note ?? '',
    remainingActions: state.remainingActions ?? null,
    intervals: (spec.intervals ?? []).map(({ every, offset }) => ({
      everySeconds: every / 1_000,
      offsetSeconds: offset / 1_000,
    })),
    hasOtherTimes: hasOtherTimes(spec),
    nextRuns:
      state.paused || state.remainingActions === 0
        ? []
        : info.nextActionTimes.map((time) => time.toISOString()),
    recentRuns: recentRuns(description),
    running: info.runningActions.map(({ workflow }) => workflow.workflowId),
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

function hasOtherTimes(spec: ScheduleDescription['spec']): boolean {
  return (
    (spec.calendars?.length ?? 0) > 0 ||
    (spec.skip?.length ?? 0) > 0 ||
    spec.startAt !== undefined ||
    spec.endAt !== undefined ||
    (spec.jitter ?? 0) > 0
  );
}
