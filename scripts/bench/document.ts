/** Puts the results into a document, so that its figures are those that were measured. */
import { readFile, writeFile } from 'node:fs/promises';

import { format, resolveConfig } from 'prettier';

import { numberText } from '../../src/commands/rendering/number-text.ts';
import type { Column } from '../../src/commands/rendering/table.ts';
import type { Series } from './measurement.ts';
import type { Results } from './results-file.ts';
import { columnsOf, percentText, rowsOf } from './summary.ts';

/** A place for a table: what stands between the two marks is replaced. */
const PLACE = /(<!-- measured: ([a-z-]+) -->)[^]*?(<!-- end -->)/g;

const SETTING: readonly Column[] = [
  { title: 'rows', align: 'right' },
  { title: 'expired', align: 'right' },
  { title: 'order' },
];

/** Fills a Markdown document's places with tables; one that has no results stays as it is. */
export async function fillTables({ series }: Results, file: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  const filled = text.replaceAll(PLACE, (place, begin: string, name: string, end: string) => {
    const ofCase = series.filter((one) => one.case === name).toSorted(bySetting);
    return ofCase.length === 0 ? place : `${begin}\n\n${tableOf(ofCase)}\n\n${end}`;
  });
  await writeFile(file, await format(filled, { ...(await resolveConfig(file)), filepath: file }));
}

function tableOf(ofCase: readonly Series[]): string {
  const columns = columnsOf(ofCase);
  return [
    line([...SETTING, ...columns].map(({ title }) => title)),
    line([...SETTING, ...columns].map(({ align }) => (align === 'right' ? '--:' : ':--'))),
    ...ofCase.flatMap((series) => {
      const { rows, expired, order, shape } = series.setting;
      const setting = [
        numberText(rows),
        percentText(expired),
        shape === 'sessions' ? order : `${order}, ${shape}`,
      ];
      return rowsOf(series, columns).map((cells) => line([...setting, ...cells]));
    }),
  ].join('\n');
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function bySetting({ setting: a }: Series, { setting: b }: Series): number {
  return (
    a.rows - b.rows ||
    b.order.localeCompare(a.order) ||
    a.expired - b.expired ||
    a.shape.localeCompare(b.shape)
  );
}
