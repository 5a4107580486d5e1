import {
  countText,
  distanceText,
  durationText,
  numberText,
  timeText,
} from '../../contract/text.ts';
import type { ApplyOutcome, CheckOutcome } from '../../schedule/apply.ts';
import type { ScheduleDifference } from '../../schedule/definition.ts';
import type { ScheduleState } from '../../schedule/schedule.ts';
import type { BackfillOutcome, TriggerOutcome } from '../../schedule/start-runs.ts';
import { indent, renderPairs } from '../rendering/table.ts';
import type { Paint } from '../rendering/terminal.ts';

/** Next times that are shown. */
const NEXT_RUNS = 3;

/** What the schedule as text depends on besides its state. */
export interface ScheduleRendering {
  readonly paint: Paint;
  readonly now: Date;
  /** The configured one. */
  readonly taskQueue: string;
}

/** The schedule in a few lines. */
export function renderSchedule(
  state: ScheduleState,
  { paint, now, taskQueue }: ScheduleRendering,
): string {
  const { note, remainingActions, bufferedRuns } = state;
  const other = `It belongs to another installation: this one is configured for the task queue ${taskQueue}.`;
  const pairs: readonly (readonly [name: string, value: string])[] = [
    ['next', renderNext(state, now)],
    ['note', note],
    ['remaining', remainingActions === null ? '' : countText(remainingActions, 'more run')],
    ['running', state.running.join(', ') || 'none'],
    ['waiting', bufferedRuns === 0 ? '' : countText(bufferedRuns, 'run')],
    ['so far', renderCounters(state, paint)],
    ['starts', `${state.workflowType} on task queue ${state.taskQueue}`],
    ['', state.taskQueue === taskQueue ? '' : paint('warning', other)],
  ];
  return [
    `${paint('heading', `Schedule ${state.scheduleId}`)}  ${renderTimes(state)}, ${renderStatus(state, paint)}`,
    indent(renderPairs(pairs.filter(([, value]) => value !== ''))),
  ].join('\n');
}

/** The server calls a schedule active even if it has no remaining actions. */
function renderStatus({ paused, remainingActions }: ScheduleState, paint: Paint): string {
  if (paused) return paint('warning', 'paused');
  return remainingActions === 0 ? paint('warning', 'exhausted') : paint('good', 'active');
}

function renderTimes({ intervals, hasOtherTimes }: ScheduleState): string {
  const times = intervals.map(({ everySeconds, offsetSeconds }) =>
    offsetSeconds === 0
      ? `every ${durationText(everySeconds)}`
      : `every ${durationText(everySeconds)}, offset by ${durationText(offsetSeconds)}`,
  );
  return [...times, ...(hasOtherTimes ? ['with further times of its own'] : [])].join(' and ');
}

function renderNext(state: ScheduleState, now: Date): string {
  if (state.paused) return 'none while it is paused';
  if (state.remainingActions === 0) return 'none: no actions remain';
  const [first, ...others] = state.nextRuns.slice(0, NEXT_RUNS);
  if (first === undefined) return 'never';
  const later = others.map((time) => timeText(time).slice(11));
  return [`${timeText(first)} (${distanceText(first, now)})`, ...later].join(', ');
}

function renderCounters(state: ScheduleState, paint: Paint): string {
  const text = [
    `${numberText(state.startedRuns)} started`,
    `${numberText(state.skippedRuns)} skipped because one was running`,
    `${numberText(state.missedRuns)} missed while the server was down`,
  ].join(', ');
  return state.missedRuns > 0 ? paint('warning', text) : text;
}

/** What `apply` did. */
export function renderApplied(outcome: ApplyOutcome, scheduleId: string): string {
  switch (outcome.kind) {
    case 'created':
      return `Created the schedule ${scheduleId}.`;
    case 'unchanged':
      return `The schedule ${scheduleId} is as configured; nothing was changed.`;
    case 'updated':
      return `Updated the schedule ${scheduleId}:\n${renderDifferences(outcome.differences)}`;
  }
}

/** What `apply --check` found. */
export function renderChecked(outcome: CheckOutcome, scheduleId: string): string {
  switch (outcome.kind) {
    case 'missing':
      return `The schedule ${scheduleId} does not exist. Create it: session-cleanup schedule apply`;
    case 'taken':
      return outcome.message;
    case 'as-configured':
      return `The schedule ${scheduleId} is as configured.`;
    case 'different':
      return [
        `The schedule ${scheduleId} differs from the configuration (found → configured):`,
        renderDifferences(outcome.differences),
        'Update it: session-cleanup schedule apply',
      ].join('\n');
  }
}

/** Differences, one a line: `interval: every 1h → every 6h`. */
function renderDifferences(differences: readonly ScheduleDifference[]): string {
  return indent(
    renderPairs(differences.map(({ field, found, wanted }) => [field, `${found} → ${wanted}`])),
  );
}

/** What `trigger` did. */
export function renderTriggered(outcome: TriggerOutcome): string {
  switch (outcome.kind) {
    case 'started':
      return `Started ${outcome.run.workflowId} (run ${outcome.run.runId}).`;
    case 'skipped':
      return (
        `Started nothing: a run of the schedule is running (${outcome.running.join(', ')}). ` +
        'Wait for it, or start one beside it: session-cleanup run start'
      );
    case 'unseen':
      return (
        'Temporal accepted the trigger, but no run appeared. Two starts within one second become one: ' +
        'check session-cleanup status, and try again.'
      );
  }
}

/** What `backfill` did. */
export function renderBackfilled(outcome: BackfillOutcome): string {
  const { slots, started, waiting, leftOut, unseen } = outcome;
  if (slots.length === 0) return 'Started nothing: the range contains no slot of the schedule.';
  return [
    `${countText(slots.length, 'slot')} in this range; ${countText(started.length, 'run')} started:`,
    indent(renderPairs(started.map(({ workflowId, runId }) => [workflowId, `run ${runId}`]))),
    ...(waiting > 0 ? [`Runs that wait for the one before them: ${numberText(waiting)}.`] : []),
    ...(leftOut > 0 ? [`${countText(leftOut, 'slot')} left out by the overlap policy.`] : []),
    ...(unseen > 0
      ? [`No run of ${countText(unseen, 'slot')} appeared yet; check session-cleanup status.`]
      : []),
  ].join('\n');
}
