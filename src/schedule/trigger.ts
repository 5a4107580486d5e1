import { setTimeout as delay } from 'node:timers/promises';

import type { Client, ScheduleDescription } from '@temporalio/client';

import { SCHEDULE_ID } from '../contract/names.ts';
import { onSchedule, recentRuns } from './schedule.ts';
import type { ScheduledRun } from './schedule.ts';

/** What {@link triggerSchedule} did. */
export type TriggerOutcome =
  | { readonly kind: 'started'; readonly run: ScheduledRun }
  /** A run is running, and the trigger was skipped. */
  | { readonly kind: 'skipped'; readonly running: readonly string[] }
  /** The server accepted the trigger, but started no run within some seconds. */
  | { readonly kind: 'unseen' };

/** Time within which a start or a skip becomes visible; nearly always at once. Milliseconds. */
const VISIBLE_WITHIN = 10_000;
/** Temporal Cloud allows ten requests about schedules per second. Milliseconds. */
export const POLL_EVERY = 250;

/**
 * Starts a run through the schedule, also while it is paused, unless a run is running (overlap policy
 * SKIP; the SDK's default ALLOW_ALL would start a run that the schedule does not track).
 *
 * The server answers before it decides, and silently drops the second of two starts in one second, so
 * this polls for what the schedule did.
 *
 * @throws ScheduleMissingError
 */
export async function triggerSchedule(
  client: Client,
  scheduleId = SCHEDULE_ID,
): Promise<TriggerOutcome> {
  const before = await onSchedule(client, (handle) => handle.describe(), scheduleId);
  await onSchedule(client, (handle) => handle.trigger('SKIP'), scheduleId);
  const deadline = Date.now() + VISIBLE_WITHIN;
  do {
    const now = await onSchedule(client, (handle) => handle.describe(), scheduleId);
    const outcome = compare(before, now);
    if (outcome !== undefined) return outcome;
    await delay(POLL_EVERY);
  } while (Date.now() < deadline);
  return { kind: 'unseen' };
}

function compare(
  before: ScheduleDescription,
  now: ScheduleDescription,
): TriggerOutcome | undefined {
  const wasSkipped = now.info.numActionsSkippedOverlap > before.info.numActionsSkippedOverlap;
  const run = newRuns(before, now)[0];
  // A slot that was due at the same time may have started a run, for which the trigger was skipped.
  if (run !== undefined && !wasSkipped) return { kind: 'started', run };
  return wasSkipped
    ? {
        kind: 'skipped',
        running: now.info.runningActions.map(({ workflow }) => workflow.workflowId),
      }
    : undefined;
}

/** Runs that started between two descriptions of the schedule, newest first. */
export function newRuns(
  before: ScheduleDescription,
  now: ScheduleDescription,
): readonly ScheduledRun[] {
  const known = new Set(recentRuns(before).map(({ runId }) => runId));
  return recentRuns(now).filter(({ runId }) => !known.has(runId));
}
