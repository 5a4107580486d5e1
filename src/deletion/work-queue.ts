import type { EntityManager } from '@mikro-orm/postgresql';
import type { ChunkBounds, Piece, Range, Route } from './route.ts';
import type { Refusal, RetriedEntry } from './remaining-rows.ts';

/** A range that a lane is working on, or that waits to be taken up again. */
export interface Claim extends RangeTask {
  readonly taken: boolean;
}

/** What a lane wants to take. */
export interface Wanted {
  /** In the unit of the route. */
  readonly size: number;
  readonly lockMode: LockMode;
  /** Rows that a chunk may delete; left out: as many as the route takes. */
  readonly mostRows?: number | undefined;
}

/**
 * Distributes one route to lanes: a free lane takes the next range, so that none idles
 * while another still has half the table before it.
 *
 * It also knows how far *everybody* has come. That point, not a lane's own, is what the ledger
 * keeps: a lane may be killed within a range that lies behind what others have finished.
 */
export class WorkQueue {
  readonly #route: Route;
  /** Claimed or given back, and not yet finished, in the order of the route. */
  readonly #open: Claim[];
  #cursor: string;
  /** True when the route has no further range; those given back are still to be done. */
  #isCutUp: boolean;
  #cutting: Promise<unknown> = Promise.resolve();

  /** @param tasks - the only ranges to be claimed; left out: all of the route from `from` */
  constructor(route: Route, from: string, tasks?: readonly RangeTask[]) {
    this.#route = route;
    this.#cursor = from;
    this.#isCutUp = tasks !== undefined;
    this.#open = (tasks ?? []).map((task) => ({ ...task, taken: false }));
  }

  /** Where a next attempt may continue: everything before it has been visited. */
  get position(): string {
    return this.#open[0]?.range.from ?? this.#cursor;
  }

  /** The same once `claim` is committed. */
  positionAfter(claim: Claim): string {
    return this.#open.find((other) => other !== claim)?.range.from ?? this.#cursor;
  }

  /** What is unclaimed, in the unit of a chunk's size; undefined: unknown. */
  get remaining(): number | undefined {
    return this.#route.remaining(this.#cursor);
  }

  /**
   * Takes the next range, of about `size`; null when none is left to begin. `indivisible`: more than
   * `mostRows` share one expiry.
   */
  async claim(em: EntityManager, wanted: Wanted): Promise<Claim | 'indivisible' | null> {
    // One at a time: the next range begins where this one ends.
    const claim = this.#cutting.then(
      async () => (await this.#claimReturned(em, wanted)) ?? (await this.#claimNew(em, wanted)),
    );
    this.#cutting = claim.catch(() => undefined);
    return await claim;
  }

  /** One that was given back, or as much of it as a chunk takes by now. */
  async #claimReturned(em: EntityManager, { size }: Wanted): Promise<Claim | undefined> {
    const returned = this.#open.find((open) => !open.taken);
    if (returned === undefined) return undefined;
    const head = await this.#route.head(em, returned.range, size);
    const { range } = returned;
    const claim = { ...returned, ...(head === null ? {} : claimOf(head)), taken: true };
    const rest =
      head === null || head.to === range.to
        ? []
        : [{ ...returned, range: { from: head.to, to: range.to } }];
    this.#open.splice(this.#open.indexOf(returned), 1, claim, ...rest);
    return claim;
  }

  async #claimNew(em: EntityManager, wanted: Wanted): Promise<Claim | 'indivisible' | null> {
    if (this.#isCutUp) return null;
    const { size, lockMode, mostRows } = wanted;
    const piece = await this.#route.cut(em, this.#cursor, size, mostRows);
    if (piece === 'indivisible') return piece;
    this.#isCutUp = piece === null;
    if (piece === null) return null;
    this.#cursor = piece.to;
    const claim: Claim = { ...claimOf(piece), lockMode, taken: true };
    this.#open.push(claim);
    return claim;
  }

  /** To be called when the range has been committed. */
  finish(claim: Claim): void {
    this.giveBack(claim, []);
  }

  /** Gives a range back, in other pieces or for other treatment, for any lane to take up. */
  giveBack(claim: Claim, instead: readonly RangeTask[]): void {
    const returned = instead.map((task) => ({ ...task, taken: false }));
    this.#open.splice(this.#open.indexOf(claim), 1, ...returned);
  }
}

function claimOf({ from, to, isSingle }: Piece): Pick<Claim, 'range' | 'isSingle'> {
  return { range: { from, to }, isSingle: isSingle === true };
}

/**
 * How a range is to meet rows that others hold: wait a moment for them, step around them, or leave
 * all of it alone and only count.
 */
export type LockMode = 'wait' | 'skip' | 'leave';

/** A range of the route, and how to treat it after what happened there before. */
export interface RangeTask {
  readonly range: Range;
  readonly lockMode: LockMode;
  /** True: the statement may take long, since the range holds one row and cannot be made smaller. */
  readonly isSingle: boolean;
  /** The entry for locked rows that this visit replaces. */
  readonly retried?: RetriedEntry;
}

/**
 * What to try next with a refused range: first to step around the lock, then smaller pieces, down to a
 * single row: a slow one gets more time, a locked one is left. (Stepping around locks can still meet one: that of a row
 * which the deletion cascades to.)
 *
 * `remains`: the range is a single row that cannot be deleted. Null: the way is wrong for this range, more
 * rows share one expiry than fit into a chunk.
 */
export async function afterRefusal(
  em: EntityManager,
  route: Route,
  task: RangeTask,
  { kind }: Refusal,
): Promise<readonly RangeTask[] | 'remains' | null> {
  if (kind === 'locked' && task.lockMode === 'wait') return [{ ...task, lockMode: 'skip' }];
  const pieces = task.isSingle ? 'single' : await route.divide(em, task.range);
  if (pieces !== 'single' && pieces !== null) {
    return pieces.map(({ isSingle, ...range }, index) => ({
      lockMode: task.lockMode,
      range,
      isSingle: isSingle === true,
      ...(index === 0 && task.retried !== undefined ? { retried: task.retried } : {}),
    }));
  }
  if (kind === 'locked') return [{ ...task, lockMode: 'leave' }];
  if (pieces === null) return null;
  return kind === 'slow' && !task.isSingle ? [{ ...task, isSingle: true }] : 'remains';
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
