/** Runs that an operator starts through the schedule: now, or for a past range. */
import { setTimeout as delay } from 'node:timers/promises';

import type { Client, ScheduleDescription, ScheduleOverlapPolicy } from '@temporalio/client';
import { msNumberToTs, tsToDate } from '@temporalio/common';

import { SCHEDULE_ID } from '../contract/names.ts';
import { bufferedRuns, onSchedule, readSchedule, recentRuns, runningIds } from './schedule.ts';
import type { ScheduledRun } from './schedule.ts';

/** What {@link triggerSchedule} did. */
export type TriggerOutcome =
  | { readonly kind: 'started'; readonly run: ScheduledRun }
  /** A run is running, and the trigger was skipped. */
  | { readonly kind: 'skipped'; readonly running: readonly string[] }
  /** The server accepted the trigger, but started no run within some seconds. */
  | { readonly kind: 'unseen' };

/** Overlap policies by the name that an operator types. */
export const BACKFILL_OVERLAPS = {
  'buffer-all': 'BUFFER_ALL',
  'buffer-one': 'BUFFER_ONE',
  'allow-all': 'ALLOW_ALL',
  skip: 'SKIP',
  'cancel-other': 'CANCEL_OTHER',
  'terminate-other': 'TERMINATE_OTHER',
} as const satisfies Readonly<Record<string, ScheduleOverlapPolicy>>;

/** A range of past slots to run again. */
export interface BackfillRange {
  /** Both ends belong to the range. */
  readonly from: Date;
  readonly to: Date;
  readonly overlap: keyof typeof BACKFILL_OVERLAPS;
}

/** What {@link backfillSchedule} did. */
export interface BackfillOutcome {
  /** Slots of the schedule within the range; ISO 8601. */
  readonly slots: readonly string[];
  /** Runs that started, in the order of their slots. */
  readonly started: readonly ScheduledRun[];
  /** Slots that wait until a run has ended. */
  readonly waiting: number;
  /** Slots that the overlap policy skipped. */
  readonly leftOut: number;
  /** Slots whose outcome was not visible within some seconds. */
  readonly unseen: number;
}

/** Time within which a start or a skip becomes visible; nearly always at once. Milliseconds. */
const VISIBLE_WITHIN = 10_000;
/** The schedule starts few runs a second, so that a backfill takes a while. Milliseconds. */
const SETTLES_WITHIN = 15_000;
/** Temporal Cloud allows ten requests about schedules per second. Milliseconds. */
const POLL_EVERY = 250;

/** With these, each start replaces the one before, and only the last slot remains. */
const REPLACING: readonly BackfillRange['overlap'][] = ['cancel-other', 'terminate-other'];

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
  const before = await readSchedule(client, scheduleId);
  await onSchedule(client, scheduleId, (handle) => handle.trigger('SKIP'));
  const deadline = Date.now() + VISIBLE_WITHIN;
  do {
    const now = await readSchedule(client, scheduleId);
    // A slot that was due at the same time may have started a run, for which the trigger was skipped.
    if (skippedSlots(before, now) > 0) return { kind: 'skipped', running: runningIds(now) };
    const [run] = newRuns(before, now);
    if (run !== undefined) return { kind: 'started', run };
    await delay(POLL_EVERY);
  } while (Date.now() < deadline);
  return { kind: 'unseen' };
}

/**
 * Runs the schedule's slots of a past range, each with its own time as the cut-off, also while the
 * schedule is paused and for slots that have already run.
 *
 * With `buffer-all`, all runs but the first still wait when this returns; with `skip`, usually only the
 * first one starts.
 *
 * @throws ScheduleMissingError
 */
export async function backfillSchedule(
  client: Client,
  { from, to, overlap }: BackfillRange,
  scheduleId = SCHEDULE_ID,
): Promise<BackfillOutcome> {
  const before = await readSchedule(client, scheduleId);
  const slots = await matchingSlots(client, from, to, scheduleId);
  if (slots.length === 0) return { slots, started: [], waiting: 0, leftOut: 0, unseen: 0 };
  const options = { start: from, end: to, overlap: BACKFILL_OVERLAPS[overlap] };
  await onSchedule(client, scheduleId, (handle) => handle.backfill(options));
  const seen = new Map<string, ScheduledRun>();
  const deadline = Date.now() + SETTLES_WITHIN;
  for (;;) {
    const now = await readSchedule(client, scheduleId);
    // A description lists the last ten runs only, so they are collected from poll to poll.
    for (const run of newRuns(before, now)) {
      if (slots.includes(run.scheduledAt)) seen.set(run.runId, run);
    }
    const waiting = Math.max(0, bufferedRuns(now) - bufferedRuns(before));
    const rest = slots.length - seen.size - waiting;
    // The server counts replaced starts as started, not as skipped.
    const replaced = rest < slots.length ? rest : 0;
    const skipped = REPLACING.includes(overlap) ? replaced : skippedSlots(before, now);
    const leftOut = Math.max(0, Math.min(skipped, rest));
    if (leftOut >= rest || Date.now() > deadline) {
      const started = [...seen.values()].toSorted((a, b) =>
        a.scheduledAt.localeCompare(b.scheduledAt),
      );
      return { slots, started, waiting, leftOut, unseen: Math.max(0, rest - leftOut) };
    }
    await delay(POLL_EVERY);
  }
}

/** The schedule's slots in the range, as the server computes them. */
async function matchingSlots(
  client: Client,
  from: Date,
  to: Date,
  scheduleId: string,
): Promise<readonly string[]> {
  const { startTime } = await client.workflowService.listScheduleMatchingTimes({
    namespace: client.options.namespace,
    scheduleId,
    // The server's list excludes the first instant, which a backfill includes.
    startTime: msNumberToTs(from.getTime() - 1),
    endTime: msNumberToTs(to.getTime()),
  });
  return (startTime ?? []).map((time) => tsToDate(time).toISOString());
}

/** Runs that started between two descriptions of the schedule, newest first. */
function newRuns(before: ScheduleDescription, now: ScheduleDescription): readonly ScheduledRun[] {
  const known = new Set(recentRuns(before).map(({ runId }) => runId));
  return recentRuns(now).filter(({ runId }) => !known.has(runId));
}

function skippedSlots(before: ScheduleDescription, now: ScheduleDescription): number {
  return now.info.numActionsSkippedOverlap - before.info.numActionsSkippedOverlap;
}
