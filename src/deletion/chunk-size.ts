/** Bounds of a chunk's size, in the unit of its way: blocks for the sweep, rows for the drain. */
export interface ChunkBounds {
  readonly initial: number;
  readonly smallest: number;
  readonly largest: number;
}

/** No step more than this, either way: one odd measurement must not swing the size. */
const LARGEST_STEP = 2;

/**
 * The size of the next chunk, from how long the last one took: proportional, so that it settles on
 * the time wanted, and bounded in each step and in all. It recovers by itself when the database
 * does.
 *
 * @param elapsed - of the last chunk, milliseconds
 * @param wanted - that each chunk should take, milliseconds
 */
export function nextChunkSize(
  size: number,
  elapsed: number,
  wanted: number,
  bounds: ChunkBounds,
): number {
  const factor = Math.min(Math.max(wanted / Math.max(elapsed, 1), 1 / LARGEST_STEP), LARGEST_STEP);
  const next = Math.round(size * factor);
  return Math.min(Math.max(next, bounds.smallest), bounds.largest);
}

/** A pace is kept by this many chunks a second or more, so that it is even. */
const CHUNKS_PER_SECOND_AT_PACE = 4;

/** Rows that one chunk may delete at a pace; undefined: without a pace, as many as fit into its time. */
export function mostRowsAt(rowsPerSecond: number | undefined): number | undefined {
  return rowsPerSecond && Math.max(Math.floor(rowsPerSecond / CHUNKS_PER_SECOND_AT_PACE), 1);
}
