import type { Results } from '../results-file.ts';
import { runsOf } from '../statistics.ts';
import { colourScale, type Plot } from './render-svg.ts';

/** A stall shorter than this is drawn as this long: the scale is logarithmic. Milliseconds. */
const SHORTEST = 0.2;

/** How long renewals took, over the time since the deletion began: one run of each contender. */
export function stallsOverTime({ series }: Results): Plot | undefined {
  const one = series.findLast(
    ({ case: name, setting }) => name === 'bystanders' && setting.order === 'random',
  );
  if (one === undefined) return undefined;
  const contenders = [...new Set(one.measurements.map(({ contender }) => contender))];
  const values = contenders.flatMap((contender) =>
    (runsOf(one, contender)[0]?.bystanding?.renewal ?? []).map(([at, took]) => ({
      contender,
      // When it ended: until then the renewal waited.
      seconds: (at + took) / 1_000,
      took: Math.max(took, SHORTEST),
    })),
  );
  return {
    title: `How long a renewal takes while ${String(one.setting.rows / 1e6)} M rows are cleaned`,
    data: { values },
    facet: { row: { field: 'contender', title: null, sort: contenders } },
    spec: {
      width: 620,
      height: 90,
      mark: { type: 'point', filled: true, size: 14, opacity: 0.7 },
      encoding: {
        x: { field: 'seconds', type: 'quantitative', title: 'seconds since the deletion began' },
        y: {
          field: 'took',
          type: 'quantitative',
          scale: { type: 'log', domain: [SHORTEST, 20_000], nice: false },
          axis: { values: [1, 10, 100, 1_000, 10_000] },
          title: 'ms',
        },
        color: { field: 'contender', legend: null, scale: colourScale(contenders) },
      },
    },
  };
}
