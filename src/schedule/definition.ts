import type { ScheduleDescription } from '@temporalio/client';

import type { Config } from '../config/config.ts';
import { formatDuration } from '../config/duration.ts';
import { SCHEDULE_ID, WORKFLOW_ID, WORKFLOW_TYPE } from '../contract/names.ts';
import type { SessionCleanupInput } from '../contract/run.ts';
import { staticDetails, STATIC_SUMMARY } from '../runs/runbook.ts';

/** The part of a schedule that the configuration decides; an operator's pause is not. */
export interface ScheduleDefinition {
  readonly scheduleId: string;
  /** Milliseconds. */
  readonly spec: { readonly intervals: [{ readonly every: number; readonly offset: number }] };
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
    readonly overlap: 'SKIP';
    /** Milliseconds. */
    readonly catchupWindow: number;
    readonly pauseOnFailure: boolean;
  };
}

/**
 * The schedule for a configuration.
 *
 * - No jitter: it would shift the slots that a backfill matches.
 * - Overlap SKIP: the next run makes up for a skipped one.
 * - No pause on failure, workflow retry or execution timeout: each can stop the schedule. Activities
 *   bound the time.
 */
export function defineSchedule(config: Pick<Config, 'schedule' | 'taskQueue'>): ScheduleDefinition {
  const { scheduleId, intervalSeconds, offsetSeconds } = config.schedule;
  return {
    scheduleId,
    spec: { intervals: [{ every: intervalSeconds * 1_000, offset: offsetSeconds * 1_000 }] },
    action: {
      type: 'startWorkflow',
      workflowType: WORKFLOW_TYPE,
      // The server drops one of two starts with the same id in one second: no two schedules share a base.
      workflowId: scheduleId === SCHEDULE_ID ? WORKFLOW_ID : scheduleId,
      taskQueue: config.taskQueue,
      args: [{}],
      staticSummary: STATIC_SUMMARY,
      staticDetails: staticDetails(scheduleId),
    },
    policies: {
      overlap: 'SKIP',
      // After an outage, older slots are skipped: the next run deletes their rows, too.
      catchupWindow: 24 * 60 * 60 * 1_000,
      pauseOnFailure: false,
    },
  };
}

/** One field in which a schedule differs from its definition. */
export interface ScheduleDifference {
  readonly field: string;
  readonly found: string;
  readonly wanted: string;
}

/** The part of a described schedule that a definition decides. */
export type DescribedSchedule = Pick<ScheduleDescription, 'spec' | 'action' | 'policies'>;

/** The server's default, which the Web UI writes out. */
const DEFAULT_TASK_TIMEOUT_MILLISECONDS = 10_000;

const NONE = 'none';

/**
 * In what a schedule differs from its definition. What the definition does not decide (pause, note,
 * remaining actions, memo, search attributes, priority) is ignored, and so is the time zone, which does
 * not affect intervals.
 */
export function findDifferences(
  { spec, action, policies }: DescribedSchedule,
  wanted: ScheduleDefinition,
): readonly ScheduleDifference[] {
  const { workflowTaskTimeout } = action;
  const taskTimeout =
    workflowTaskTimeout === DEFAULT_TASK_TIMEOUT_MILLISECONDS ? undefined : workflowTaskTimeout;
  const fields: readonly (readonly [field: string, found: string, wanted: string])[] = [
    ['calendars', countText(spec.calendars), NONE],
    ['skipped times', countText(spec.skip), NONE],
    ['start', spec.startAt?.toISOString() ?? NONE, NONE],
    ['end', spec.endAt?.toISOString() ?? NONE, NONE],
    ['jitter', formatDuration(spec.jitter ?? 0), formatDuration(0)],
    ['interval', intervalsText(spec.intervals), intervalsText(wanted.spec.intervals)],
    ['workflow type', action.workflowType, wanted.action.workflowType],
    ['workflow id', action.workflowId ?? NONE, wanted.action.workflowId],
    ['task queue', action.taskQueue, wanted.action.taskQueue],
    ['input', inputText(action.args), inputText(wanted.action.args)],
    ['summary', action.staticSummary ?? NONE, wanted.action.staticSummary],
    ['details', detailsText(action.staticDetails, wanted), RUNBOOK],
    ['execution timeout', timeoutText(action.workflowExecutionTimeout), NONE],
    ['run timeout', timeoutText(action.workflowRunTimeout), NONE],
    ['task timeout', timeoutText(taskTimeout), NONE],
    ['workflow retry', action.retry === undefined ? NONE : 'some', NONE],
    ['overlap policy', policies.overlap ?? NONE, wanted.policies.overlap],
    [
      'catch-up window',
      formatDuration(policies.catchupWindow),
      formatDuration(wanted.policies.catchupWindow),
    ],
    ['pause on failure', `${policies.pauseOnFailure}`, `${wanted.policies.pauseOnFailure}`],
  ];
  return fields
    .map(([field, found, wanted]) => ({ field, found, wanted }))
    .filter(({ found, wanted }) => found !== wanted);
}

const RUNBOOK = 'the runbook';

function detailsText(found: string | undefined, wanted: ScheduleDefinition): string {
  if (found === undefined) return NONE;
  return found === wanted.action.staticDetails ? RUNBOOK : 'another text';
}

function intervalsText(intervals: DescribedSchedule['spec']['intervals'] = []): string {
  const texts = intervals.map(({ every, offset }) => {
    const shift = offset === 0 ? '' : ` offset by ${formatDuration(offset)}`;
    return `every ${formatDuration(every)}${shift}`;
  });
  return texts.join(', ') || NONE;
}

function inputText(input: readonly unknown[] = []): string {
  return input.map((argument) => JSON.stringify(argument)).join(', ') || NONE;
}

function countText(entries: readonly unknown[] = []): string {
  return entries.length === 0 ? NONE : `${entries.length}`;
}

function timeoutText(timeout: string | number = 0): string {
  if (timeout === 0) return NONE;
  return typeof timeout === 'number' ? formatDuration(timeout) : timeout;
}
