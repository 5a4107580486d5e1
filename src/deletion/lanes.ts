import { isLockTimeout } from '../database/transaction.ts';
import { type ChunkCounts, deleteChunk } from './chunk.ts';
import {
  type ChunkEntry,
  type LaneAccount,
  type SlicePosition,
  commitEntry,
} from './checkpoint.ts';
import { recordEntry } from './ledger.ts';
import { type RemainingEntry, addRemaining } from './remaining-rows.ts';
import { remember } from './locked-rows.ts';
import type { LaneWork, LanesEnd } from './delete-slice.ts';
import {
  type Claim,
  type Refusal,
  WorkQueue,
  gentler,
  mostRowsAt,
  nextChunkSize,
} from './work-queue.ts';

/** After a lock was met, this many chunks step around locks from the start; more if it goes on. */
const CAUTIOUS_CHUNKS = 8;
/**
 * What is left is cut so that each lane gets this many stretches of it, but into none smaller than
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
  readonly #atWork = new Map<LaneAccount, Promise<void>>();
  /** Position of each lane's last commit. */
  readonly #committed = new Map<LaneAccount, string>();
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
    for (const account of this.#work.accounts.slice(0, this.#work.consideration.lanes)) {
      if (this.#atWork.has(account)) continue;
      const running = this.#run(account)
        .catch((error: unknown) => this.#errors.push(error))
        .then(() => void this.#atWork.delete(account));
      this.#atWork.set(account, running);
    }
  }

  async #run(account: LaneAccount): Promise<void> {
    const { consideration } = this.#work;
    try {
      while (this.#ended === undefined) {
        await consideration.untilClear();
        if (account.lane >= consideration.lanes) return;
        if (this.#work.shouldStop()) {
          this.#ended = 'stopped';
          return;
        }
        const size = this.#nextSize();
        const expectedRows = this.#work.route.rowsIn(size);
        if (!consideration.reserve(expectedRows)) continue;
        let deletedCount = 0;
        try {
          const claim = await this.#claim(size);
          if (claim === null) return;
          this.#startLanes();
          if (claim !== 'locked') deletedCount = await this.#workOn(claim, account);
        } finally {
          consideration.spend(deletedCount, expectedRows);
        }
      }
    } catch (error) {
      this.#ended ??= 'stopped';
      throw error;
    }
  }

  /** The next stretch; cutting one reads the table, which somebody may hold as a whole. */
  async #claim(size: number): Promise<Claim | 'locked' | null> {
    const { em, settings, consideration } = this.#work;
    try {
      const manner = this.#cautiousChunks > 0 ? 'skip' : 'wait';
      const mostRows = mostRowsAt(settings.rowsPerSecond);
      const claim = await this.#queue.claim(em, { size, manner, mostRows });
      if (claim !== 'indivisible') return claim;
      this.#ended = 'indivisible';
      return null;
    } catch (error) {
      if (!isLockTimeout(error)) throw error;
      await consideration.untilUnlocked();
      return 'locked';
    }
  }

  /** The largest size of a chunk, so that the pace is even. */
  #largest(): number {
    const { route, settings } = this.#work;
    const mostRows = mostRowsAt(settings.rowsPerSecond);
    return mostRows === undefined ? Infinity : route.sizeOf(mostRows);
  }

  /** Smaller towards the end, so that no lane still has a large stretch when the others are done. */
  #nextSize(): number {
    const { remaining = Infinity } = this.#queue;
    const share = Math.ceil(remaining / (this.#work.settings.lanes * SHARES_PER_LANE));
    return Math.min(this.#size, Math.max(share, Math.ceil(this.#size / SMALLEST_PART)));
  }

  async #workOn(claim: Claim, account: LaneAccount): Promise<number> {
    const { route, onChunk } = this.#work;
    const began = performance.now();
    const outcome = await this.#commit(claim, account, began);
    if ('kind' in outcome) {
      await this.#treat(claim, account, outcome, began);
      return 0;
    }
    this.#queue.finish(claim);
    if (outcome.deletedCount > 0) this.#work.refusedRows.forget();
    this.#adapt(outcome, performance.now() - began);
    onChunk(route, this.#queue.position);
    return outcome.deletedCount;
  }

  /** Gives a refused stretch back in another form, or counts its only row as one that stays. */
  async #treat(claim: Claim, account: LaneAccount, refusal: Refusal, began: number): Promise<void> {
    const { em, route, ledger, consideration, refusedRows, onChunk } = this.#work;
    // The next attempt may have cancelled it.
    if (refusal.kind === 'slow') await ledger.ensureCurrent(account);
    if (refusal.kind === 'locked') {
      if (await consideration.untilUnlocked()) {
        this.#queue.giveBack(claim, [claim]);
        return;
      }
      this.#cautiousChunks = CAUTIOUS_CHUNKS;
    } else {
      const length = Math.min(this.#size, route.lengthOf(claim.range) ?? this.#size);
      this.#size = Math.max(Math.floor(length / 2), route.bounds.smallest);
    }
    const instead = await gentler(em, route, claim, refusal);
    if (instead === null) this.#ended = 'indivisible';
    else if (instead === 'remains') {
      const entry = this.#entryFor(claim, account, began, [refusedRows.count(refusal)]);
      const at = this.#positionAfter(claim);
      await recordEntry(this.#work, account, entry, at);
      this.#committed.set(account, at.position);
      this.#queue.finish(claim);
      onChunk(route, this.#queue.position);
    } else this.#queue.giveBack(claim, instead);
  }

  /** Lets the next chunks be what the last one teaches. */
  #adapt({ deletedCount, lockedCount }: ChunkCounts, elapsed: number): void {
    const { route, settings, consideration } = this.#work;
    // Somebody waits for our locks, or the chunk deleted more than the pace allows: as if it took longer.
    const complaint = consideration.takeComplaint() ? 2 : 1;
    const isOverPace = deletedCount > (mostRowsAt(settings.rowsPerSecond) ?? Infinity);
    const felt = Math.max(elapsed * complaint, isOverPace ? settings.chunkMilliseconds * 2 : 0);
    const largest = route.bounds.largest * (deletedCount === 0 ? WHERE_NOTHING_IS : 1);
    const bounds = { ...route.bounds, largest: Math.min(largest, this.#largest()) };
    this.#size = nextChunkSize(this.#size, felt, settings.chunkMilliseconds, bounds);
    if (lockedCount > 0) this.#cautiousChunks = CAUTIOUS_CHUNKS;
    else if (this.#cautiousChunks > 0) this.#cautiousChunks -= 1;
  }

  async #commit(claim: Claim, account: LaneAccount, began: number): Promise<ChunkCounts | Refusal> {
    const { ledger, route, keptBy } = this.#work;
    let entry: ChunkEntry | undefined;
    let at = this.#positionAfter(claim);
    const outcome = await deleteChunk(this.#work, route, claim, async (tx, counts) => {
      const isListed = counts.lockedCount > 0;
      const revisit = isListed ? remember(account.revisit, claim.range) : account.revisit;
      const isFull = isListed && revisit === account.revisit;
      const remains: Omit<RemainingEntry, 'from'>[] = [];
      if (isFull) remains.push({ reason: 'locked', rows: counts.lockedCount });
      if (counts.keptCount > 0) {
        const by = keptBy.trigger === undefined ? {} : { by: keptBy.trigger };
        remains.push({ reason: 'kept-by-trigger', rows: counts.keptCount, ...by });
      }
      const staying = this.#entryFor(claim, account, began, remains);
      entry = { ...staying, deletedCount: counts.deletedCount, revisit };
      at = this.#positionAfter(claim);
      await ledger.record(tx, account, entry, at);
    });
    if (entry !== undefined && !('kind' in outcome)) {
      commitEntry(account, entry);
      this.#committed.set(account, at.position);
    }
    return outcome;
  }

  /** An entry that adds rows which stay, and deletes nothing. */
  #entryFor(
    claim: Claim,
    account: LaneAccount,
    began: number,
    remains: readonly Omit<RemainingEntry, 'from'>[],
  ): ChunkEntry {
    const added = remains.map((entry) => ({ ...entry, from: claim.range.from }));
    return {
      deletedCount: 0,
      skippedLocked: 0,
      revisit: account.revisit,
      workedMilliseconds: Math.round(performance.now() - began),
      ...(account.remaining.length + added.length === 0
        ? {}
        : { remaining: addRemaining(account.remaining, added, this.#positions(claim, account)) }),
    };
  }

  /** Positions that the ledger may hold last if this attempt ends after the commit of `claim`. */
  #positions(claim: Claim, account: LaneAccount): readonly string[] {
    const others = [...this.#atWork.keys()].filter((other) => other !== account);
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
