import { COUNTERS, GAUGES, HISTOGRAMS, metricName } from '../../src/contract/metrics.ts';

const HISTOGRAM_NAMES = Object.keys(HISTOGRAMS).map((name) => `${metricName(name)}_seconds`);

/** The names of all series of our own, as Prometheus knows them. */
export const EXPORTED_NAMES: ReadonlySet<string> = new Set([
  ...Object.keys(COUNTERS).map((name) => `${metricName(name)}_total`),
  ...Object.keys(GAUGES).map(metricName),
  ...HISTOGRAM_NAMES.flatMap((name) => [name, `${name}_bucket`, `${name}_sum`, `${name}_count`]),
]);
