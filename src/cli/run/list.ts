import { distanceText, durationText, numberText, timeText } from '../../contract/text.ts';
import { listRecentRuns, type RecentRun } from '../../runs/recent-runs.ts';
import { unpauseCommand } from '../../runs/run.ts';
import { defineTemporalCommand } from '../command.ts';
import { wholeNumberOption } from '../options.ts';
import { renderBars, renderTable } from '../rendering/table.ts';
import type { Paint } from '../rendering/terminal.ts';

/** `session-cleanup run list` */
export const addRunListCommand = defineTemporalCommand<{ readonly limit: number }>({
  name: 'list',
  summary: 'list the last runs and what they deleted',
  description:
    'Lists the last runs, newest first, started by the schedule or by an operator: how they ended, ' +
    'how long they took and what they deleted.',
  options: [wholeNumberOption('--limit <number>', 'number of runs', 1_000).default(10)],
  settings: ['_TASK_QUEUE'],
  examples: [
    ['session-cleanup run list', 'the last ten'],
    ['session-cleanup run list --limit 100 --json', 'for a program'],
  ],
  run: async ({ client, config, options: { limit } }) => {
    const runs = await listRecentRuns(client, limit, config.taskQueue);
    return {
      json: { runs },
      text: (paint) => renderRuns(runs, paint, new Date(), { withIds: true }),
    };
  },
});

const BAR_WIDTH = 24;

const STYLES = {
  completed: 'good',
  cancelled: 'warning',
  terminated: 'warning',
  failed: 'bad',
} as const;

/** The last runs as a table with a bar plot, and with their ids if one is to be named. */
export function renderRuns(
  runs: readonly RecentRun[],
  paint: Paint,
  now: Date,
  { withIds = false } = {},
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
    paint('quiet', renderOrigin(run)),
    renderState(run, paint),
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
      : [`Last failure (${failed.workflowId}): ${paint('bad', failed.failure)}`]),
    ...runs.flatMap((run) => renderBlocked(run, paint)),
  ].join('\n');
}

/** Why a run is blocked, and how to unblock it. */
function renderBlocked(run: RecentRun, paint: Paint): readonly string[] {
  const { workflowId, paused, pausedByTemporal, awaiting } = run;
  const reason = paused === '' ? '' : ` (${paused})`;
  const [by, resume] = pausedByTemporal
    ? [' by Temporal', unpauseCommand(workflowId)]
    : ['', `session-cleanup run resume ${workflowId}`];
  const pause = `${paint('warning', `Paused${by}${reason}.`)} To resume: ${resume}`;
  const questions = awaiting.flatMap(({ target, expiredRows, totalRows }) => [
    paint(
      'warning',
      `Waits for approval: ${numberText(expiredRows)} of the ${numberText(totalRows)} rows of ` +
        `${target} would be deleted.`,
    ),
    `  if that is right  session-cleanup run approve ${workflowId} --target ${target}`,
    `  if it is not      session-cleanup run reject ${workflowId} --target ${target}`,
  ]);
  return [...(paused === null ? [] : [pause]), ...questions];
}

function renderOrigin(run: RecentRun): string {
  if (run.dryRun) return 'dry run';
  return run.scheduledAt === null ? 'by hand' : 'scheduled';
}

function renderState({ state, paused, awaiting }: RecentRun, paint: Paint): string {
  if (awaiting.length > 0) return paint('warning', 'waits for approval');
  if (paused !== null) return paint('warning', 'paused');
  return state === 'running' ? state : paint(STYLES[state], state);
}

function countOrUnknown(count: number | null): string {
  return count === null ? '-' : numberText(count);
}
