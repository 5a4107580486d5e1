import { isLockTimeout } from '../database/transaction.ts';
import { type ChunkCounts, deleteChunk } from './chunk.ts';
import {
  type ChunkEntry,
  type LaneCheckpoint,
  type SlicePosition,
  applyEntry,
} from './checkpoint.ts';
import { recordEntry } from './ledger.ts';
import { type RemainingEntry, addRemaining } from './remaining-rows.ts';
import { remember } from './locked-rows.ts';
import type { LaneWork, LanesEnd } from './delete-slice.ts';
import {
  type Claim,
  type Refusal,
  WorkQueue,
  afterRefusal,
  mostRowsAt,
  nextChunkSize,
} from './work-queue.ts';

/** After a lock was met, this many chunks step around locks from the start; more if it goes on. */
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
 * Lets the lanes work through the route until its end or until told to stop. An error in one lane stops the
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

  constructor(work: LaneWork, from: string) {
    this.#work = work;
    this.#queue = new WorkQueue(work.route, from);
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
        if (checkpoint.lane >= throttle.lanes) return;
        if (this.#work.shouldStop()) {
          this.#ended = 'stopped';
          return;
        }
        const size = this.#nextSize();
        const expectedRows = this.#work.route.rowsIn(size);
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

  /** The next range; cutting one reads the table, which somebody may hold as a whole. */
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
    const { route, onChunk } = this.#work;
    const began = performance.now();
    const outcome = await this.#commit(claim, checkpoint, began);
    if ('kind' in outcome) {
      await this.#treat(claim, checkpoint, outcome, began);
      return 0;
    }
    this.#queue.finish(claim);
    if (outcome.deletedCount > 0) this.#work.refusedRows.forget();
    this.#adapt(outcome, performance.now() - began);
    onChunk(route, this.#queue.position);
    return outcome.deletedCount;
  }

  /** Gives a refused range back in another form, or counts its only row as one that stays. */
  async #treat(
    claim: Claim,
    checkpoint: LaneCheckpoint,
    refusal: Refusal,
    began: number,
  ): Promise<void> {
    const { em, route, ledger, throttle, refusedRows, onChunk } = this.#work;
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
      const at = this.#positionAfter(claim);
      await recordEntry(this.#work, checkpoint, entry, at);
      this.#committed.set(checkpoint, at.position);
      this.#queue.finish(claim);
      onChunk(route, this.#queue.position);
    } else this.#queue.giveBack(claim, instead);
  }

  /** Lets the next chunks be what the last one teaches. */
  #adapt({ deletedCount, lockedCount }: ChunkCounts, elapsed: number): void {
    const { route, settings, throttle } = this.#work;
    // Somebody waits for our locks, or the chunk deleted more than the pace allows: as if it took longer.
    const contention = throttle.takeContention() ? 2 : 1;
    const isOverPace = deletedCount > (mostRowsAt(settings.rowsPerSecond) ?? Infinity);
    const felt = Math.max(elapsed * contention, isOverPace ? settings.chunkMilliseconds * 2 : 0);
    const largest = route.bounds.largest * (deletedCount === 0 ? WHERE_NOTHING_IS : 1);
    const bounds = { ...route.bounds, largest: Math.min(largest, this.#largest()) };
    this.#size = nextChunkSize(this.#size, felt, settings.chunkMilliseconds, bounds);
    if (lockedCount > 0) this.#cautiousChunks = CAUTIOUS_CHUNKS;
    else if (this.#cautiousChunks > 0) this.#cautiousChunks -= 1;
  }

  async #commit(
    claim: Claim,
    checkpoint: LaneCheckpoint,
    began: number,
  ): Promise<ChunkCounts | Refusal> {
    const { ledger, route, keptBy } = this.#work;
    let entry: ChunkEntry | undefined;
    let at = this.#positionAfter(claim);
    const outcome = await deleteChunk(this.#work, route, claim, async (tx, counts) => {
      const isListed = counts.lockedCount > 0;
      const revisit = isListed ? remember(checkpoint.revisit, claim.range) : checkpoint.revisit;
      const isFull = isListed && revisit === checkpoint.revisit;
      const remains: Omit<RemainingEntry, 'from'>[] = [];
      if (isFull) remains.push({ reason: 'locked', rows: counts.lockedCount });
      if (counts.keptCount > 0) {
        const by = keptBy.trigger === undefined ? {} : { by: keptBy.trigger };
        remains.push({ reason: 'kept-by-trigger', rows: counts.keptCount, ...by });
      }
      const staying = this.#entryFor(claim, checkpoint, began, remains);
      entry = { ...staying, deletedCount: counts.deletedCount, revisit };
      at = this.#positionAfter(claim);
      await ledger.record(tx, checkpoint, entry, at);
    });
    if (entry !== undefined && !('kind' in outcome)) {
      applyEntry(checkpoint, entry);
      this.#committed.set(checkpoint, at.position);
    }
    return outcome;
  }

  /** An entry that adds rows which stay, and deletes nothing. */
  #entryFor(
    claim: Claim,
    checkpoint: LaneCheckpoint,
    began: number,
    remains: readonly Omit<RemainingEntry, 'from'>[],
  ): ChunkEntry {
    const added = remains.map((entry) => ({ ...entry, from: claim.range.from }));
    return {
      deletedCount: 0,
      skippedLocked: 0,
      revisit: checkpoint.revisit,
      workedMilliseconds: Math.round(performance.now() - began),
      ...(checkpoint.remaining.length + added.length === 0
        ? {}
        : {
            remaining: addRemaining(
              checkpoint.remaining,
              added,
              this.#positions(claim, checkpoint),
            ),
          }),
    };
  }

  /** Positions that the ledger may hold last if this attempt ends after the commit of `claim`. */
  #positions(claim: Claim, checkpoint: LaneCheckpoint): readonly string[] {
    const others = [...this.#atWork.keys()].filter((other) => other !== checkpoint);
    return [
      this.#queue.positionAfter(claim),
      ...others.map((other) => this.#committed.get(other) ?? ''),
    ];
  }

  #positionAfter(claim: Claim): SlicePosition {
    const { route } = this.#work;
    return { way: route.way, position: this.#queue.positionAfter(claim), end: route.end };
  }
}
