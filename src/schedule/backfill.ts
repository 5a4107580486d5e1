import { setTimeout as delay } from 'node:timers/promises';

import type { Client, ScheduleDescription, ScheduleOverlapPolicy } from '@temporalio/client';
import { msNumberToTs, tsToDate } from '@temporalio/common';

import { SCHEDULE_ID } from '../contract/names.ts';
import { POLL_EVERY, newRuns } from './trigger.ts';
import { bufferedRuns, onSchedule } from './schedule.ts';
import type { ScheduledRun } from './schedule.ts';

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

/** With these, each start replaces the one before, and only the last slot remains. */
const REPLACING: readonly BackfillRange['overlap'][] = ['cancel-other', 'terminate-other'];

/** The schedule starts few runs a second, so that a backfill takes a while. Milliseconds. */
const SETTLES_WITHIN = 15_000;

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
  range: BackfillRange,
  scheduleId = SCHEDULE_ID,
): Promise<BackfillOutcome> {
  const before = await onSchedule(client, (handle) => handle.describe(), scheduleId);
  const slots = await matchingSlots(client, range, scheduleId);
  if (slots.length === 0) return { slots, started: [], waiting: 0, leftOut: 0, unseen: 0 };
  const overlap = BACKFILL_OVERLAPS[range.overlap];
  await onSchedule(
    client,
    (handle) => handle.backfill({ start: range.from, end: range.to, overlap }),
    scheduleId,
  );
  return await watch(client, before, slots, REPLACING.includes(range.overlap));
}

/** Polls until every slot has started, waits or was skipped. */
async function watch(
  client: Client,
  before: ScheduleDescription,
  slots: readonly string[],
  isReplacing: boolean,
): Promise<BackfillOutcome> {
  const wanted = new Set(slots);
  const seen = new Map<string, ScheduledRun>();
  const deadline = Date.now() + SETTLES_WITHIN;
  for (;;) {
    const now = await onSchedule(client, (handle) => handle.describe(), before.scheduleId);
    // A description lists the last ten runs only, so they are collected from poll to poll.
    for (const run of newRuns(before, now)) {
      if (wanted.has(run.scheduledAt)) seen.set(run.runId, run);
    }
    const started = [...seen.values()].toSorted((a, b) =>
      a.scheduledAt.localeCompare(b.scheduledAt),
    );
    const waiting = Math.max(0, bufferedRuns(now) - bufferedRuns(before));
    const rest = slots.length - started.length - waiting;
    // The server counts replaced starts as started, not as skipped.
    const skipped = isReplacing
      ? rest < slots.length
        ? rest
        : 0
      : now.info.numActionsSkippedOverlap - before.info.numActionsSkippedOverlap;
    const leftOut = Math.max(0, Math.min(skipped, rest));
    if (leftOut >= rest || Date.now() > deadline) {
      return { slots, started, waiting, leftOut, unseen: Math.max(0, rest - leftOut) };
    }
    await delay(POLL_EVERY);
  }
}

/** The schedule's slots in the range, as the server computes them. */
async function matchingSlots(
  client: Client,
  range: BackfillRange,
  scheduleId: string,
): Promise<readonly string[]> {
  const { startTime } = await client.workflowService.listScheduleMatchingTimes({
    namespace: client.options.namespace,
    scheduleId,
    // The server's list excludes the first instant, which a backfill includes.
    startTime: msNumberToTs(range.from.getTime() - 1),
    endTime: msNumberToTs(range.to.getTime()),
  });
  return (startTime ?? []).map((time) => tsToDate(time).toISOString());
}
