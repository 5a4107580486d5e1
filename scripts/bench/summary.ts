/** Results as text for a terminal. */
import { numberText } from '../../src/commands/rendering/number-text.ts';
import { renderTable, type Column } from '../../src/commands/rendering/table.ts';
import type { Felt, Measurement, Series } from './measurement.ts';
import { RAW_SWEEP } from './rivals/raw-sweep.ts';
import { figuresOf, median, runsOf, type Figures } from './statistics.ts';

/** A table of medians and ratios, under a line that says of what. */
export function renderSeries(series: Series): string {
  const { setting } = series;
  const title =
    `${series.case}: ${numberText(setting.rows)} rows, ${percentText(setting.expired)} expired, ` +
    `${setting.order} order, table of ${setting.shape}`;
  return `${title}\n${renderTable(columnsOf([series]), rowsOf(series, columnsOf([series])))}`;
}

/** The columns that at least one of the series has something for. */
export function columnsOf(all: readonly Series[]): readonly FigureColumn[] {
  return COLUMNS.filter(
    ({ isFor }) => isFor === undefined || all.some((series) => series.measurements.some(isFor)),
  );
}

/** A row for each contender. */
export function rowsOf(series: Series, columns: readonly FigureColumn[]): readonly string[][] {
  return figuresOf(series).map((figures) => columns.map(({ cell }) => cell(series, figures)));
}

export function percentText(share: number): string {
  return `${String(Math.round(share * 1_000) / 10)} %`;
}

/** A column of figures, and how each is found. */
export interface FigureColumn extends Column {
  /** Which measurements have something to tell here; undefined: all. */
  readonly isFor?: (measurement: Measurement) => boolean;
  readonly cell: (series: Series, figures: Figures) => string;
}

const COLUMNS: readonly FigureColumn[] = [
  { title: 'contender', cell: (_, { contender }) => contender },
  { ...right('runs'), cell: (series, { contender }) => String(runsOf(series, contender).length) },
  { ...right('seconds'), cell: (_, { seconds }) => seconds.toFixed(3) },
  { ...right('ratio'), cell: (_, { ratio }) => ratio.toFixed(2) },
  {
    ...right('from – to'),
    cell: (_, { spread }) => spread.map((ratio) => ratio.toFixed(2)).join(' – '),
  },
  {
    ...right('to raw'),
    isFor: ({ contender }) => contender === RAW_SWEEP,
    cell: (series, { contender }) =>
      figuresOf(series, RAW_SWEEP)
        .find((figures) => figures.contender === contender)
        ?.ratio.toFixed(2) ?? '–',
  },
  {
    ...right('rows/s'),
    isFor: ({ deleted }) => deleted !== undefined && deleted > 0,
    cell: (series, { contender, seconds }) => {
      const [run] = runsOf(series, contender);
      return run?.deleted === undefined ? '–' : numberText(run.deleted / seconds);
    },
  },
  {
    ...right('WAL MB'),
    isFor: ({ wal }) => wal > 0,
    cell: (_, { wal }) => (wal / 1e6).toFixed(0),
  },
  {
    ...right('CPU s'),
    isFor: ({ processor }) => processor !== undefined,
    cell: (series, { contender }) => {
      const times = runsOf(series, contender).flatMap(({ processor }) => processor ?? []);
      return times.length === 0 ? '–' : median(times).toFixed(2);
    },
  },
  { ...right('stall ms'), isFor: isFelt, cell: feltCell('longest', 0) },
  { ...right('p99 ms'), isFor: isFelt, cell: feltCell('p99', 1) },
  { ...right('read p99'), isFor: isFelt, cell: feltCell('readP99', 1) },
  {
    ...right('memory MB'),
    isFor: ({ memory }) => memory !== undefined,
    cell: (series, { contender }) => {
      const peak = memoryPeak(series, contender);
      return Number.isNaN(peak) ? '–' : (peak / 1e6).toFixed(0);
    },
  },
];

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

function isFelt({ felt }: Measurement): boolean {
  return felt !== undefined;
}

function feltCell(key: keyof Felt, digits: number): FigureColumn['cell'] {
  return (series, { contender }) => feltBeside(series, contender)[key].toFixed(digits);
}

function right(title: string): Column {
  return { title, align: 'right' };
}
