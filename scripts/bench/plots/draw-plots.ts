/** Draws every plot that the results have something for. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import type { Results } from '../results-file.ts';
import { memoryOverTime } from './memory-over-time.ts';
import { renderSvg, type Plot } from './render-svg.ts';
import { stallsOverTime } from './stalls-over-time.ts';
import { timeOverSize } from './time-over-size.ts';
import { timeOfRivals } from './time-of-rivals.ts';

const PLOTS: Readonly<Record<string, (results: Results) => Plot | undefined>> = {
  'time-over-size.svg': timeOverSize,
  'stalls-over-time.svg': stallsOverTime,
  'memory-over-time.svg': memoryOverTime,
  'time-of-rivals.svg': timeOfRivals,
};

/** Writes the plots into a folder, and returns the files written. */
export async function drawPlots(results: Results, folder: string): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true });
  const files: string[] = [];
  for (const [name, plotOf] of Object.entries(PLOTS)) {
    const plot = plotOf(results);
    if (plot === undefined) continue;
    const file = path.join(folder, name);
    await writeFile(file, await renderSvg(plot));
    files.push(file);
  }
  return files;
}
