import type { Results } from '../results-file.ts';
import { figuresOf } from '../statistics.ts';
import { colourScale, type Plot } from './render-svg.ts';

/** Median time of each contender over the size of the table; one panel for each order of rows. */
export function timeOverSize({ series }: Results): Plot | undefined {
  const values = series
    .filter((one) => one.case === 'backlog')
    .flatMap((one) =>
      figuresOf(one).map(({ contender, seconds }) => ({
        contender,
        seconds,
        millions: one.setting.rows / 1e6,
        order: `${one.setting.order} order`,
      })),
    );
  if (values.length === 0) return undefined;
  return {
    title: 'Deleting the expired half of a table',
    data: { values },
    facet: { column: { field: 'order', title: null } },
    spec: {
      width: 300,
      height: 260,
      mark: { type: 'line', point: true },
      encoding: {
        x: { field: 'millions', type: 'quantitative', title: 'rows of the table, millions' },
        y: { field: 'seconds', type: 'quantitative', title: 'seconds, median' },
        color: {
          field: 'contender',
          title: null,
          scale: colourScale(['plain DELETE', 'raw sweep', 'session-cleanup']),
        },
      },
    },
  };
}
