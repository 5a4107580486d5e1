/** What is told about the first run, to people and to programs. */
import {
  countText,
  distanceText,
  durationText,
  numberText,
  timeText,
} from '../../src/contract/text.ts';
import { SCHEDULE_ID } from '../../src/contract/names.ts';
import type { RunId } from '../../src/runs/run.ts';
import type { ScheduleState } from '../../src/schedule/schedule.ts';
import type { FirstRun } from './first-run.ts';
import { renderBar } from './progress-bar.ts';

/** The last line of `--once`. */
export interface OnceResult {
  readonly deletedCount: number;
  readonly expiredBefore: number;
  readonly liveBefore: number;
  readonly liveAfter: number;
  readonly workflowId: string;
  readonly runId: string;
}

/** The same facts for programs. */
export function toOnceResult({ run, result, before, after }: FirstRun): OnceResult {
  return {
    deletedCount: result.deletedCount,
    expiredBefore: before.expired,
    liveBefore: before.live,
    liveAfter: after.live,
    workflowId: run.workflowId,
    runId: run.runId,
  };
}

/** The finished bar, what the history says, and what is left. */
export function describeFirstRun({ result, historyEvents, before, after }: FirstRun): string {
  const seconds = result.targets
    .flatMap(({ slices }) => slices)
    .reduce((sum, slice) => sum + slice.seconds, 0);
  const { deletedCount, skippedLocked } = result;
  const rowsPerSecond = seconds > 0 ? deletedCount / seconds : undefined;
  const locked =
    skippedLocked === 0 ? '' : `, ${countText(skippedLocked, 'locked row')} left to the next run`;
  return [
    `${renderBar({ done: deletedCount, total: before.expired, rowsPerSecond })}  in ${durationText(seconds)}`,
    `History     ${countText(historyEvents, 'event')} say: ${countText(deletedCount, 'row')} deleted${locked}`,
    `Left        ${numberText(after.live)} live, ${numberText(after.expired)} expired`,
  ].join('\n');
}

/** When the schedule fires next, or that it does not. */
export function describeNextRun(schedule: ScheduleState, now: Date): string {
  const [next] = schedule.nextRuns;
  if (schedule.paused)
    return `Paused      ${schedule.note === '' ? 'no reason noted' : schedule.note}`;
  return next === undefined
    ? 'Next run    none: the schedule has ended'
    : `Next run    ${timeText(next)} (${distanceText(next, now)})`;
}

/** Where to look at the schedule, and at a run of it. */
export function describePages(
  ui: { readonly address: string | undefined; readonly namespace: string },
  run: RunId | undefined,
): string {
  const base = `${ui.address ?? "(your Web UI's address)"}/namespaces/${encodeURIComponent(ui.namespace)}`;
  return [
    `Schedule    ${base}/schedules/${SCHEDULE_ID}`,
    ...(run === undefined
      ? []
      : [
          `This run    ${base}/workflows/${encodeURIComponent(run.workflowId)}/${run.runId}/history`,
        ]),
  ].join('\n');
}
