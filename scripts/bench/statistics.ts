/** Figures from measurements. NaN stands for a figure that was not measured. */
import { RAW_SWEEP } from './contender.ts';
import type { Latencies, LatencyFigures, Measurement, Sample, Series } from './results.ts';

export type Figures = ReturnType<typeof summarize>;

/** Figures of all contenders, compared pair by pair: what slows the machine slows both runs of a pair. */
export function figuresOf(series: Series, baseline = series.baseline): readonly Figures[] {
  const contenders = new Set(series.measurements.map(({ contender }) => contender));
  return [...contenders].map((contender) => summarize(series, contender, baseline));
}

function summarize(series: Series, contender: string, baseline: string) {
  const runs = runsOf(series, contender);
  const over = (figure: (run: Measurement) => number | undefined): number =>
    median(runs.flatMap((run) => figure(run) ?? []));
  const ratios = ratiosTo(series, contender, baseline);
  const seconds = over((run) => run.seconds);
  return {
    ...series.setting,
    contender,
    runs: runs.length,
    seconds,
    /** To the baseline's run of the same pair. */
    ratio: median(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)],
    ratioToRawSweep: median(ratiosTo(series, contender, RAW_SWEEP)),
    rowsPerSecond: (runs[0]?.deleted ?? Number.NaN) / seconds,
    wal: over(({ wal }) => wal),
    processor: over(({ processor }) => processor),
    longest: over(({ latency }) => latency?.longest),
    p99: over(({ latency }) => latency?.p99),
    readP99: over(({ latency }) => latency?.readP99),
    /** Largest of a run. */
    memory: over(({ memory }) => memory && Math.max(...memory.map(([, bytes]) => bytes))),
  };
}

export function runsOf({ measurements }: Series, contender: string): readonly Measurement[] {
  return measurements.filter((measurement) => measurement.contender === contender);
}

export function latencyFigures({ renewal, read, insert }: Latencies): LatencyFigures {
  const reads = read.map(([, took]) => took);
  const all = [...reads, ...[...renewal, ...insert].map(([, took]) => took)];
  return { longest: quantile(all, 1), p99: quantile(all, 0.99), readP99: quantile(reads, 0.99) };
}

/** The largest sample of each interval: all that a plot can show. */
export function thinned(samples: readonly Sample[], milliseconds: number): readonly Sample[] {
  const intervals = Map.groupBy(samples, ([at]) => Math.floor(at / milliseconds));
  return [...intervals.values()].map((all) => all.reduce((a, b) => (b[1] > a[1] ? b : a)));
}

function ratiosTo(series: Series, contender: string, baseline: string): readonly number[] {
  const bases = new Map(runsOf(series, baseline).map(({ pair, seconds }) => [pair, seconds]));
  return runsOf(series, contender).map(
    ({ pair, seconds }) => seconds / (bases.get(pair) ?? Number.NaN),
  );
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value that `share` of all values do not exceed; NaN of none. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}
