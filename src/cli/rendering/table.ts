import { stripVTControlCharacters } from 'node:util';

/** A column of a table. */
export interface Column {
  readonly title: string;
  /** Numbers are easier to compare when they end below each other. */
  readonly align?: 'left' | 'right';
}

const GAP = '  ';

/** Lays rows out below each other, without lines; blanks at the ends of lines are left out. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string {
  const lines = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, index) =>
    Math.max(...lines.map((line) => textWidth(line[index] ?? ''))),
  );
  return lines.map((line) => renderLine(columns, widths, line)).join('\n');
}

/** Lays out names and what they mean; the names of equal width. */
export function renderPairs(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...pairs.map(([name]) => textWidth(name)));
  return pairs
    .map(([name, value]) => `${pad(name, width, 'left')}${GAP}${value}`.trimEnd())
    .join('\n');
}

/** Moves every line to the right. */
export function indent(text: string, by = 2): string {
  return text.replaceAll(/^(?=.)/gm, ' '.repeat(by));
}

function renderLine(
  columns: readonly Column[],
  widths: readonly number[],
  line: readonly string[],
): string {
  return columns
    .map(({ align = 'left' }, index) => pad(line[index] ?? '', widths[index] ?? 0, align))
    .join(GAP)
    .trimEnd();
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const blanks = ' '.repeat(Math.max(0, width - textWidth(text)));
  return align === 'left' ? text + blanks : blanks + text;
}

/** Colours take no room. */
function textWidth(text: string): number {
  return stripVTControlCharacters(text).length;
}
