/** Results as text for a terminal. */
import { numberText } from '../../src/commands/rendering/number-text.ts';
import { renderTable } from '../../src/commands/rendering/table.ts';
import type { Felt, Series } from './measurement.ts';
import { figuresOf, median, runsOf } from './statistics.ts';

/** A table of medians and ratios, under a line that says of what. */
export function renderSeries(series: Series): string {
  const { setting } = series;
  const title =
    `${series.case}: ${numberText(setting.rows)} rows, ${String(setting.expired * 100)} % expired, ` +
    `${setting.order} order, table of ${setting.shape}`;
  const hasBystanders = series.measurements.some(({ felt }) => felt !== undefined);
  const hasMemory = series.measurements.some(({ memory }) => memory !== undefined);
  const table = renderTable(
    [
      { title: 'contender' },
      ...['seconds', 'ratio', 'from – to', 'rows/s', 'WAL MB'].map(right),
      ...(hasBystanders ? ['stall ms', 'p99 ms', 'read p99'].map(right) : []),
      ...(hasMemory ? [right('memory MB')] : []),
    ],
    figuresOf(series).map((figures) => [
      figures.contender,
      figures.seconds.toFixed(3),
      figures.ratio.toFixed(2),
      figures.spread.map((ratio) => ratio.toFixed(2)).join(' – '),
      numberText((setting.rows * setting.expired) / figures.seconds),
      (figures.wal / 1e6).toFixed(0),
      ...(hasBystanders ? bystanderCells(series, figures.contender) : []),
      ...(hasMemory ? [memoryCell(series, figures.contender)] : []),
    ]),
  );
  return `${title}\n${table}`;
}

/** What the bystanders felt; medians over the runs. */
function feltBeside(series: Series, contender: string): Felt {
  const felt = runsOf(series, contender).flatMap((run) => run.felt ?? []);
  return {
    longest: median(felt.map(({ longest }) => longest)),
    p99: median(felt.map(({ p99 }) => p99)),
    readP99: median(felt.map(({ readP99 }) => readP99)),
  };
}

/** The most memory of a run; median over the runs, bytes. NaN without samples. */
function memoryPeak(series: Series, contender: string): number {
  const peaks = runsOf(series, contender).flatMap(({ memory }) =>
    memory === undefined ? [] : [Math.max(...memory.map(([, bytes]) => bytes))],
  );
  return median(peaks);
}

function bystanderCells(series: Series, contender: string): string[] {
  const { longest, p99, readP99 } = feltBeside(series, contender);
  return [longest.toFixed(0), p99.toFixed(1), readP99.toFixed(1)];
}

function memoryCell(series: Series, contender: string): string {
  const peak = memoryPeak(series, contender);
  return Number.isNaN(peak) ? '–' : (peak / 1e6).toFixed(0);
}

function right(title: string): { readonly title: string; readonly align: 'right' } {
  return { title, align: 'right' };
}
