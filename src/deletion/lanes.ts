import { isLockTimeout } from '../database/transaction.ts';
import type { LaneCheckpoint } from './checkpoint.ts';
import { deleteChunk, type ChunkOutcome, type SliceWork } from './chunk.ts';
import { deleteDependentsInBatches } from './dependent-batches.ts';
import type { LedgerEntry } from './ledger.ts';
import {
  addUp,
  entriesOf,
  type Refusal,
  type RetriedEntry,
  type StayingRows,
} from './remaining-rows.ts';
import { positionOn, type Route } from './route.ts';
import {
  afterRefusal,
  mostRowsAt,
  nextChunkSize,
  WorkQueue,
  type Claim,
  type RangeTask,
} from './work-queue.ts';

/** What the lanes share while they work through one route. */
export interface LaneWork extends SliceWork {
  readonly route: Route;
}

/** How the lanes ended. `indivisible`: more rows share one expiry than fit into a chunk. */
export interface LanesEnd {
  readonly kind: 'end-reached' | 'stopped' | 'indivisible';
  readonly position: string;
}

/** After a lock was met, this many chunks skip locked rows from the start. */
const CAUTIOUS_CHUNKS = 8;

/**
 * What is left is cut so that each lane gets this many ranges of it, but into none smaller than
 * this part of a chunk, since every transaction costs something of its own.
 */
const SHARES_PER_LANE = 2;
const SMALLEST_PART = 2;

/**
 * What bounds a chunk is how much it writes, and one that finds nothing writes nothing: the next one may be so
 * many times as large.
 */
const WHERE_NOTHING_IS = 4;

/**
 * Lets the lanes work through the route until its end or until they should stop. An error in one lane stops the
 * others after their chunk, and is thrown when all have stopped: no transaction is left open.
 */
export class Lanes {
  readonly #work: LaneWork;
  readonly #queue: WorkQueue;
  #size: number;
  #cautiousChunks = 0;
  #ended: LanesEnd['kind'] | undefined;
  readonly #atWork = new Map<LaneCheckpoint, Promise<void>>();
  /** Position of each lane's last commit. */
  readonly #committed = new Map<LaneCheckpoint, string>();
  readonly #errors: unknown[] = [];
  readonly #retryAt: string | undefined;

  /** @param retried - ranges with locked rows: these are visited again, after a pass that ended at `from` */
  constructor(work: LaneWork, from: string, retried?: readonly RetriedEntry[]) {
    this.#work = work;
    this.#queue = new WorkQueue(work.route, from, retried?.map(retryOf));
    this.#retryAt = retried && from;
    this.#size = Math.min(work.route.bounds.initial, this.#largest());
  }

