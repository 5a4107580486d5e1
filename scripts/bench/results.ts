/** What the benchmark measures, and the JSON file that keeps it. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { POSTGRES_SETTINGS } from './servers.ts';
import type { RowOrder, ShapeName } from './table-shapes.ts';

/** The table that a series is measured on. */
export interface Setting {
  readonly shape: ShapeName;
  readonly rows: number;
  /** Share of the rows that has expired, 0 to 1. */
  readonly expired: number;
  readonly order: RowOrder;
}

/** A value at a time since the deletion began; milliseconds. */
export type Sample = readonly [at: number, value: number];

/** How long the statements of concurrent clients took, by what they do; milliseconds. */
export type Latencies = Readonly<Record<'renewal' | 'read' | 'insert', readonly Sample[]>>;

/** The same in figures; `readP99` is about the reads alone. */
export type LatencyFigures = Readonly<Record<'longest' | 'p99' | 'readP99', number>>;

/** What a contender reports of its own run. */
export interface Outcome {
  /** Rows deleted; undefined when the contender does not count. */
  readonly deleted?: number | undefined;
  /** As the run's result names them. */
  readonly way?: string | undefined;
  readonly waits?: readonly { readonly reason: string; readonly seconds: number }[] | undefined;
}

/** One run of one contender. */
export interface Measurement extends Outcome {
  readonly contender: string;
  readonly pair: number;
  readonly seconds: number;
  /** Bytes written to the WAL. */
  readonly wal: number;
  /** CPU time of PostgreSQL, Temporal and the contender's own process; seconds. Linux only. */
  readonly processor?: number | undefined;
  readonly latency?: LatencyFigures | undefined;
  readonly latencies?: Latencies | undefined;
  /** Resident memory of the contender's own process; bytes. */
  readonly memory?: readonly Sample[] | undefined;
}

/** All runs of a case on one setting. */
export interface Series {
  readonly case: string;
  readonly setting: Setting;
  /** The contender that the others are compared with. */
  readonly baseline: string;
  readonly measurements: readonly Measurement[];
}

export interface Results {
  readonly machine: Readonly<Record<string, unknown>>;
  readonly series: readonly Series[];
}

/** Reads the file; no series when there is none yet. */
export async function readResults(file: string): Promise<Results> {
  if (!existsSync(file)) return { machine: {}, series: [] };
  const content: Partial<Results> | null = JSON.parse(await readFile(file, 'utf8'));
  const { machine = {}, series } = content ?? {};
  if (Array.isArray(series)) return { machine, series };
  throw new Error(`${file}: not a results file of this benchmark. Name another file.`);
}

/** Adds a series to the file, in place of an older one of the same case and setting. */
export async function addSeries(file: string, added: Series, postgres: string): Promise<void> {
  const others = (await readResults(file)).series.filter((one) => keyOf(one) !== keyOf(added));
  const cpus = os.cpus();
  const machine = {
    measuredAt: new Date().toISOString(),
    cores: cpus.length,
    processor: cpus[0]?.model ?? 'unknown',
    memoryGigabytes: Math.round(os.totalmem() / 1e9),
    system: `${os.type()} ${os.release()}`,
    node: process.version,
    postgres,
    postgresSettings: POSTGRES_SETTINGS,
  };
  const results: Results = { machine, series: [...others, added] };
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(results, rounded, 1)}\n`);
}

function keyOf({ case: name, setting }: Series): string {
  return JSON.stringify([name, setting.shape, setting.rows, setting.expired, setting.order]);
}

/** Enough digits for seconds and milliseconds alike. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 10_000) / 10_000 : value;
}
