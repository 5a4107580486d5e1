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
