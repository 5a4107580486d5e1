import { stripVTControlCharacters } from 'node:util';

/** A column of a table. */
export interface Column {
  readonly title: string;
  /** Numbers are easier to compare when they are aligned to the right. */
  readonly align?: 'left' | 'right';
}

const GAP = '  ';

/** A table without lines; trailing blanks are removed. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string {
  const lines = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, index) =>
    Math.max(...lines.map((line) => textWidth(line[index] ?? ''))),
  );
  const renderLine = (line: readonly string[]): string =>
    columns
      .map(({ align }, index) => pad(line[index] ?? '', widths[index] ?? 0, align))
      .join(GAP)
      .trimEnd();
  return lines.map(renderLine).join('\n');
}

/** Names and their meanings in two columns. */
export function renderPairs(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...pairs.map(([name]) => textWidth(name)));
  return pairs.map(([name, value]) => `${pad(name, width)}${GAP}${value}`.trimEnd()).join('\n');
}

/** Indents every line that is not empty. */
export function indent(text: string, by = 2): string {
  return text.replaceAll(/^(?=.)/gm, ' '.repeat(by));
}

/** Parts of a block, from an eighth to the whole. */
const EIGHTHS = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'] as const;

/**
 * One bar for each value; the largest is `width` characters long. A value above zero always has a bar;
 * null, an unknown value, has none.
 */
export function renderBars(values: readonly (number | null)[], width: number): readonly string[] {
  const largest = Math.max(0, ...values.map((value) => value ?? 0));
  return values.map((value) => {
    if (value === null || value <= 0) return '';
    const eighths = Math.max(1, Math.round((value / largest) * width * EIGHTHS.length));
    const part = EIGHTHS[(eighths % EIGHTHS.length) - 1] ?? '';
    return '█'.repeat(Math.floor(eighths / EIGHTHS.length)) + part;
  });
}

/** The Markdown of a run's details as plain text: aligned tables, no marks and no escapes. */
export function markdownText(markdown: string): string {
  return markdown.replaceAll(/^\|.*(?:\n\|.*)*|^[^|\n].*/gm, (block) =>
    block.startsWith('|') ? tableText(block.split('\n')) : plain(block),
  );
}

function tableText(lines: readonly string[]): string {
  const [titles = [], marks = [], ...rows] = lines.map(cellsOf);
  const columns = titles.map((title, index) => ({
    title: plain(title),
    align: /^-+:$/.test(marks[index] ?? '') ? ('right' as const) : ('left' as const),
  }));
  return renderTable(
    columns,
    rows.map((row) => row.map(plain)),
  );
}

/** A bar within a cell is written `\|`. */
function cellsOf(line: string): readonly string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());
}

function plain(text: string): string {
  return text
    .replaceAll(/\\([\\|*_`<>[\]])|\*\*|`/g, '$1')
    .replaceAll('\u00A0', ' ')
    .trimEnd();
}

function pad(text: string, width: number, align: Column['align'] = 'left'): string {
  const blanks = ' '.repeat(Math.max(0, width - textWidth(text)));
  return align === 'left' ? text + blanks : blanks + text;
}

/** Escape sequences for colours have no width. */
function textWidth(text: string): number {
  return stripVTControlCharacters(text).length;
}
