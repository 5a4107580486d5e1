/** The plots of docs/benchmarks.md, drawn by Vega without a browser. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

import { PLAIN_DELETE, PRODUCT, RAW_SWEEP } from './contender.ts';
import { idBatches } from './contenders/sql.ts';
import type { Results, Series } from './results.ts';
import { figuresOf, runsOf } from './statistics.ts';

type Plot = TopLevelSpec & { readonly data: { readonly values: unknown[] } };

const PLOTS: Readonly<Record<string, (series: readonly Series[]) => Plot>> = {
  'time-over-size.svg': timeOverSize,
  'stalls-over-time.svg': stallsOverTime,
  'memory-over-time.svg': memoryOverTime,
  'time-of-other-ways.svg': timeOfOtherWays,
};

/** Draws every plot that the results have data for, and returns the files written. */
export async function drawPlots({ series }: Results, folder: string): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  const files: string[] = [];
  for (const [name, plotOf] of Object.entries(PLOTS)) {
    const plot = plotOf(series);
    if (plot.data.values.length === 0) continue;
    // White, so that it is readable on a dark page, too.
    const { spec } = compile({ background: '#ffffff', padding: 12, ...plot });
    const view = new View(parse(spec), { renderer: 'none' });
    const file = path.join(folder, name);
    await writeFile(file, `${await view.toSVG()}\n`);
    view.finalize();
    files.push(file);
  }
  return files;
}

/** The same colour for a contender in every plot, fit for colour-blind readers. */
function byContender(domain: string[]) {
  const contenders = [PLAIN_DELETE, RAW_SWEEP, PRODUCT, idBatches.name];
  const colours = ['#d55e00', '#999999', '#0072b2', '#cc79a7'];
  const range = domain.map((name) => colours[contenders.indexOf(name)] ?? '#000000');
  return { field: 'contender', scale: { domain, range } };
}

/** Median time of each contender over the size of the table; one panel for each order of rows. */
function timeOverSize(series: readonly Series[]): Plot {
  const values = ofCase(series, 'backlog').flatMap((one) =>
    figuresOf(one).map(({ contender, seconds }) => ({
      contender,
      seconds,
      millions: one.setting.rows / 1e6,
      order: `${one.setting.order} order`,
    })),
  );
  return {
    title: 'Deleting the expired half of a table',
    data: { values },
    facet: { column: { field: 'order', title: null } },
    spec: {
      width: 300,
      height: 260,
      mark: { type: 'line', point: true },
      encoding: {
        x: quantity('millions', 'rows of the table, millions'),
        y: quantity('seconds', 'seconds, median'),
        color: { title: null, ...byContender([PLAIN_DELETE, RAW_SWEEP, PRODUCT]) },
      },
    },
  };
}

/** A latency below this is drawn as this: the scale is logarithmic. Milliseconds. */
const SHORTEST = 0.2;

/** How long renewals take, over the time since the deletion began: the first run of each contender. */
function stallsOverTime(series: readonly Series[]): Plot {
  const one = ofCase(series, 'concurrent-clients').findLast(isRandom);
  const contenders = [...new Set(one?.measurements.map(({ contender }) => contender))];
  const values = contenders.flatMap((contender) =>
    ((one && runsOf(one, contender)[0]?.latencies?.renewal) ?? []).map(([at, took]) => ({
      contender,
      // When it ended.
      seconds: (at + took) / 1_000,
      took: Math.max(took, SHORTEST),
    })),
  );
  return {
    title: `How long a renewal takes while ${String((one?.setting.rows ?? 0) / 1e6)} M rows are cleaned`,
    data: { values },
    facet: { row: { field: 'contender', title: null, sort: contenders } },
    spec: {
      width: 620,
      height: 90,
      mark: { type: 'point', filled: true, size: 14, opacity: 0.7 },
      encoding: {
        x: quantity('seconds', 'seconds since the deletion began'),
        y: {
          ...quantity('took', 'ms'),
          scale: { type: 'log', domain: [SHORTEST, 20_000], nice: false },
          axis: { values: [1, 10, 100, 1_000, 10_000] },
        },
        color: { legend: null, ...byContender(contenders) },
      },
    },
  };
}

/** Resident memory of the worker during its first run on each size of table. */
function memoryOverTime(series: readonly Series[]): Plot {
  const values = ofCase(series, 'backlog')
    .filter(isRandom)
    .flatMap((one) =>
      (runsOf(one, PRODUCT)[0]?.memory ?? []).map(([at, bytes]) => ({
        rows: `${String(one.setting.rows / 1e6)} M rows`,
        seconds: at / 1_000,
        megabytes: bytes / 1e6,
      })),
    );
  return {
    title: 'Memory of the worker while it cleans',
    data: { values },
    width: 620,
    height: 220,
    mark: 'line',
    encoding: {
      x: quantity('seconds', 'seconds since the trigger'),
      y: { ...quantity('megabytes', 'resident memory, MB'), scale: { zero: true } },
      color: {
        field: 'rows',
        title: null,
        sort: ['1 M rows', '5 M rows', '10 M rows'],
        scale: { range: ['#56b4e9', '#0072b2', '#003a5c'] },
      },
    },
  };
}

/** How many times as long as the product each other way takes, on the table it is made for. */
function timeOfOtherWays(series: readonly Series[]): Plot {
  const values = ofCase(series, 'other-ways').flatMap((one) =>
    figuresOf(one, PRODUCT)
      .filter(({ contender }) => contender !== PRODUCT)
      .map(({ contender, ratio }) => ({ contender, ratio, order: `${one.setting.order} order` })),
  );
  return {
    title: 'Time of other ways, as a multiple of session-cleanup’s',
    data: { values },
    width: 460,
    height: { step: 16 },
    mark: 'bar',
    encoding: {
      y: { field: 'contender', title: null, sort: '-x' },
      yOffset: { field: 'order' },
      x: quantity('ratio', 'times as long as session-cleanup'),
      color: { field: 'order', title: null, scale: { range: ['#0072b2', '#56b4e9'] } },
    },
  };
}

function ofCase(series: readonly Series[], name: string): readonly Series[] {
  return series.filter((one) => one.case === name);
}

function quantity<Field, Title>(field: Field, title: Title) {
  return { field, title, type: 'quantitative' } as const;
}

function isRandom({ setting }: Series): boolean {
  return setting.order === 'random';
}
