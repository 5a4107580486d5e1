import type { ScheduleSpec, ScheduleOverlapPolicy } from '@temporalio/client';

import type { Config } from '../config/config.ts';
import { SCHEDULE_ID, WORKFLOW_ID, WORKFLOW_TYPE } from '../contract/names.ts';
import type { SessionCleanupInput } from '../contract/run.ts';
import { staticDetails, STATIC_SUMMARY } from '../runs/runbook.ts';

/** The part of a schedule that the configuration decides. An operator's pause is no part of it. */
export interface ScheduleDefinition {
  readonly scheduleId: string;
  readonly spec: Pick<ScheduleSpec, 'intervals'> & {
    /** Milliseconds. */
    readonly intervals: [{ readonly every: number; readonly offset: number }];
  };
  readonly action: {
    readonly type: 'startWorkflow';
    readonly workflowType: string;
    readonly workflowId: string;
    readonly taskQueue: string;
    /** One JSON object, so that the Web UI can edit it. */
    readonly args: [SessionCleanupInput];
    readonly staticSummary: string;
    readonly staticDetails: string;
  };
  readonly policies: {
    readonly overlap: ScheduleOverlapPolicy;
    /** Milliseconds. */
    readonly catchupWindow: number;
    readonly pauseOnFailure: boolean;
  };
}

/** After an outage, a slot that is older than this is left out: the next run removes its rows too. */
const CATCHUP_WINDOW_MILLISECONDS = 24 * 60 * 60 * 1_000;

/**
 * The schedule that the configuration asks for.
 *
 * - No jitter: it would shift the ranges that a backfill matches.
 * - Overlap SKIP: the next run heals a skipped one.
 * - No pause on failure, no workflow retry, no execution timeout: each can stop a schedule by itself.
 *   Time is bounded at the activity.
 */
export function defineSchedule(config: Pick<Config, 'schedule' | 'taskQueue'>): ScheduleDefinition {
  const { scheduleId } = config.schedule;
  return {
    scheduleId,
    spec: {
      intervals: [
        {
          every: config.schedule.intervalSeconds * 1_000,
          offset: config.schedule.offsetSeconds * 1_000,
        },
      ],
    },
    action: {
      type: 'startWorkflow',
      workflowType: WORKFLOW_TYPE,
      // Of two starts with one id in the same second, the server drops one: no two schedules share a base.
      workflowId: scheduleId === SCHEDULE_ID ? WORKFLOW_ID : scheduleId,
      taskQueue: config.taskQueue,
      args: [{}],
      staticSummary: STATIC_SUMMARY,
      staticDetails: staticDetails(scheduleId),
    },
    policies: {
      overlap: 'SKIP',
      catchupWindow: CATCHUP_WINDOW_MILLISECONDS,
      pauseOnFailure: false,
    },
  };
}
