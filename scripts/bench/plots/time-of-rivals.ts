import { PRODUCT } from '../product.ts';
import type { Results } from '../results-file.ts';
import { figuresOf } from '../statistics.ts';
import type { Plot } from './render-svg.ts';

/** How many times as long as the product each rival takes, on the table it is made for. */
export function timeOfRivals({ series }: Results): Plot | undefined {
  const values = series
    .filter(({ case: name }) => name === 'rivals')
    .flatMap((one) =>
      figuresOf(one, PRODUCT)
        .filter(({ contender }) => contender !== PRODUCT)
        .map(({ contender, ratio }) => ({
          contender,
          ratio,
          order: `${one.setting.order} order`,
        })),
    );
  if (values.length === 0) return undefined;
  return {
    title: 'Time of other ways, as a multiple of session-cleanup’s',
    width: 460,
    height: { step: 16 },
    data: { values },
    mark: { type: 'bar' },
    encoding: {
      y: { field: 'contender', title: null, sort: '-x' },
      yOffset: { field: 'order' },
      x: { field: 'ratio', type: 'quantitative', title: 'times as long as session-cleanup' },
      color: { field: 'order', title: null, scale: { range: ['#0072b2', '#56b4e9'] } },
    },
  };
}
