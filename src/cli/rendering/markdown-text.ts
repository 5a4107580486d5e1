import { renderTable } from './table.ts';

/**
 * The Markdown that runs describe themselves in, as plain text: tables with aligned columns, without
 * marks and escapes.
 */
export function markdownText(markdown: string): string {
  const blocks: string[] = [];
  let table: string[] = [];
  const endTable = (): void => {
    if (table.length > 0) blocks.push(tableText(table));
    table = [];
  };
  for (const line of markdown.split('\n')) {
    if (line.startsWith('|')) {
      table.push(line);
    } else {
      endTable();
      blocks.push(plain(line));
    }
  }
  endTable();
  return blocks.join('\n');
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
  return text.replaceAll(/\\([\\|*_`<>[\]])|\*\*|`/g, '$1').trimEnd();
}
