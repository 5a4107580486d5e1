import { setTimeout as delay } from 'node:timers/promises';

import type { Client, ScheduleDescription } from '@temporalio/client';

import { SCHEDULE_ID } from '../contract/names.ts';
import { onSchedule, recentRuns } from './schedule.ts';
import type { ScheduledRun } from './schedule.ts';

/** What became of a trigger. */
export type TriggerOutcome =
  | { readonly kind: 'started'; readonly run: ScheduledRun }
  /** A run is going on, and the trigger was left out. */
  | { readonly kind: 'skipped'; readonly running: readonly string[] }
  /** The server accepted the trigger, but no run came of it within some seconds. */
  | { readonly kind: 'unseen' };

/** Time within which a start or a skip shows; nearly always at the first look. Milliseconds. */
const SHOWS_WITHIN = 10_000;
/** Temporal Cloud answers ten questions about schedules a second. */
export const LOOK_EVERY = 250;

/**
 * Starts a run through the schedule, as for a slot that is due now, unless one is going on (overlap
 * policy SKIP: the SDK's default would run both, and a run started so escapes the schedule's eye). A
 * paused schedule stays paused, and runs all the same.
 *
 * The server answers before it has decided, and drops the second of two starts in one second without
 * a word; so this looks at what the schedule really did.
 *
 * @throws ScheduleMissingError
 */
export async function triggerSchedule(
  client: Client,
  scheduleId = SCHEDULE_ID,
): Promise<TriggerOutcome> {
  const before = await onSchedule(client, (handle) => handle.describe(), scheduleId);
  await onSchedule(client, (handle) => handle.trigger('SKIP'), scheduleId);
  const deadline = Date.now() + SHOWS_WITHIN;
  do {
    const now = await onSchedule(client, (handle) => handle.describe(), scheduleId);
    const outcome = compare(before, now);
    if (outcome !== undefined) return outcome;
    await delay(LOOK_EVERY);
  } while (Date.now() < deadline);
  return { kind: 'unseen' };
}

function compare(
  before: ScheduleDescription,
  now: ScheduleDescription,
): TriggerOutcome | undefined {
  const wasSkipped = now.info.numActionsSkippedOverlap > before.info.numActionsSkippedOverlap;
  const run = newRuns(before, now)[0];
  // A slot that came due in the same instant may have started a run that the trigger gave way to.
  if (run !== undefined && !wasSkipped) return { kind: 'started', run };
  return wasSkipped
    ? {
        kind: 'skipped',
        running: now.info.runningActions.map(({ workflow }) => workflow.workflowId),
      }
    : undefined;
}

/** Runs that began between two looks at the schedule, newest first. */
export function newRuns(
  before: ScheduleDescription,
  now: ScheduleDescription,
): readonly ScheduledRun[] {
  const known = new Set(recentRuns(before).map(({ runId }) => runId));
  return recentRuns(now).filter(({ runId }) => !known.has(runId));
}
