/** The Grafana dashboard as code: `npm run docs` writes deploy/grafana/dashboard.json. */
import {
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
  type Dashboard,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** One line, or with labels one for each of their values. */
interface Query {
  readonly expr: string;
  readonly legend: string;
}

interface Panel {
  readonly title: string;
  readonly description?: string;
  readonly unit: string;
  readonly queries: readonly Query[];
}

/** What the variables of the dashboard select. */
const SELECTED = 'namespace=~"$namespace",taskQueue=~"$taskQueue"';
const TARGETS = `${SELECTED},target=~"$target|"`;
/** Targets of different installations may have the same name. */
const PER_QUEUE = 'namespace, taskQueue';
const PER_TARGET = `${PER_QUEUE}, target`;
const QUEUE_LEGEND = '{{taskQueue}} in {{namespace}}';
const TARGET_LEGEND = '{{target}} in {{namespace}}';
const perSecond = (metric: string, by = PER_TARGET): string =>
  `sum by (${by}) (rate(session_cleanup_${metric}{${TARGETS}}[$__rate_interval]))`;
const increase = (metric: string, window: string): string =>
  `sum by (${PER_TARGET}) (increase(session_cleanup_${metric}{${TARGETS}}[${window}]))`;
const gauge = (metric: string): string =>
  `max by (${PER_TARGET}) (session_cleanup_${metric}{${TARGETS}})`;
const gaugeOfSchedule = (metric: string): string =>
  `max by (${PER_QUEUE}) (session_cleanup_${metric}{${SELECTED}})`;
const quantile = (share: number, metric: string, window: string): string =>
  `histogram_quantile(${share}, sum by (le) (rate(session_cleanup_${metric}_bucket{${SELECTED}}[${window}])))`;
const quantiles = (metric: string, window: string): readonly Query[] => [
  { expr: quantile(0.5, metric, window), legend: 'half of them' },
  { expr: quantile(0.99, metric, window), legend: '99 %' },
];

/** Red from `bad` on. */
const STATS: readonly (Panel & { readonly bad: number })[] = [
  {
    title: 'Time since the last success',
    unit: 's',
    bad: 13 * 3_600,
    queries: [
      { expr: `time() - ${gauge('last_success_timestamp_seconds')}`, legend: TARGET_LEGEND },
    ],
  },
  {
    title: 'Expired rows',
    unit: 'short',
    bad: Number.MAX_SAFE_INTEGER,
    queries: [{ expr: gauge('expired_rows_estimate'), legend: TARGET_LEGEND }],
  },
  {
    title: 'Age of the oldest expired row',
    unit: 's',
    bad: 13 * 3_600,
    queries: [{ expr: gauge('oldest_expired_age_seconds'), legend: TARGET_LEGEND }],
  },
  {
    title: 'Rows deleted in 24 hours',
    unit: 'short',
    bad: Number.MAX_SAFE_INTEGER,
    queries: [{ expr: increase('rows_deleted_total', '24h'), legend: TARGET_LEGEND }],
  },
  {
    title: 'Schedule paused',
    unit: 'bool',
    bad: 1,
    queries: [{ expr: gaugeOfSchedule('schedule_paused'), legend: QUEUE_LEGEND }],
  },
  {
    title: 'Targets that wait for approval',
    unit: 'short',
    bad: 1,
    queries: [{ expr: gaugeOfSchedule('awaiting_approval'), legend: QUEUE_LEGEND }],
  },
];

const GRAPHS: readonly Panel[] = [
  {
    title: 'Rows deleted per second',
    description: 'Operational: the exact counts are in the ledger and in the results of runs.',
    unit: 'short',
    queries: [{ expr: perSecond('rows_deleted_total'), legend: TARGET_LEGEND }],
  },
  {
    title: 'Expired rows',
    unit: 'short',
    queries: [{ expr: gauge('expired_rows_estimate'), legend: TARGET_LEGEND }],
  },
  {
    title: 'Runs that ended, per hour',
    unit: 'short',
    queries: [
      {
        expr: `sum by (outcome) (increase(session_cleanup_runs_total{${SELECTED}}[1h]))`,
        legend: '{{outcome}}',
      },
    ],
  },
  {
    title: 'Failures per hour, by type',
    unit: 'short',
    queries: [
      {
        expr: `sum by (type) (increase(session_cleanup_failures_total{${SELECTED}}[1h])) > 0`,
        legend: '{{type}}',
      },
    ],
  },
  {
    title: 'Duration of a chunk',
    description: 'One deleting transaction; SESSION_CLEANUP_CHUNK_TIME is its aim.',
    unit: 's',
    queries: quantiles('chunk_duration_seconds', '$__rate_interval'),
  },
  {
    title: 'Duration of a slice, over a day',
    unit: 's',
    queries: quantiles('slice_duration_seconds', '24h'),
  },
  {
    title: 'Duration of a run, over a day',
    unit: 's',
    queries: quantiles('run_duration_seconds', '24h'),
  },
  {
    title: 'Chunks per second',
    unit: 'short',
    queries: [{ expr: perSecond('chunks_total'), legend: TARGET_LEGEND }],
  },
  {
    title: 'Share of time throttled, by reason',
    unit: 'percentunit',
    queries: [
      {
        expr: `${perSecond('wait_milliseconds_total', `${PER_TARGET}, reason`)} / 1000`,
        legend: `${TARGET_LEGEND}: {{reason}}`,
      },
    ],
  },
  {
    title: 'Rows left because of locks, per hour',
    unit: 'short',
    queries: [{ expr: increase('rows_skipped_locked_total', '1h'), legend: TARGET_LEGEND }],
  },
];

const SOURCE = { type: 'prometheus', uid: '${source}' } as const;

/** The dashboard, as Grafana imports it. */
export function buildDashboard(): Dashboard {
  const builder = new DashboardBuilder('session-cleanup')
    .uid('session-cleanup')
    .description('Clean-up of expired sessions. docs/monitoring.md explains the metrics.')
    .tags(['session-cleanup'])
    .time({ from: 'now-24h', to: 'now' })
    .refresh('1m')
    .timezone('browser')
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(new DatasourceVariableBuilder('source').label('Prometheus').type('prometheus'))
    .withVariable(valuesOf('namespace', 'session_cleanup_runs_total'))
    .withVariable(valuesOf('taskQueue', 'session_cleanup_runs_total'))
    .withVariable(valuesOf('target', 'session_cleanup_rows_deleted_total'));
  for (const panel of STATS) {
    const red = new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps([
      { value: null, color: 'green' },
      { value: panel.bad, color: 'red' },
    ]);
    builder.withPanel(withQueries(new StatBuilder().span(4).height(5).thresholds(red), panel));
  }
  for (const panel of GRAPHS) {
    builder.withPanel(withQueries(new TimeseriesBuilder().span(12).height(8).min(0), panel));
  }
  return builder.build();
}

function withQueries<Builder extends StatBuilder | TimeseriesBuilder>(
  builder: Builder,
  { title, description = '', unit, queries }: Panel,
): Builder {
  builder.title(title).description(description).unit(unit).datasource(SOURCE);
  for (const { expr, legend } of queries) {
    builder.withTarget(new DataqueryBuilder().expr(expr).legendFormat(legend).datasource(SOURCE));
  }
  return builder;
}

function valuesOf(label: string, metric: string): QueryVariableBuilder {
  return new QueryVariableBuilder(label)
    .datasource(SOURCE)
    .query(`label_values(${metric}, ${label})`)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .allValue('.*');
}
