/** Tables of the results, for a terminal and for a document. */
import { readFile, writeFile } from 'node:fs/promises';

import { format, resolveConfig } from 'prettier';

import { numberText } from '../../src/contract/text.ts';
import { renderTable, type Column } from '../../src/cli/rendering/table.ts';
import type { Results, Series } from './results.ts';
import { figuresOf, type Figures } from './statistics.ts';

/** A table of medians and ratios, under a line that names case and setting. */
export function renderSeries(series: Series): string {
  const { rows, expired, order, shape } = series.setting;
  const title =
    `${series.case}: ${numberText(rows)} rows, ${percentText(expired)} expired, ` +
    `${order} order, table of ${shape}`;
  const figures = figuresOf(series);
  const columns = columnsFor(figures);
  return `${title}\n${renderTable(columns, cellsOf(columns, figures))}`;
}

/** A place for a table: what stands between the two marks is replaced. */
const PLACE = /(<!-- measured: ([a-z-]+) -->)[^]*?(<!-- end -->)/g;

/** Fills a Markdown document's places with tables; a place without results stays as it is. */
export async function fillTables({ series }: Results, file: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  const filled = text.replaceAll(PLACE, (place, begin: string, name: string, end: string) => {
    const ofCase = series.filter((one) => one.case === name).toSorted(bySetting);
    return ofCase.length === 0 ? place : `${begin}\n\n${markdownTable(ofCase)}\n\n${end}`;
  });
  await writeFile(file, await format(filled, { ...(await resolveConfig(file)), filepath: file }));
}

function markdownTable(ofCase: readonly Series[]): string {
  const figures = ofCase.flatMap((series) => figuresOf(series));
  const columns = [...SETTING_COLUMNS, ...columnsFor(figures)];
  return [
    columns.map(({ title }) => title),
    columns.map(({ align }) => (align === 'right' ? '--:' : ':--')),
    ...cellsOf(columns, figures),
  ]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

function bySetting({ setting: a }: Series, { setting: b }: Series): number {
  return (
    a.rows - b.rows ||
    b.order.localeCompare(a.order) ||
    a.expired - b.expired ||
    a.shape.localeCompare(b.shape)
  );
}

interface FigureColumn extends Column {
  readonly cell: (figures: Figures) => string;
}

const SETTING_COLUMNS: readonly FigureColumn[] = [
  right('rows', ({ rows }) => numberText(rows)),
  right('expired', ({ expired }) => percentText(expired)),
  {
    title: 'order',
    cell: ({ order, shape }) => (shape === 'sessions' ? order : `${order}, ${shape}`),
  },
];

const NOT_MEASURED = '–';

const FIGURE_COLUMNS: readonly FigureColumn[] = [
  { title: 'contender', cell: ({ contender }) => contender },
  right('runs', ({ runs }) => String(runs)),
  right('seconds', ({ seconds }) => fixed(seconds, 3)),
  right('ratio', ({ ratio }) => fixed(ratio, 2)),
  right('from – to', ({ spread }) => spread.map((ratio) => fixed(ratio, 2)).join(' – ')),
  right('to raw', ({ ratioToRawSweep }) => fixed(ratioToRawSweep, 2)),
  right('rows/s', ({ rowsPerSecond }) =>
    rowsPerSecond > 0 ? numberText(rowsPerSecond) : NOT_MEASURED,
  ),
  right('WAL MB', ({ wal }) => (wal > 0 ? fixed(wal / 1e6, 0) : NOT_MEASURED)),
  right('CPU s', ({ processor }) => fixed(processor, 2)),
  right('stall ms', ({ longest }) => fixed(longest, 0)),
  right('p99 ms', ({ p99 }) => fixed(p99, 1)),
  right('read p99', ({ readP99 }) => fixed(readP99, 1)),
  right('memory MB', ({ memory }) => fixed(memory / 1e6, 0)),
];

/** The columns in which at least one contender has a figure. */
function columnsFor(figures: readonly Figures[]): readonly FigureColumn[] {
  return FIGURE_COLUMNS.filter(({ cell }) => figures.some((one) => cell(one) !== NOT_MEASURED));
}

function cellsOf(columns: readonly FigureColumn[], figures: readonly Figures[]): string[][] {
  return figures.map((one) => columns.map(({ cell }) => cell(one)));
}

function right(title: string, cell: FigureColumn['cell']): FigureColumn {
  return { title, align: 'right', cell };
}

function fixed(value: number, digits: number): string {
  return Number.isNaN(value) ? NOT_MEASURED : value.toFixed(digits);
}

function percentText(share: number): string {
  return `${String(Math.round(share * 1_000) / 10)} %`;
}
