import type { Poller } from '../../checks/pollers.ts';
import { distanceText, timeText } from '../../contract/text.ts';
import type { TargetSuccess } from '../../runs/last-success.ts';
import { renderPreviews } from '../preview.ts';
import { indent, renderPairs } from '../rendering/table.ts';
import type { Paint } from '../rendering/terminal.ts';
import { renderRuns } from '../run/list.ts';
import { renderSchedule } from '../schedule/text.ts';
import type { Section, StatusReport } from './report.ts';

/** What the status as text depends on besides the report. */
export interface StatusRendering {
  readonly paint: Paint;
  readonly now: Date;
  readonly taskQueue: string;
  /** Targets whose last success is older than `--max-age` allows. */
  readonly overdue: readonly string[];
  /** True when the database was skipped on purpose. */
  readonly isDatabaseLeftOut: boolean;
}

/** The whole status, section by section. */
export function renderStatus(report: StatusReport, rendering: StatusRendering): string {
  const { paint, taskQueue } = rendering;
  // Without a server all sections would repeat the same long error.
  const error = commonError(report);
  const fromTemporal =
    error === undefined
      ? [
          report.schedule.ok
            ? renderSchedule(report.schedule.content, rendering)
            : failure('Schedule', report.schedule.error, paint),
          section('Last success', report.lastSuccess, paint, (successes) =>
            successes.map((success) => renderSuccess(success, rendering)).join('\n'),
          ),
          section('Last runs', report.runs, paint, (runs) => renderRuns(runs, rendering)),
          section('Workers', report.workers, paint, (workers) =>
            renderWorkers(workers, taskQueue, rendering),
          ),
        ]
      : [failure('Temporal', error, paint)];
  return [
    ...fromTemporal,
    ...(rendering.isDatabaseLeftOut ? [] : [renderDatabase(report, rendering)]),
  ].join('\n\n');
}

function renderDatabase({ targets }: StatusReport, { paint, now }: StatusRendering): string {
  const title = 'Expired rows';
  return targets === null
    ? [paint('heading', title), indent('not read: DATABASE_URL is not set')].join('\n')
    : section(title, targets, paint, (outcomes) => renderPreviews(outcomes, paint, now));
}

function section<Content>(
  title: string,
  part: Section<Content>,
  paint: Paint,
  render: (content: Content) => string,
): string {
  return part.ok
    ? [paint('heading', title), indent(render(part.content))].join('\n')
    : failure(title, part.error, paint);
}

function failure(title: string, error: string, paint: Paint): string {
  return [paint('heading', title), indent(paint('bad', error))].join('\n');
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
        paint('quiet', success.workflowId);
  if (passedOver === null) return line;
  return `${line}\n${indent(`${passedOver.workflowId} does not count: ${passedOver.reason}`)}`;
}

function renderWorkers(
  workers: readonly Poller[],
  taskQueue: string,
  { paint, now }: StatusRendering,
): string {
  const pairs = workers.map(({ identity, lastSeenAt, isPolling }) => {
    const seen = lastSeenAt === null ? '' : `last seen ${distanceText(lastSeenAt, now)}`;
    return [
      identity,
      isPolling ? paint('quiet', seen) : paint('warning', `silent, ${seen}`),
    ] as const;
  });
  const none = workers.some(({ isPolling }) => isPolling)
    ? []
    : [
        paint(
          'warning',
          `none polls the task queue ${taskQueue}, so runs wait. Start one: session-cleanup worker`,
        ),
      ];
  return [...none, ...(pairs.length === 0 ? [] : [renderPairs(pairs)])].join('\n');
}
