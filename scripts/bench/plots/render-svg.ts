/** From a plot's description to an SVG, without a browser. */
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

/** A plot in Vega-Lite's terms. */
export type Plot = TopLevelSpec;

/** Readable on a white page and on a dark one alike. */
const BACKGROUND = '#ffffff';

/** The same colour for the same contender in every plot; fit for colour-blind readers. */
const COLOURS: Readonly<Record<string, string>> = {
  'session-cleanup': '#0072b2',
  'plain DELETE': '#d55e00',
  'raw sweep': '#999999',
  'id in (… limit 1000)': '#cc79a7',
  'MikroORM find, remove, flush': '#e69f00',
  'connect-pg-simple': '#009e73',
  'Django clearsessions': '#56b4e9',
};

/** A colour scale for these contenders, in this order. */
export function colourScale(contenders: readonly string[]): {
  readonly domain: string[];
  readonly range: string[];
} {
  return {
    domain: [...contenders],
    range: contenders.map((contender) => COLOURS[contender] ?? '#000000'),
  };
}

/** Draws a plot. */
export async function renderSvg(plot: Plot): Promise<string> {
  const { spec } = compile({ background: BACKGROUND, padding: 12, ...plot });
  const view = new View(parse(spec), { renderer: 'none' });
  try {
    return `${await view.toSVG()}\n`;
  } finally {
    view.finalize();
  }
}
