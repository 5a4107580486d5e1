import type { EntityManager } from '@mikro-orm/postgresql';
import type { DeletionSettings } from '../config/config.ts';
import { isLockTimeout } from '../database/transaction.ts';
import { deleteChunk, type ChunkCounts, type ChunkOutcome } from './chunk.ts';
import type { Doomed } from './doomed.ts';
import { nextChunkSize } from './chunk-size.ts';
import type { Consideration } from './consideration.ts';
import type { LaneAccount } from './account.ts';
import type { SliceLedger } from './ledger.ts';
import { remember } from './revisit-list.ts';
import type { Route } from './route.ts';
import { gentler } from './stretch.ts';
import { WorkQueue, type Claim } from './work-queue.ts';

/** Everything that goes on in one slice has this in common. */
export interface SliceWork {
  readonly em: EntityManager;
  readonly doomed: Doomed;
  readonly settings: DeletionSettings;
  readonly ledger: SliceLedger;
  readonly accounts: readonly LaneAccount[];
  readonly consideration: Consideration;
  /** Called after each committed chunk, with the position reached. */
  readonly onChunk: (route: Route, position: string) => void;
  /** Asked before each chunk; true ends the work there. */
  readonly shouldStop: () => boolean;
}

/** What the lanes share while they work through one route. */
export interface LaneWork extends SliceWork {
  readonly route: Route;
}

/** How the lanes ended. `indivisible`: more rows share one expiry than fit into a chunk. */
export interface LanesEnd {
  readonly kind: 'end-reached' | 'stopped' | 'indivisible';
  readonly position: string;
}

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

/** A pace is kept by this many chunks a second or more, so that it is even. */
const CHUNKS_PER_SECOND_AT_PACE = 4;

/**
 * Lets the lanes work through the route from `from` until its end or until told to stop. An error
 * in one lane stops the others after their chunk, and is thrown when all have stopped: no
 * transaction is left open.
 */
export async function runLanes(work: LaneWork, from: string): Promise<LanesEnd> {
  return await new Lanes(work, from).untilEnd();
}

class Lanes {
  readonly #work: LaneWork;
  readonly #queue: WorkQueue;
  #size: number;
  #cautiousChunks = 0;
  #ended: LanesEnd['kind'] | undefined;
  readonly #atWork = new Map<LaneAccount, Promise<void>>();
  readonly #errors: unknown[] = [];

  constructor(work: LaneWork, from: string) {
    this.#work = work;
    this.#queue = new WorkQueue(work.route, from);
    this.#size = work.route.bounds.initial;
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
        const claim = await this.#claim();
        if (claim === null) return;
        // Others may be gone by now.
        this.#startLanes();
        if (claim !== 'locked') await this.#workOn(claim, account);
      }
    } catch (error) {
      this.#ended ??= 'stopped';
      throw error;
    }
  }

  /** The next stretch; cutting one reads the table, which somebody may hold as a whole. */
  async #claim(): Promise<Claim | 'locked' | null> {
    const { em, consideration } = this.#work;
    try {
      const manner = this.#cautiousChunks > 0 ? 'skip' : 'wait';
      return await this.#queue.claim(em, this.#nextSize(), manner);
    } catch (error) {
      if (!isLockTimeout(error)) throw error;
      await consideration.untilUnlocked();
      return 'locked';
    }
  }

  /** Smaller towards the end, so that no lane still has a large stretch when the others are done. */
  #nextSize(): number {
    const { remaining = Infinity } = this.#queue;
    const share = Math.ceil(remaining / (this.#work.settings.lanes * SHARES_PER_LANE));
    return Math.min(this.#size, Math.max(share, Math.ceil(this.#size / SMALLEST_PART)));
  }

  async #workOn(claim: Claim, account: LaneAccount): Promise<void> {
    const { em, route, consideration, onChunk } = this.#work;
    const began = performance.now();
    const outcome = await this.#commit(claim, account, began);

    if (typeof outcome === 'string') {
      if (outcome === 'locked' && (await consideration.untilUnlocked())) {
        this.#queue.giveBack(claim, [claim]);
        return;
      }
      if (outcome === 'locked') this.#cautiousChunks = CAUTIOUS_CHUNKS;
      else this.#size = Math.max(Math.floor(this.#size / 2), route.bounds.smallest);
      const instead = await gentler(em, route, claim, outcome);
      if (instead === null) this.#ended = 'indivisible';
      else this.#queue.giveBack(claim, instead);
      return;
    }

    this.#queue.finish(claim);
    consideration.spend(outcome.deletedCount);
    this.#adapt(outcome, performance.now() - began);
    onChunk(route, this.#queue.position);
  }

  /** Lets the next chunks be what the last one teaches. */
  #adapt({ deletedCount, lockedCount }: ChunkCounts, elapsed: number): void {
    const { route, settings, consideration } = this.#work;
    const { rowsPerSecond = Infinity } = settings;
    // Somebody waits for our locks, or one chunk alone would use up the pace: as if it took longer.
    const complaint = consideration.takeComplaint() ? 2 : 1;
    const overPace = Math.max(1, (deletedCount * CHUNKS_PER_SECOND_AT_PACE) / rowsPerSecond);
    const felt = Math.max(
      elapsed * complaint,
      settings.chunkMilliseconds * (overPace > 1 ? overPace : 0),
    );
    const largest = route.bounds.largest * (deletedCount === 0 ? WHERE_NOTHING_IS : 1);
    const bounds = { ...route.bounds, largest };
    this.#size = nextChunkSize(this.#size, felt, settings.chunkMilliseconds, bounds);
    if (lockedCount > 0) this.#cautiousChunks = CAUTIOUS_CHUNKS;
    else if (this.#cautiousChunks > 0) this.#cautiousChunks -= 1;
  }

  /** One chunk of the main pass; a stretch with locked rows is remembered for a later visit. */
  async #commit(claim: Claim, account: LaneAccount, began: number): Promise<ChunkOutcome> {
    const { em, doomed, route, settings, ledger } = this.#work;
    let revisit = account.revisit;
    const record = async (tx: EntityManager, counts: ChunkCounts): Promise<void> => {
      if (counts.lockedCount > 0) {
        revisit = await remember(tx, route, account.revisit, claim.range);
      }
      await ledger.record(
        tx,
        account,
        {
          deletedCount: counts.deletedCount,
          skippedLocked: 0,
          revisit,
          workedMilliseconds: Math.round(performance.now() - began),
        },
        { way: route.way, position: this.#queue.positionAfter(claim), end: route.end },
      );
    };
    const outcome = await deleteChunk(em, doomed, route, claim, settings, record);
    if (typeof outcome !== 'string') {
      account.deletedCount += outcome.deletedCount;
      account.revisit = revisit;
    }
    return outcome;
  }
}
