/** The metrics of workers, as data. docs/monitoring.md, the alert rules and the dashboard are checked against it. */
import type { MetricCounter, MetricGauge, MetricHistogram, MetricMeter } from '@temporalio/common';

/** What a metric means, and how it is exported. */
export interface MetricDefinition {
  readonly help: string;
  /** Beside those of the SDK: `namespace`, `taskQueue`, and `activityType` or `workflowType`. */
  readonly labels: readonly ('target' | 'outcome' | 'type' | 'reason')[];
  readonly unit?: 'seconds' | 'milliseconds';
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[];
}

type Definitions = Readonly<Record<string, MetricDefinition>>;

const TARGET = ['target'] as const;

/** Counters begin with 0 in each worker. The ledger is exact; these may count a repeated workflow task twice. */
export const COUNTERS = {
  rows_deleted: {
    labels: TARGET,
    help: 'Rows deleted, counted after each commit',
  },
  rows_skipped_locked: {
    labels: TARGET,
    help: 'Expired rows that a slice left because other sessions had locked them',
  },
  chunks: {
    labels: TARGET,
    help: 'Committed transactions that delete',
  },
  wait_milliseconds: {
    labels: ['target', 'reason'],
    unit: 'milliseconds',
    help: 'Time that slices were throttled, by reason',
  },
  failures: {
    labels: ['type'],
    help: 'Failed attempts, also those that are retried, and refused runs, by type of failure',
  },
  runs: {
    labels: ['outcome'],
    help: 'Ended runs: completed, failed or cancelled',
  },
} as const satisfies Definitions;

export const HISTOGRAMS = {
  chunk_duration: {
    labels: TARGET,
    unit: 'seconds',
    buckets: [0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1],
    help: 'Duration of one deleting transaction',
  },
  slice_duration: {
    labels: TARGET,
    unit: 'seconds',
    buckets: [0.1, 0.5, 1, 5, 15, 60, 150, 300, 600],
    help: 'Duration of one attempt at a slice that ended with a result, with its waits',
  },
  run_duration: {
    labels: [],
    unit: 'seconds',
    buckets: [1, 5, 15, 60, 300, 900, 3_600, 14_400, 43_200],
    help: 'Duration of a run, with pauses and waits for approval',
  },
} as const satisfies Definitions;

/** Gauges are read anew every minute by every worker, with very many targets less often. */
export const GAUGES = {
  last_success_timestamp_seconds: {
    labels: TARGET,
    unit: 'seconds',
    help: 'The latest cut-off up to which a target has been cleaned, as a Unix time',
  },
  oldest_expired_age_seconds: {
    labels: TARGET,
    unit: 'seconds',
    help: 'Time since the oldest expired row of a target expired, after its grace; 0: there is none',
  },
  expired_rows_estimate: {
    labels: TARGET,
    help: 'Expired rows of a target; an estimate where counting takes longer than a second',
  },
  schedule_paused: {
    labels: [],
    help: '1 while the schedule is paused',
  },
  awaiting_approval: {
    labels: [],
    help: 'Targets that wait for approval, in all running runs',
  },
} as const satisfies Definitions;

export type GaugeName = keyof typeof GAUGES;

/** With more targets, no metric has the label `target`: each of its values is a series of its own. */
const MOST_LABELLED_TARGETS = 50;

/** The label `target`, or none with many targets. */
export function targetLabel(name: string, targetCount: number): { readonly target?: string } {
  return targetCount > MOST_LABELLED_TARGETS ? {} : { target: name };
}

/** The name of a metric in the SDK, without the suffixes of Prometheus. */
export function metricName(name: string): string {
  return `session_cleanup_${name}`;
}

export function createCounter(meter: MetricMeter, name: keyof typeof COUNTERS): MetricCounter {
  const { unit, help }: MetricDefinition = COUNTERS[name];
  return meter.createCounter(metricName(name), unit, help);
}

export function createHistogram(
  meter: MetricMeter,
  name: keyof typeof HISTOGRAMS,
): MetricHistogram {
  const { unit, help } = HISTOGRAMS[name];
  return meter.createHistogram(metricName(name), 'float', unit, help);
}

export function createGauge(meter: MetricMeter, name: GaugeName): MetricGauge {
  const { unit, help }: MetricDefinition = GAUGES[name];
  return meter.createGauge(metricName(name), 'float', unit, help);
}
