import type { RecentRun } from '../../runs/recent-runs.ts';
import { renderBars } from '../rendering/bar-plot.ts';
import { distanceText, durationText, numberText, timeText } from '../../contract/text.ts';
import type { Painter } from '../rendering/painter.ts';
import { renderTable } from '../rendering/table.ts';

const BAR_WIDTH = 24;

/** The last runs as a table that is a bar plot as well; with their ids, to name one by. */
export function renderRuns(
  runs: readonly RecentRun[],
  {
    painter,
    now,
    withIds = false,
  }: { readonly painter: Painter; readonly now: Date; readonly withIds?: boolean },
): string {
  if (runs.length === 0) return 'none yet';
  const bars = renderBars(
    runs.map((run) => (run.dryRun ? null : run.deletedCount)),
    BAR_WIDTH,
  );
  const columns = [
    { title: 'started' },
    { title: '' },
    { title: 'state' },
    { title: 'time', align: 'right' },
    { title: 'locked', align: 'right' },
    { title: 'deleted', align: 'right' },
    { title: '' },
    ...(withIds ? [{ title: 'workflow id' }] : []),
  ] as const;
  const rows = runs.map((run, index) => [
    timeText(run.startedAt),
    painter.quiet(origin(run)),
    renderState(run, painter),
    run.seconds === null ? distanceText(run.startedAt, now) : durationText(run.seconds),
    countOrUnknown(run.skippedLocked),
    countOrUnknown(run.deletedCount),
    bars[index] ?? '',
    ...(withIds ? [run.workflowId] : []),
  ]);
  const failed = runs.find(({ state }) => state === 'failed');
  return [
    renderTable(columns, rows),
    ...(failed?.failure == null
      ? []
      : [`Last failure (${failed.workflowId}): ${painter.bad(failed.failure)}`]),
    ...runs.flatMap((run) => renderStandstill(run, painter)),
  ].join('\n');
}

/** Why a run does not move, and how it is made to: it waits for as long as nobody does. */
function renderStandstill(run: RecentRun, painter: Painter): readonly string[] {
  const { workflowId, paused, awaiting } = run;
  const reason = paused === null || paused === '' ? '' : ` (${paused})`;
  const pause =
    paused === null
      ? []
      : [
          `${painter.warning(`Paused${reason}.`)} To go on: session-cleanup run resume ${workflowId}`,
        ];
  const questions = awaiting.flatMap(({ target, expiredRows, totalRows }) => [
    painter.warning(
      `Waits for approval: ${numberText(expiredRows)} of the ${numberText(totalRows)} rows of ` +
        `${target} would be deleted.`,
    ),
    `  if that is right  session-cleanup run approve ${workflowId} --target ${target}`,
    `  if it is not      session-cleanup run reject ${workflowId} --target ${target}`,
  ]);
  return [...pause, ...questions];
}

function origin(run: RecentRun): string {
  if (run.dryRun) return 'dry run';
  return run.scheduledAt === null ? 'by hand' : 'scheduled';
}

function renderState({ state, paused, awaiting }: RecentRun, painter: Painter): string {
  if (awaiting.length > 0) return painter.warning('waits for approval');
  if (paused !== null) return painter.warning('paused');
  switch (state) {
    case 'completed':
      return painter.good(state);
    case 'running':
      return state;
    case 'cancelled':
    case 'terminated':
      return painter.warning(state);
    case 'failed':
      return painter.bad(state);
  }
}

function countOrUnknown(count: number | null): string {
  return count === null ? '-' : numberText(count);
}
