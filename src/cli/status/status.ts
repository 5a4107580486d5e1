import type { Poller } from '../../checks/pollers.ts';
import { distanceText, timeText } from '../../contract/text.ts';
import type { TargetSuccess } from '../../runs/last-success.ts';
import { defineCommand } from '../command.ts';
import { readPartialConfig } from '../context.ts';
import { TARGET_SETTINGS } from '../help.ts';
import { durationOption } from '../options.ts';
import { renderPreviews } from '../preview.ts';
import { indent, renderPairs } from '../rendering/table.ts';
import type { Paint } from '../rendering/terminal.ts';
import { renderRuns } from '../run/list.ts';
import { renderSchedule } from '../schedule/text.ts';
import { gaugesIn, isComplete, overdueTargets, readStatus } from './report.ts';
import type { Section, StatusReport } from './report.ts';

/** `session-cleanup status` */
export const addStatusCommand = defineCommand<{ readonly maxAge?: number }>({
  name: 'status',
  summary: 'show schedule, last runs, workers and expired rows',
  description:
    'Shows the schedule (paused or not, next times, runs skipped or missed), the last runs with their ' +
    'counts, the workers that poll, the last success of each target, and the expired rows that remain ' +
    'with the age of the oldest. Shows what it can while Temporal or the database is down. Leaves the ' +
    'expired rows out without DATABASE_URL and with --max-age. With DATABASE_URL the ledger is asked for a ' +
    'success, too, since Temporal forgets runs after the retention of the namespace.',
  options: [
    durationOption(
      '--max-age <duration>',
      'exit with 1 unless each target has been cleaned up to a cut-off within this time; nothing else ' +
        'decides the exit code',
    ),
  ],
  settings: [...TARGET_SETTINGS, '_SCHEDULE_ID', '_TASK_QUEUE'],
  temporal: true,
  examples: [
    ['session-cleanup status', 'at a glance'],
    ['session-cleanup status --max-age 13h', 'for monitoring; needs no database'],
    ['session-cleanup status --json | jq .runs.content[0].deletedCount', 'for a program'],
  ],
  failed: 'a part could not be read; with --max-age, a target is overdue',
  run: async ({ context, options: { maxAge } }) => {
    const now = new Date();
    const since = maxAge === undefined ? undefined : new Date(now.getTime() - maxAge);
    const { config, temporal } = readPartialConfig(context);
    const report = await readStatus(config, temporal, since);
    const overdue = since === undefined ? [] : overdueTargets(report, since);
    const isOverdue = overdue === undefined || overdue.length > 0;
    return {
      json: {
        ...report,
        gauges: gaugesIn(report, config.targets.length),
        overdue: isOverdue,
        overdueTargets: overdue ?? null,
      },
      text: (paint) =>
        renderStatus(report, {
          paint,
          now,
          overdue: overdue ?? [],
          taskQueue: config.taskQueue,
          isDatabaseLeftOut: since !== undefined,
        }),
      hasFailed: since === undefined ? !isComplete(report) : isOverdue,
    };
  },
});

/** What the status as text depends on besides the report. */
interface StatusRendering {
  readonly paint: Paint;
  readonly now: Date;
  readonly taskQueue: string;
  /** Targets whose last success is older than `--max-age` allows. */
  readonly overdue: readonly string[];
  /** True when the database was skipped on purpose. */
  readonly isDatabaseLeftOut: boolean;
}

function renderStatus(report: StatusReport, rendering: StatusRendering): string {
  const { paint, taskQueue } = rendering;
  // Without a server all sections would repeat the same long error.
  const error = commonError(report);
  const fromTemporal =
    error === undefined
      ? [
          report.schedule.ok
            ? renderSchedule(report.schedule.content, rendering)
            : titled('Schedule', paint('bad', report.schedule.error), paint),
          section('Last success', report.lastSuccess, paint, (successes) =>
            successes.map((success) => renderSuccess(success, rendering)).join('\n'),
          ),
          section('Last runs', report.runs, paint, (runs) =>
            renderRuns(runs, paint, rendering.now),
          ),
          section('Workers', report.workers, paint, (workers) =>
            renderWorkers(workers, taskQueue, rendering),
          ),
        ]
      : [titled('Temporal', paint('bad', error), paint)];
  return [
    ...fromTemporal,
    ...(rendering.isDatabaseLeftOut ? [] : [renderDatabase(report, rendering)]),
  ].join('\n\n');
}

function renderDatabase({ targets }: StatusReport, { paint, now }: StatusRendering): string {
  const title = 'Expired rows';
  return targets === null
    ? titled(title, 'not read: DATABASE_URL is not set', paint)
    : section(title, targets, paint, (outcomes) => renderPreviews(outcomes, paint, now));
}

function section<Content>(
  title: string,
  part: Section<Content>,
  paint: Paint,
  render: (content: Content) => string,
): string {
  return titled(title, part.ok ? render(part.content) : paint('bad', part.error), paint);
}

function titled(title: string, text: string, paint: Paint): string {
  return `${paint('heading', title)}\n${indent(text)}`;
}

function commonError({ schedule, runs, workers }: StatusReport): string | undefined {
  if (schedule.ok || runs.ok || workers.ok) return undefined;
  return schedule.error === runs.error && runs.error === workers.error ? runs.error : undefined;
}

/** The last success of a target, and why a later run does not count. */
function renderSuccess(
  { target, success, passedOver }: TargetSuccess,
  { paint, now, overdue }: StatusRendering,
): string {
  const isLate = overdue.includes(target);
  const style = isLate || success === null ? 'bad' : 'good';
  const late = isLate ? ', longer ago than --max-age allows' : '';
  const line =
    success === null
      ? `${target}: ${paint(style, 'no success among the runs that Temporal retains')}`
      : `${target}: ${paint(style, `cleaned up to ${timeText(success.cutoff)}, ${distanceText(success.cutoff, now)}${late}`)} ` +
        paint('quiet', success.workflowId ?? 'by the ledger');
  if (passedOver === null) return line;
  return `${line}\n${indent(`${passedOver.workflowId} does not count: ${passedOver.reason}`)}`;
}

function renderWorkers(
  workers: readonly Poller[],
  taskQueue: string,
  { paint, now }: StatusRendering,
): string {
  const pairs = workers.map(({ identity, lastSeenAt, isPolling }): readonly [string, string] => {
    const seen = lastSeenAt === null ? '' : `last seen ${distanceText(lastSeenAt, now)}`;
    return [identity, isPolling ? paint('quiet', seen) : paint('warning', `silent, ${seen}`)];
  });
  const listed = renderPairs(pairs);
  if (workers.some(({ isPolling }) => isPolling)) return listed;
  const none = `none polls the task queue ${taskQueue}, so runs wait. Start one: session-cleanup worker`;
  return `${paint('warning', none)}\n${listed}`.trimEnd();
}
