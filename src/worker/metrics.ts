/** The metrics of a worker: where they are exported, and those that the worker itself reads. */
import { lookup } from 'node:dns/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import type { MikroORM } from '@mikro-orm/postgresql';
import type { Client } from '@temporalio/client';
import { noopMetricMeter, type MetricMeter } from '@temporalio/common';
import { Runtime, type MetricsExporterConfig } from '@temporalio/worker';

import type { Config, OtlpSettings } from '../config/config.ts';
import { SETTINGS } from '../config/settings.ts';
import type { ListenAddress } from '../config/value-kinds.ts';
import { FAILURE, FAILURES_OF_WORKFLOW, RETRYABLE_FAILURE } from '../contract/failures.ts';
import {
  createCounter,
  createGauge,
  HISTOGRAMS,
  metricName,
  targetLabel,
} from '../contract/metrics.ts';
import { ACTIVITY_TYPE, WORKFLOW_TYPE } from '../contract/names.ts';
import { findCleanTargets } from '../deletion/ledger.ts';
import { previewTarget } from '../deletion/preview.ts';
import { findLastSuccesses, withLedger } from '../runs/last-success.ts';
import { listRunningRuns } from '../runs/recent-runs.ts';
import { describeSchedule } from '../schedule/schedule.ts';
import { ListenError, listenText } from './listen-error.ts';
import { gaugesOf } from './gauges.ts';

const HISTOGRAM_BUCKETS = Object.fromEntries(
  Object.entries(HISTOGRAMS).map(([name, { buckets }]) => [metricName(name), [...buckets]]),
);

/**
 * The SDK's options for the exporter; undefined: no metrics are exported, and no port is opened.
 *
 * @throws ListenError when the address's host is unknown
 */
export async function metricsExporter(
  address: ListenAddress | undefined,
  otlp: OtlpSettings | undefined,
): Promise<MetricsExporterConfig | undefined> {
  if (address !== undefined) {
    return {
      prometheus: {
        bindAddress: await socketAddress(address),
        countersTotalSuffix: true,
        unitSuffix: true,
        useSecondsForDurations: true,
        histogramBucketOverrides: HISTOGRAM_BUCKETS,
      },
    };
  }
  if (otlp === undefined) return undefined;
  const { url, isHttp, headers, intervalMilliseconds } = otlp;
  return {
    otel: {
      url,
      http: isHttp,
      headers: { ...headers },
      metricsExportInterval: intervalMilliseconds,
      useSecondsForDurations: true,
      histogramBucketOverrides: HISTOGRAM_BUCKETS,
    },
  };
}

/** The core understands no names. */
async function socketAddress(given: ListenAddress): Promise<string> {
  try {
    const { address } = await lookup(given.host);
    return listenText({ ...given, host: address });
  } catch {
    throw new ListenError(SETTINGS.metricsAddress.name, listenText(given), 'the host is unknown');
  }
}

/** What the gauges of a worker are read with. */
export interface ObservedWorker {
  readonly config: Pick<Config, 'targets' | 'taskQueue' | 'schedule'> & {
    readonly database: Pick<Config['database'], 'ledgerSchema'>;
  };
  readonly orm: MikroORM;
  readonly client: Client;
  readonly namespace: string;
}

/** Milliseconds. */
const READ_EVERY = 60_000;

/** With very many targets, reading them must not become the worker's main work. */
const PAUSE_FACTOR = 20;

/** Counting is an estimate from there on. Milliseconds. */
const COUNT_TIMEOUT = 1_000;

/**
 * Starts all counters, and keeps the gauges up to date until `stop` is aborted. Does nothing in a process whose runtime
 * exports no metrics.
 *
 * @param onError - called with what could not be read; its gauges keep their values
 */
export async function exportMetrics(
  observed: ObservedWorker,
  stop: AbortSignal,
  onError: (error: unknown) => void,
): Promise<void> {
  const { config, namespace } = observed;
  const { metricMeter } = Runtime.instance();
  if (metricMeter === noopMetricMeter) return;
  const meter = metricMeter.withTags({ namespace, taskQueue: config.taskQueue });
  startCounters(meter, config.targets);
  while (!stop.aborted) {
    const began = performance.now();
    // The runtime may have been closed meanwhile.
    await readGauges(observed, meter, onError).catch(onError);
    const pause = Math.max(READ_EVERY, (performance.now() - began) * PAUSE_FACTOR);
    await sleep(pause, undefined, { signal: stop, ref: false }).catch(() => undefined);
  }
}

/** Prometheus sees the first increment of a series only if it knows the value before it. */
function startCounters(meter: MetricMeter, targets: Config['targets']): void {
  const ofActivity = meter.withTags({ activityType: ACTIVITY_TYPE });
  for (const { name } of targets) {
    const labels = targetLabel(name, targets.length);
    for (const counter of ['rows_deleted', 'rows_skipped_locked', 'chunks'] as const) {
      createCounter(ofActivity, counter).add(0, labels);
    }
  }
  const attempts = createCounter(ofActivity, 'failures');
  for (const type of Object.values({ ...FAILURE, ...RETRYABLE_FAILURE })) attempts.add(0, { type });
  const ofWorkflow = meter.withTags({ workflowType: WORKFLOW_TYPE });
  const failures = createCounter(ofWorkflow, 'failures');
  for (const type of FAILURES_OF_WORKFLOW) failures.add(0, { type });
  const runs = createCounter(ofWorkflow, 'runs');
  for (const outcome of ['completed', 'failed', 'cancelled']) runs.add(0, { outcome });
}

async function readGauges(
  { config, orm, client }: ObservedWorker,
  meter: MetricMeter,
  onError: (error: unknown) => void,
): Promise<void> {
  const { targets, taskQueue, schedule, database } = config;
  const attempt = async <Value>(read: () => Promise<Value>): Promise<Value | undefined> => {
    try {
      return await read();
    } catch (error) {
      onError(error);
      return undefined;
    }
  };
  const since = new Date(Date.now() - 2 * schedule.intervalSeconds * 1_000);
  const names = targets.map(({ name }) => name);
  const sources = {
    schedule: await attempt(() => describeSchedule(client, schedule.scheduleId)),
    runs: await attempt(() => listRunningRuns(client, taskQueue)),
    lastSuccess: await attempt(async () => {
      const successes = await findLastSuccesses(client, { taskQueue, targets: names, since });
      const inLedger = await findCleanTargets(orm.em.fork(), database.ledgerSchema);
      return withLedger(successes, inLedger, targets);
    }),
    targets: [] as Awaited<ReturnType<typeof previewTarget>>[],
  };
  // One after the other: the gauges must not compete with the deletion for connections.
  for (const target of targets) {
    const found = await attempt(() =>
      previewTarget(orm, target, undefined, targets, COUNT_TIMEOUT),
    );
    if (found !== undefined) sources.targets.push(found);
  }
  for (const { name, value, ...labels } of gaugesOf(sources, targets.length))
    createGauge(meter, name).set(value, labels);
}
