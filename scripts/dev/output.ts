/** What `npm run dev` writes: log lines, a progress line below them, and the report on the first run. */
import {
  createProgressLine,
  type Output,
  type ProgressLine,
} from '../../src/cli/rendering/terminal.ts';
import { SCHEDULE_ID } from '../../src/contract/names.ts';
import {
  countText,
  distanceText,
  durationText,
  numberText,
  timeText,
} from '../../src/contract/text.ts';
import type { RunId } from '../../src/runs/run.ts';
import type { ScheduleState } from '../../src/schedule/schedule.ts';
import type { RecordedResult } from '../../src/runs/result.ts';

/** Number of rows in all targets together. */
export interface RowCounts {
  /** Matched by the deletion predicate. */
  readonly expired: number;
  readonly live: number;
}

/** A completed run, and the rows before and after it. */
export interface FirstRun {
  readonly run: RunId;
  /** As recorded in the workflow's history. */
  readonly result: RecordedResult;
  readonly historyEvents: number;
  readonly before: RowCounts;
  readonly after: RowCounts;
}

export interface Terminal {
  /** Writes a line, and removes the progress line first. */
  readonly log: (message: string) => void;
  readonly progress: ProgressLine;
  /** True when a person may be watching, so that a line can be updated in place. */
  readonly isInteractive: boolean;
}

export function openTerminal(output: Output): Terminal {
  const progress = createProgressLine(output);
  return {
    progress,
    isInteractive: output.isTTY === true,
    log: (message) => {
      progress.clear();
      output.write(`${message}\n`);
    },
  };
}

const BAR_WIDTH = 30;

/** A progress bar with row counts and rate; full when there are no rows to process. */
export function renderBar(done: number, total: number, rowsPerSecond?: number): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const bar = '█'.repeat(Math.floor(share * BAR_WIDTH)).padEnd(BAR_WIDTH, '░');
  const percent = String(Math.floor(share * 100)).padStart(3);
  const rate = rowsPerSecond === undefined ? '' : `  ${numberText(rowsPerSecond)} rows/s`;
  return `${bar} ${percent} %  ${numberText(done)} of ${numberText(total)}${rate}`;
}

/** The last line of `--once`. */
export function renderJson({ run, result, before, after }: FirstRun): string {
  return JSON.stringify({
    deletedCount: result.deletedCount,
    expiredBefore: before.expired,
    liveBefore: before.live,
    liveAfter: after.live,
    workflowId: run.workflowId,
    runId: run.runId,
  });
}

/** The full progress bar, the recorded result, and the remaining rows. */
export function renderFirstRun({ result, historyEvents, before, after }: FirstRun): string {
  const seconds = result.targets
    .flatMap(({ slices }) => slices)
    .reduce((sum, slice) => sum + slice.seconds, 0);
  const { deletedCount, skippedLocked } = result;
  const rowsPerSecond = seconds > 0 ? deletedCount / seconds : undefined;
  const locked =
    skippedLocked === 0 ? '' : `, ${countText(skippedLocked, 'locked row')} left for the next run`;
  return [
    `${renderBar(deletedCount, before.expired, rowsPerSecond)}  in ${durationText(seconds)}`,
    `History     ${countText(historyEvents, 'event')}, result: ${countText(deletedCount, 'row')} deleted${locked}`,
    `Left        ${numberText(after.live)} live, ${numberText(after.expired)} expired`,
  ].join('\n');
}

/** When the schedule starts its next run, or why it does not. */
export function renderNextRun({ paused, note, nextRuns: [next] }: ScheduleState): string {
  if (paused) return `Paused      ${note === '' ? 'without a note' : note}`;
  return next === undefined
    ? 'Next run    none: the schedule has ended'
    : `Next run    ${timeText(next)} (${distanceText(next, new Date())})`;
}

/** The pages of the schedule, and of a run, in the Web UI. */
export function renderPages(
  uiAddress: string | undefined,
  namespace: string,
  run: RunId | undefined,
): string {
  const base = `${uiAddress ?? "(your Web UI's address)"}/namespaces/${encodeURIComponent(namespace)}`;
  const schedule = `Schedule    ${base}/schedules/${SCHEDULE_ID}`;
  if (run === undefined) return schedule;
  const path = `${encodeURIComponent(run.workflowId)}/${run.runId}/history`;
  return `${schedule}\nThis run    ${base}/workflows/${path}`;
}