  async untilEnd(): Promise<LanesEnd> {
    this.#startLanes();
    while (this.#atWork.size > 0) await Promise.all(this.#atWork.values());
    if (this.#errors.length > 0) throw this.#errors[0];
    return { kind: this.#ended ?? 'end-reached', position: this.#queue.position };
  }

  /** Starts those lanes that may work and do not. */
  #startLanes(): void {
    for (const checkpoint of this.#work.checkpoints.slice(0, this.#work.throttle.lanes)) {
      if (this.#atWork.has(checkpoint)) continue;
      const running = this.#run(checkpoint)
        .catch((error: unknown) => this.#errors.push(error))
        .then(() => void this.#atWork.delete(checkpoint));
      this.#atWork.set(checkpoint, running);
    }
  }

  async #run(checkpoint: LaneCheckpoint): Promise<void> {
    const { throttle } = this.#work;
    try {
      while (this.#ended === undefined) {
        await throttle.untilClear();
        if (this.#work.checkpoints.indexOf(checkpoint) >= throttle.lanes) return;
        if (this.#work.shouldStop()) {
          this.#ended = 'stopped';
          return;
        }
        const isRetry = this.#retryAt !== undefined;
        const size = isRetry ? Infinity : this.#nextSize();
        const expectedRows = isRetry ? 0 : this.#work.route.rowsIn(size);
        if (!throttle.reserve(expectedRows)) continue;
        let deletedCount = 0;
        try {
          const claim = await this.#claim(size);
          if (claim === null) return;
          this.#startLanes();
          if (claim !== 'locked') deletedCount = await this.#workOn(claim, checkpoint);
        } finally {
          throttle.spend(deletedCount, expectedRows);
        }
      }
    } catch (error) {
      this.#ended ??= 'stopped';
      throw error;
    }
  }

  /** The next range; cutting one reads the table, which another session may have locked. */
  async #claim(size: number): Promise<Claim | 'locked' | null> {
    const { em, settings, throttle } = this.#work;
    try {
      const lockMode = this.#cautiousChunks > 0 ? 'skip' : 'wait';
      const mostRows = mostRowsAt(settings.rowsPerSecond);
      const claim = await this.#queue.claim(em, { size, lockMode, mostRows });
      if (claim !== 'indivisible') return claim;
      this.#ended = 'indivisible';
      return null;
    } catch (error) {
      if (!isLockTimeout(error)) throw error;
      await throttle.untilUnlocked();
      return 'locked';
    }
  }

  /** The largest size of a chunk, so that the pace is even. */
  #largest(): number {
    const { route, settings } = this.#work;
    const mostRows = mostRowsAt(settings.rowsPerSecond);
    return mostRows === undefined ? Infinity : route.sizeOf(mostRows);
  }

  /** Smaller towards the end, so that no lane still has a large range when the others are done. */
  #nextSize(): number {
    const { remaining = Infinity } = this.#queue;
    const share = Math.ceil(remaining / (this.#work.settings.lanes * SHARES_PER_LANE));
    return Math.min(this.#size, Math.max(share, Math.ceil(this.#size / SMALLEST_PART)));
  }

  async #workOn(claim: Claim, checkpoint: LaneCheckpoint): Promise<number> {
    const { refusedRows } = this.#work;
    const began = performance.now();
    const outcome = await this.#delete(claim, checkpoint, began);
    if (outcome === 'stopped') {
      this.#queue.giveBack(claim, [claim]);
      return 0;
    }
    if ('kind' in outcome) {
      await this.#handle(outcome, claim, checkpoint, began);
      return 0;
    }
    this.#finish(claim, outcome.entry);
    if (outcome.deletedCount > 0) refusedRows.forget();
    this.#adapt(outcome, performance.now() - began);
    return outcome.deletedCount;
  }

  /**
   * A single row may have more dependents than fit into a chunk. These are deleted before it, though only once that is
   * certain: should the row turn out to stay, they would be gone.
   */
  async #delete(
    claim: Claim,
    checkpoint: LaneCheckpoint,
    began: number,
  ): Promise<ChunkOutcome | Refusal | 'stopped'> {
    const { route, expired } = this.#work;
    const deleteRange = async (task: RangeTask): Promise<ChunkOutcome | Refusal> =>
      await deleteChunk(this.#work, route, task, (staying) =>
        this.#entryFor(claim, checkpoint, began, staying),
      );
    const { dependents } = expired.target.children;
    const mayNotFit = claim.isSingle && claim.lockMode !== 'leave' && dependents.length > 0;
    const outcome = await deleteRange({ ...claim, isSingle: claim.isSingle && !mayNotFit });
    if (!mayNotFit || !('kind' in outcome) || outcome.kind !== 'slow') return outcome;
    const position = this.#retryAt ?? this.#queue.position;
    const ended = await deleteDependentsInBatches(this.#work, route, claim, (batchBegan) => {
      this.#committed.set(checkpoint, position);
      return {
        checkpoint,
        at: positionOn(route, position),
        remaining: checkpoint.remaining,
        workedMilliseconds: Math.round(performance.now() - batchBegan),
      };
    });
    return ended === 'few-left' ? await deleteRange(claim) : ended;
  }

  /** Gives a refused range back in another form, or counts its only row as one that stays. */
  async #handle(
    refusal: Refusal,
    claim: Claim,
    checkpoint: LaneCheckpoint,
    began: number,
  ): Promise<void> {
    const { em, route, ledger, throttle, refusedRows } = this.#work;
    // The next attempt may have cancelled it.
    if (refusal.kind === 'slow') await ledger.ensureCurrent(checkpoint);
    if (refusal.kind === 'locked') {
      if (await throttle.untilUnlocked()) {
        this.#queue.giveBack(claim, [claim]);
        return;
      }
      this.#cautiousChunks = CAUTIOUS_CHUNKS;
    } else {
      const length = Math.min(this.#size, route.lengthOf(claim.range) ?? this.#size);
      this.#size = Math.max(Math.floor(length / 2), route.bounds.smallest);
    }
    const instead = await afterRefusal(em, route, claim, refusal);
    if (instead === null) this.#ended = 'indivisible';
    else if (instead === 'remains') {
      const entry = this.#entryFor(claim, checkpoint, began, [refusedRows.count(refusal)]);
      await ledger.record([entry]);
      this.#finish(claim, entry);
    } else this.#queue.giveBack(claim, instead);
  }

  #finish(claim: Claim, { checkpoint, at }: LedgerEntry): void {
    this.#committed.set(checkpoint, at.position);
    this.#queue.finish(claim);
    this.#work.onChunk(this.#work.route, this.#retryAt ?? this.#queue.position);
  }

  /** Adapts the next chunks to the last one. */
  #adapt({ deletedCount, lockedCount }: ChunkOutcome, elapsed: number): void {
    const { route, settings, throttle } = this.#work;
    // Another session waits for our locks, or the chunk deleted more than the pace allows: as if it took longer.
    const contention = throttle.takeContention() ? 2 : 1;
    const isOverPace = deletedCount > (mostRowsAt(settings.rowsPerSecond) ?? Infinity);
    const effective = Math.max(
      elapsed * contention,
      isOverPace ? settings.chunkMilliseconds * 2 : 0,
    );
    const largest = route.bounds.largest * (deletedCount === 0 ? WHERE_NOTHING_IS : 1);
    const bounds = { ...route.bounds, largest: Math.min(largest, this.#largest()) };
    this.#size = nextChunkSize(this.#size, effective, settings.chunkMilliseconds, bounds);
    if (lockedCount > 0) this.#cautiousChunks = CAUTIOUS_CHUNKS;
    else if (this.#cautiousChunks > 0) this.#cautiousChunks -= 1;
  }

  /** What the lane's row holds once `claim` is committed. */
  #entryFor(
    claim: Claim,
    checkpoint: LaneCheckpoint,
    began: number,
    staying: readonly StayingRows[],
  ): LedgerEntry {
    const { route } = this.#work;
    const position = this.#retryAt ?? this.#queue.positionAfter(claim);
    const kept = checkpoint.remaining.filter(
      ({ from, to }) => to === undefined || from !== claim.retried?.from,
    );
    const added = entriesOf(staying, claim.range, kept);
    // Positions that the ledger may hold last if this attempt ends after this commit.
    const others = [...this.#atWork.keys()].filter((other) => other !== checkpoint);
    const positions = [position, ...others.map((other) => this.#committed.get(other) ?? '')];
    const isEmpty = checkpoint.remaining.length + added.length === 0;
    return {
      checkpoint,
      at: positionOn(route, position),
      remaining: isEmpty ? checkpoint.remaining : addUp([...kept, ...added], positions),
      workedMilliseconds: Math.round(performance.now() - began),
    };
  }
}

function retryOf(retried: RetriedEntry): RangeTask {
  const { from, to } = retried;
  return { range: { from, to }, lockMode: 'skip', isSingle: false, retried };
}
