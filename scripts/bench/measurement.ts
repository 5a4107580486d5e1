/** What the benchmark measures, as it stands in its JSON file. */
import type { RowOrder, TableShape } from './table-shape.ts';

/** What one way of deleting is tried on. */
export interface Setting {
  readonly shape: TableShape['name'];
  readonly rows: number;
  /** Share of the rows that has expired, 0 to 1. */
  readonly expired: number;
  readonly order: RowOrder;
}

/** One latency of a bystander: when it began after the deletion did, and how long it took. Milliseconds. */
export type Latency = readonly [at: number, took: number];

/** What those who used the table meanwhile felt. */
export type Bystanding = Readonly<Record<'renewal' | 'read' | 'insert', readonly Latency[]>>;

/** The same in figures, over all of a run's latencies. Milliseconds. */
export interface Felt {
  /** The longest of all. */
  readonly longest: number;
  /** 99 of 100 took no longer. */
  readonly p99: number;
  /** The same for reads alone. */
  readonly readP99: number;
}

/** A process's resident memory after so many milliseconds; bytes. */
export type MemorySample = readonly [at: number, bytes: number];

/** What a contender tells of its own run. */
export interface Outcome {
  /** Rows deleted; undefined when the contender does not tell. */
  readonly deleted?: number;
  /** As the run's result names them. */
  readonly way?: string;
  readonly waits?: readonly { readonly reason: string; readonly seconds: number }[];
}

/** One run of one contender. */
export interface Measurement extends Outcome {
  readonly contender: string;
  readonly pair: number;
  /** From the call, or the trigger, until it was done. */
  readonly seconds: number;
  /** Written to the WAL meanwhile; bytes. */
  readonly wal: number;
  /** Of PostgreSQL, Temporal and the contender's own process meanwhile; seconds. Only Linux tells. */
  readonly processor?: number;
  readonly felt?: Felt;
  readonly bystanding?: Bystanding;
  readonly memory?: readonly MemorySample[];
}

/** All runs of a case on one setting. */
export interface Series {
  readonly case: string;
  readonly setting: Setting;
  /** The contender that the others are compared with. */
  readonly baseline: string;
  readonly measurements: readonly Measurement[];
}
