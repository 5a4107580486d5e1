import type { ScheduleDifference } from '../../schedule/differences.ts';
import type { ScheduledRun, ScheduleState } from '../../schedule/schedule.ts';
import { countText, distanceText, durationText, numberText, timeText } from '../../contract/text.ts';
import type { Painter } from '../rendering/painter.ts';
import { indent, renderPairs } from '../rendering/table.ts';

/** Slots that are told ahead. */
const NEXT_RUNS = 3;

/** What a schedule is drawn with. */
export interface ScheduleRendering {
  readonly painter: Painter;
  readonly now: Date;
  /** The configured one. */
  readonly taskQueue: string;
}

/** The schedule in a few lines. */
export function renderSchedule(state: ScheduleState, rendering: ScheduleRendering): string {
  const { painter, now } = rendering;
  const status = renderStatus(state, painter);
  const pairs: (readonly [string, string])[] = [
    ['next', renderNext(state, now)],
    ...(state.note === '' ? [] : [['note', state.note] as const]),
    ...(state.remainingActions === null
      ? []
      : [['remaining', countText(state.remainingActions, 'more run')] as const]),
    ['running', state.running.length === 0 ? 'none' : state.running.join(', ')],
    ...(state.bufferedRuns === 0
      ? []
      : [['waiting', countText(state.bufferedRuns, 'run')] as const]),
    ['so far', renderCounters(state, painter)],
    ['starts', `${state.workflowType} on task queue ${state.taskQueue}`],
    ...(state.taskQueue === rendering.taskQueue
      ? []
      : [['', painter.warning(renderOther(rendering.taskQueue))] as const]),
  ];
  return [
    `${painter.heading(`Schedule ${state.scheduleId}`)}  ${renderTimes(state)}, ${status}`,
    indent(renderPairs(pairs)),
  ].join('\n');
}

function renderOther(taskQueue: string): string {
  return `It belongs to another installation: this one is configured for the task queue ${taskQueue}.`;
}

/** A schedule whose remaining runs are used up starts nothing, though the server calls it active. */
function renderStatus({ paused, remainingActions }: ScheduleState, painter: Painter): string {
  if (paused) return painter.warning('paused');
  return remainingActions === 0 ? painter.warning('used up') : painter.good('active');
}

/** How often it runs, in words. */
function renderTimes(state: Pick<ScheduleState, 'intervals' | 'hasOtherTimes'>): string {
  const times = state.intervals.map(({ everySeconds, offsetSeconds }) =>
    offsetSeconds === 0
      ? `every ${durationText(everySeconds)}`
      : `every ${durationText(everySeconds)}, shifted by ${durationText(offsetSeconds)}`,
  );
  return [...times, ...(state.hasOtherTimes ? ['with further times of its own'] : [])].join(
    ' and ',
  );
}

/** Differences, one a line: `interval: every 1h → every 6h`. */
export function renderDifferences(differences: readonly ScheduleDifference[]): string {
  return indent(
    renderPairs(differences.map(({ field, found, wanted }) => [field, `${found} → ${wanted}`])),
  );
}

/** Runs that were started, one a line. */
export function renderStarted(runs: readonly ScheduledRun[]): string {
  return indent(renderPairs(runs.map(({ workflowId, runId }) => [workflowId, `run ${runId}`])));
}

function renderNext(state: ScheduleState, now: Date): string {
  if (state.paused) return 'nothing, while it is paused';
  if (state.remainingActions === 0) return 'nothing: no runs remain that it may start';
  const [first, ...others] = state.nextRuns.slice(0, NEXT_RUNS);
  if (first === undefined) return 'never';
  const later = others.map((time) => timeText(time).slice(11));
  return [`${timeText(first)} (${distanceText(first, now)})`, ...later].join(', ');
}

function renderCounters(state: ScheduleState, painter: Painter): string {
  const counters = [
    `${numberText(state.startedRuns)} started`,
    `${numberText(state.skippedRuns)} skipped because one was going on`,
    `${numberText(state.missedRuns)} missed while the server was down`,
  ];
  const text = counters.join(', ');
  return state.missedRuns > 0 ? painter.warning(text) : text;
}
