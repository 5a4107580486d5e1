/** The benchmark's results as a JSON file that can be added to. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import type { Bystanding, Latency, Measurement, MemorySample, Series } from './measurement.ts';
import { POSTGRES_SETTINGS } from './servers.ts';

/** What the file holds. */
export interface Results {
  readonly machine: Readonly<Record<string, unknown>>;
  readonly series: readonly Series[];
}

/** A latency above this is worth a point of its own in a plot; of the others the longest of each bin. Milliseconds. */
const BIN = 25;
const MEMORY_BIN = 250;

/** Reads the file; no series when there is none yet. */
export async function readResults(file: string): Promise<Results> {
  if (!existsSync(file)) return { machine: {}, series: [] };
  const content: unknown = JSON.parse(await readFile(file, 'utf8'));
  if (isResults(content)) return content;
  throw new Error(`${file} holds no results of this benchmark. Name another file.`);
}

/** Adds a series to the file, in place of an older one of the same case and setting. */
export async function addSeries(file: string, added: Series, server: string): Promise<void> {
  const { series } = await readResults(file);
  const key = keyOf(added);
  const results: Results = {
    machine: describeMachine(server),
    series: [...series.filter((other) => keyOf(other) !== key), thinned(added)],
  };
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(results, rounded, 1)}\n`);
}

function keyOf({ case: name, setting }: Series): string {
  return JSON.stringify([name, setting.shape, setting.rows, setting.expired, setting.order]);
}

function describeMachine(server: string): Results['machine'] {
  const cpus = os.cpus();
  return {
    measuredAt: new Date().toISOString(),
    cores: cpus.length,
    processor: cpus[0]?.model ?? 'unknown',
    memoryGigabytes: Math.round(os.totalmem() / 1e9),
    system: `${os.type()} ${os.release()}`,
    node: process.version,
    postgres: server,
    postgresSettings: POSTGRES_SETTINGS,
  };
}

/** Only the first run of a contender keeps its samples, and no more of them than a plot can show. */
function thinned(series: Series): Series {
  return {
    ...series,
    measurements: series.measurements.map((measurement): Measurement => {
      const { bystanding, memory, ...rest } = measurement;
      return {
        ...rest,
        ...(bystanding === undefined ? {} : { bystanding: thinnedBystanding(bystanding) }),
        ...(memory === undefined ? {} : { memory: longestOfEachBin(memory, MEMORY_BIN) }),
      };
    }),
  };
}

function thinnedBystanding(bystanding: Bystanding): Bystanding {
  return {
    renewal: longestOfEachBin(bystanding.renewal, BIN),
    read: longestOfEachBin(bystanding.read, BIN),
    insert: longestOfEachBin(bystanding.insert, BIN),
  };
}

function longestOfEachBin<Sample extends Latency | MemorySample>(
  samples: readonly Sample[],
  bin: number,
): readonly Sample[] {
  const longest = new Map<number, Sample>();
  for (const sample of samples) {
    const index = Math.floor(sample[0] / bin);
    if (sample[1] > (longest.get(index)?.[1] ?? -1)) longest.set(index, sample);
  }
  return [...longest.values()];
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value)
    ? Math.round(value * 10_000) / 10_000
    : value;
}

function isResults(value: unknown): value is Results {
  return (
    typeof value === 'object' && value !== null && 'series' in value && Array.isArray(value.series)
  );
}
