import type { LastSuccess } from '../temporal/last-success.ts';
import type { Poller } from '../temporal/pollers.ts';
import { renderPreviews } from './preview-text.ts';
import type { Painter } from './rendering/painter.ts';
import { indent, renderPairs } from './rendering/table.ts';
import { distanceText } from './rendering/time-text.ts';
import { renderRuns } from './runs-text.ts';
import { renderSchedule } from './schedule-text.ts';
import type { Section, StatusReport } from './status-report.ts';

/** What the report is drawn with. */
export interface StatusRendering {
  readonly painter: Painter;
  readonly now: Date;
  readonly taskQueue: string;
  /** The last success is older than was asked for. */
  readonly overdue: boolean;
}

/** The whole status, section by section. */
export function renderStatus(report: StatusReport, rendering: StatusRendering): string {
  const { painter, now, taskQueue } = rendering;
  // Without a server all three would say the same at length.
  const error = commonError(report);
  const fromTemporal =
    error === undefined
      ? [
          report.schedule.ok
            ? renderSchedule(report.schedule.content, rendering)
            : failure('Schedule', report.schedule.error, painter),
          section('Last success', report.lastSuccess, painter, (success) =>
            renderSuccess(success, rendering),
          ),
          section('Last runs', report.runs, painter, (runs) => renderRuns(runs, rendering)),
          section('Workers', report.workers, painter, (workers) =>
            renderWorkers(workers, taskQueue, rendering),
          ),
        ]
      : [failure('Temporal', error, painter)];
  return [
    ...fromTemporal,
    section('Waiting in the database', report.targets, painter, (targets) =>
      renderPreviews(targets, painter, now),
    ),
  ].join('\n\n');
}

function section<Content>(
  title: string,
  part: Section<Content>,
  painter: Painter,
  render: (content: Content) => string,
): string {
  return part.ok
    ? [painter.heading(title), indent(render(part.content))].join('\n')
    : failure(title, part.error, painter);
}

function failure(title: string, error: string, painter: Painter): string {
  return [painter.heading(title), indent(painter.bad(error))].join('\n');
}

function commonError({ schedule, runs, workers }: StatusReport): string | undefined {
  if (schedule.ok || runs.ok || workers.ok) return undefined;
  return schedule.error === runs.error && runs.error === workers.error ? runs.error : undefined;
}

function renderSuccess(
  success: LastSuccess | null,
  { painter, now, overdue }: StatusRendering,
): string {
  const paint = overdue ? painter.bad : painter.good;
  if (success === null) return paint('none that Temporal remembers');
  const { workflowId, endedAt } = success;
  const late = overdue ? ', longer ago than it may be' : '';
  return `${paint(`${distanceText(endedAt, now)}${late}`)} ${painter.quiet(workflowId)}`;
}

function renderWorkers(
  workers: readonly Poller[],
  taskQueue: string,
  { painter, now }: StatusRendering,
): string {
  if (workers.length === 0) {
    return painter.warning(
      `none polls the task queue ${taskQueue}; runs wait for one. Start it: session-cleanup worker`,
    );
  }
  return renderPairs(
    workers.map(({ identity, lastSeenAt }) => [
      identity,
      lastSeenAt === null ? '' : painter.quiet(`asked for work ${distanceText(lastSeenAt, now)}`),
    ]),
  );
}
