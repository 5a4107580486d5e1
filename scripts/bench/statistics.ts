/** Medians and the like. */
import type { Bystanding, Felt, Measurement, Series } from './measurement.ts';

/** A contender's figures over all pairs. */
export interface Figures {
  readonly contender: string;
  /** Median; seconds. */
  readonly seconds: number;
  /** Median of the ratios to the baseline's run of the same pair; 1 for the baseline itself. */
  readonly ratio: number;
  /** Smallest and largest of those ratios. */
  readonly spread: readonly [number, number];
  /** Median; bytes. */
  readonly wal: number;
}

/** The value that `share` of all values do not exceed; NaN of none. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Figures of all contenders, compared pair by pair: what slows the machine slows both of a pair. */
export function figuresOf(series: Series, baseline = series.baseline): readonly Figures[] {
  const names = [...new Set(series.measurements.map(({ contender }) => contender))];
  const bases = new Map(runsOf(series, baseline).map(({ pair, seconds }) => [pair, seconds]));
  return names.map((contender) => {
    const runs = runsOf(series, contender);
    const ratios = runs.map(({ pair, seconds }) => seconds / (bases.get(pair) ?? Number.NaN));
    return {
      contender,
      seconds: median(runs.map(({ seconds }) => seconds)),
      ratio: median(ratios),
      spread: [Math.min(...ratios), Math.max(...ratios)],
      wal: median(runs.map(({ wal }) => wal)),
    };
  });
}

/** Sums up what the bystanders of one run felt. */
export function feltIn({ renewal, read, insert }: Bystanding): Felt {
  const took = [...renewal, ...read, ...insert].map(([, milliseconds]) => milliseconds);
  return {
    longest: quantile(took, 1),
    p99: quantile(took, 0.99),
    readP99: quantile(
      read.map(([, milliseconds]) => milliseconds),
      0.99,
    ),
  };
}

/** A contender's runs. */
export function runsOf({ measurements }: Series, contender: string): readonly Measurement[] {
  return measurements.filter((measurement) => measurement.contender === contender);
}
