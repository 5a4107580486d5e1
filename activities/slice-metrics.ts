import type { ApplicationFailure, Context } from '@temporalio/activity';
import { createCounter, createHistogram } from '../src/contract/metrics.ts';
import type { WaitReason } from '../src/contract/slice.ts';

type Meter = Context['metricMeter'];

/** Counts what one attempt at a slice does; times are milliseconds. */
export interface SliceMetrics {
  readonly onCommit: (deletedCount: number, milliseconds: number) => void;
  readonly onWaited: (reason: WaitReason, milliseconds: number) => void;
  /** To be called for an attempt that has a result. */
  readonly onEnd: (skippedLocked: number, milliseconds: number) => void;
}

export function createSliceMetrics(
  meter: Meter,
  labels: { readonly target?: string },
): SliceMetrics {
  const rows = createCounter(meter, 'rows_deleted');
  const chunks = createCounter(meter, 'chunks');
  const chunkDuration = createHistogram(meter, 'chunk_duration');
  const waits = createCounter(meter, 'wait_milliseconds');
  return {
    onCommit(deletedCount, milliseconds) {
      rows.add(deletedCount, labels);
      chunks.add(1, labels);
      chunkDuration.record(milliseconds / 1_000, labels);
    },
    onWaited(reason, milliseconds) {
      waits.add(Math.round(milliseconds), { ...labels, reason });
    },
    onEnd(skippedLocked, milliseconds) {
      createCounter(meter, 'rows_skipped_locked').add(skippedLocked, labels);
      createHistogram(meter, 'slice_duration').record(milliseconds / 1_000, labels);
    },
  };
}

export function countFailure(meter: Meter, { type }: ApplicationFailure): void {
  createCounter(meter, 'failures').add(1, { type: type ?? 'Unexpected' });
}
