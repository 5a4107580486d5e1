import { PRODUCT } from '../product.ts';
import type { Results } from '../results-file.ts';
import { runsOf } from '../statistics.ts';
import type { Plot } from './render-svg.ts';

/** Resident memory of the worker during its first run on each size of table. */
export function memoryOverTime({ series }: Results): Plot | undefined {
  const values = series
    .filter(({ case: name, setting }) => name === 'backlog' && setting.order === 'random')
    .flatMap((one) =>
      (runsOf(one, PRODUCT)[0]?.memory ?? []).map(([at, bytes]) => ({
        rows: `${String(one.setting.rows / 1e6)} M rows`,
        seconds: at / 1_000,
        megabytes: bytes / 1e6,
      })),
    );
  if (values.length === 0) return undefined;
  return {
    title: 'Memory of the worker while it cleans',
    width: 620,
    height: 220,
    data: { values },
    mark: { type: 'line' },
    encoding: {
      x: { field: 'seconds', type: 'quantitative', title: 'seconds since the trigger' },
      y: {
        field: 'megabytes',
        type: 'quantitative',
        title: 'resident memory, MB',
        scale: { zero: true },
      },
      color: {
        field: 'rows',
        title: null,
        sort: ['1 M rows', '5 M rows', '10 M rows'],
        scale: { range: ['#56b4e9', '#0072b2', '#003a5c'] },
      },
    },
  };
}
