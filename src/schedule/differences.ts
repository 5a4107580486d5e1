import { isDeepStrictEqual } from 'node:util';

import type { ScheduleDescription } from '@temporalio/client';

import { formatDuration } from '../config/duration.ts';
import type { ScheduleDefinition } from './definition.ts';

/** One thing in which a schedule is not what the configuration asks for. */
export interface ScheduleDifference {
  /** What differs, as an operator calls it. */
  readonly field: string;
  readonly found: string;
  readonly wanted: string;
}

/** The part of a described schedule that a definition decides. */
export type DescribedSchedule = Pick<ScheduleDescription, 'spec' | 'action' | 'policies'>;

/** Every worker task takes at most this long unless told otherwise; the Web UI writes it out. */
const USUAL_TASK_TIMEOUT_MILLISECONDS = 10_000;

const NONE = 'none';

/**
 * In what the schedule differs from its definition; empty when it is as it should be.
 *
 * What the definition does not decide (paused, note, remaining actions, memo, search attributes,
 * priority) never differs. Neither does the time zone, which intervals do not heed.
 */
export function findDifferences(
  found: DescribedSchedule,
  wanted: ScheduleDefinition,
): readonly ScheduleDifference[] {
  return [
    ...specDifferences(found.spec),
    difference('interval', intervals(found.spec.intervals), intervals(wanted.spec.intervals)),
    difference('workflow type', found.action.workflowType, wanted.action.workflowType),
    difference('workflow id', found.action.workflowId ?? NONE, wanted.action.workflowId),
    difference('task queue', found.action.taskQueue, wanted.action.taskQueue),
    inputDifference(found.action.args, wanted.action.args),
    difference('summary', found.action.staticSummary ?? NONE, wanted.action.staticSummary),
    textDifference('details', found.action.staticDetails, wanted.action.staticDetails),
    ...timeLimitDifferences(found.action),
    difference('overlap policy', found.policies.overlap ?? NONE, wanted.policies.overlap ?? NONE),
    difference(
      'catch-up window',
      formatDuration(found.policies.catchupWindow),
      formatDuration(wanted.policies.catchupWindow),
    ),
    difference(
      'pause on failure',
      String(found.policies.pauseOnFailure),
      String(wanted.policies.pauseOnFailure),
    ),
  ].filter((entry) => entry !== undefined);
}

/** What makes a schedule run at other times than its interval says. */
function specDifferences(
  spec: DescribedSchedule['spec'],
): readonly (ScheduleDifference | undefined)[] {
  return [
    difference('calendars', count(spec.calendars), NONE),
    difference('skipped times', count(spec.skip), NONE),
    difference('start', spec.startAt?.toISOString() ?? NONE, NONE),
    difference('end', spec.endAt?.toISOString() ?? NONE, NONE),
    difference('jitter', formatDuration(spec.jitter ?? 0), formatDuration(0)),
  ];
}

/** What can end or repeat a run from outside, and so stop a schedule by itself. */
function timeLimitDifferences(
  action: DescribedSchedule['action'],
): readonly (ScheduleDifference | undefined)[] {
  return [
    difference('execution timeout', timeLimit(action.workflowExecutionTimeout), NONE),
    difference('run timeout', timeLimit(action.workflowRunTimeout), NONE),
    difference('task timeout', taskTimeout(action.workflowTaskTimeout), NONE),
    difference('workflow retry', action.retry === undefined ? NONE : 'some', NONE),
  ];
}

function inputDifference(found: unknown, wanted: unknown): ScheduleDifference | undefined {
  return isDeepStrictEqual(found ?? [], wanted)
    ? undefined
    : { field: 'input', found: writeInput(found), wanted: writeInput(wanted) };
}

function textDifference(
  field: string,
  found: string | undefined,
  wanted: string,
): ScheduleDifference | undefined {
  if (found === wanted) return undefined;
  return { field, found: found === undefined ? NONE : 'another text', wanted: 'the runbook' };
}

function difference(field: string, found: string, wanted: string): ScheduleDifference | undefined {
  return found === wanted ? undefined : { field, found, wanted };
}

function intervals(spec: DescribedSchedule['spec']['intervals']): string {
  if (spec === undefined || spec.length === 0) return NONE;
  return spec
    .map(({ every, offset }) => {
      const shift = offset === 0 ? '' : ` offset by ${formatDuration(offset)}`;
      return `every ${formatDuration(every)}${shift}`;
    })
    .join(', ');
}

function writeInput(input: unknown): string {
  if (!Array.isArray(input) || input.length === 0) return NONE;
  return input.map((argument) => JSON.stringify(argument)).join(', ');
}

function count(entries: readonly unknown[] | undefined): string {
  return entries === undefined || entries.length === 0 ? NONE : `${entries.length}`;
}

function timeLimit(limit: string | number | undefined): string {
  if (limit === undefined || limit === 0) return NONE;
  return typeof limit === 'number' ? formatDuration(limit) : limit;
}

function taskTimeout(limit: string | number | undefined): string {
  return limit === USUAL_TASK_TIMEOUT_MILLISECONDS ? NONE : timeLimit(limit);
}
