import { setTimeout as sleep } from 'node:timers/promises';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { Wait, WaitReason } from '../contract/slice.ts';
import { ask, isLockTimeout, isTimeout } from '../database/transaction.ts';
import type { Target } from '../targets/target.ts';
import { ServerLoadReader, type ServerLoad, type ServerLoadLimits } from './server-load.ts';

/** How the clean-up is throttled. */
export interface ThrottleSettings extends ServerLoadLimits {
  /** Rows deleted a second, on average; undefined: as many as possible. */
  readonly rowsPerSecond: number | undefined;
  readonly lanes: number;
  /** Lanes that keep running while other sessions are active. */
  readonly lanesWhenBusy: number;
}

/** The server is checked so often while there is work. Milliseconds. */
const LOOK_EVERY = 1_000;

/** While throttled, it checks again after this. Milliseconds. */
const LOOK_AGAIN_AFTER = 250;

/** The table that is cleaned. */
export type WatchedTable = Pick<Target, 'oid' | 'quotedTable' | 'parent'>;

/** Receives each wait; those for one reason add up. */
export type WaitListener = (reason: WaitReason, milliseconds: number) => void;

/** How a throttled slice reports, and learns that it should stop. */
export interface ThrottleHooks {
  /** True ends the waiting. */
  readonly shouldStop: () => boolean;
  /** Called repeatedly while waiting; undefined when it is over. */
  readonly onWaiting: (load: ServerLoad | undefined) => void;
  readonly onWaited?: WaitListener;
}

/**
 * Pauses a slice while the server or other sessions are under load, and records for how long and why. It
 * continues by itself when the cause is gone.
 */
export class Throttle {
  readonly #em: EntityManager;
  #target: WatchedTable;
  readonly #settings: ThrottleSettings;
  readonly #hooks: ThrottleHooks;
  readonly #serverLoad = new ServerLoadReader();
  readonly #waited = new Map<WaitReason, number>();
  #nextLook = 0;
  #paceFrom = performance.now();
  #waitingForUs = 0;
  /** Since when not all lanes work; undefined: all of them do. */
  #fewerSince: number | undefined;
  #turn: Promise<void> | undefined;

  constructor(
    em: EntityManager,
    target: WatchedTable,
    settings: ThrottleSettings,
    hooks: ThrottleHooks,
  ) {
    this.#em = em;
    this.#target = target;
    this.#settings = settings;
    this.#hooks = hooks;
  }

  /** Watches another table from here on: the next partition. */
  watch(target: WatchedTable): void {
    this.#target = target;
  }

  /**
   * How many lanes may work now. Each keeps a core of the server busy, and beside others who need those for a
   * moment all the time, fewer lanes disturb them less than smaller chunks.
   */
  get lanes(): number {
    const { lanes, lanesWhenBusy } = this.#settings;
    return this.#fewerSince === undefined ? lanes : Math.min(lanes, lanesWhenBusy);
  }

  /** Time so far in which no lane could work. */
  get waitedMilliseconds(): number {
    return [...this.#waited].reduce(
      (sum, [reason, milliseconds]) => (reason === 'other-sessions' ? sum : sum + milliseconds),
      0,
    );
  }

  /** Time throttled so far, by reason. */
  get waits(): readonly Wait[] {
    this.#countFewerLanes();
    return [...this.#waited]
      .map(([reason, milliseconds]) => ({ reason, seconds: Math.round(milliseconds / 100) / 10 }))
      .filter(({ seconds }) => seconds > 0);
  }

  /** True once after other sessions waited for a lock of ours: the next chunks should be smaller. */
  takeContention(): boolean {
    const isContended = this.#waitingForUs > 0;
    this.#waitingForUs = 0;
    return isContended;
  }

  /** To be awaited before each chunk. All lanes wait for the same thing together. */
  async untilClear(): Promise<void> {
    this.#turn ??= this.#wait().finally(() => (this.#turn = undefined));
    return await this.#turn;
  }

  /**
   * Takes what a chunk is expected to delete from the pace, before it begins. False: another lane has just done
   * so, and the pace has to be waited for.
   */
  reserve(rows: number): boolean {
    const { rowsPerSecond } = this.#settings;
    if (rowsPerSecond === undefined) return true;
    if (this.#paceFrom > performance.now() && !this.#hooks.shouldStop()) return false;
    // Time that was not used is not saved up: a rate, not an allowance.
    const due = Math.max(this.#paceFrom, performance.now() - LOOK_EVERY);
    this.#paceFrom = due + (rows / rowsPerSecond) * 1_000;
    return true;
  }

  /** Replaces the rows that were reserved by those that were deleted. */
  spend(rows: number, reserved: number): void {
    const { rowsPerSecond } = this.#settings;
    if (rowsPerSecond !== undefined) this.#paceFrom += ((rows - reserved) / rowsPerSecond) * 1_000;
  }

  /** Waits as long as another session locks the whole table; returns whether it waited. */
  async untilUnlocked(): Promise<boolean> {
    let waited = false;
    while (!this.#hooks.shouldStop() && (await this.#isTableLocked())) {
      waited = true;
      await this.#pause(
        { reason: 'table-locked', detail: this.#target.quotedTable },
        LOOK_AGAIN_AFTER,
      );
    }
    if (waited) this.#hooks.onWaiting(undefined);
    return waited;
  }

  /** Asks about the table; while another session locks it, waits and asks again. */
  async ask<T>(question: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await question();
      } catch (error) {
        if (!isLockTimeout(error) || this.#hooks.shouldStop()) throw error;
        await this.untilUnlocked();
      }
    }
  }

  async #wait(): Promise<void> {
    const pace = this.#paceFrom - performance.now();
    if (this.#settings.rowsPerSecond !== undefined && pace > 0) await this.#keepPace();
    if (performance.now() < this.#nextLook) return;
    let waited = false;
    for (;;) {
      const load = await this.#look();
      if (load === undefined || this.#hooks.shouldStop()) break;
      waited = true;
      await this.#pause(load, LOOK_AGAIN_AFTER);
    }
    this.#nextLook = performance.now() + LOOK_EVERY;
    if (waited) this.#hooks.onWaiting(undefined);
  }

  async #keepPace(): Promise<void> {
    const detail = `${this.#settings.rowsPerSecond} rows/s`;
    for (;;) {
      const left = this.#paceFrom - performance.now();
      if (left <= 0 || this.#hooks.shouldStop()) break;
      await this.#pause({ reason: 'pace', detail }, Math.min(left, LOOK_AGAIN_AFTER));
    }
    this.#hooks.onWaiting(undefined);
  }

  async #look(): Promise<ServerLoad | undefined> {
    try {
      const reading = await this.#serverLoad.read(this.#em, this.#target.oid, this.#settings);
      this.#waitingForUs = Math.max(this.#waitingForUs, reading.waitingForUs);
      this.#countOthers(reading.otherActiveSessions > 0);
      return reading.load;
    } catch (error) {
      if (!isTimeout(error) && !isLockTimeout(error)) throw error;
      // Not answered in time: the server is too busy.
      this.#countOthers(true);
      return undefined;
    }
  }

  #countOthers(areActive: boolean): void {
    const { lanes, lanesWhenBusy } = this.#settings;
    this.#countFewerLanes();
    this.#fewerSince = areActive && lanesWhenBusy < lanes ? performance.now() : undefined;
  }

  #countFewerLanes(): void {
    if (this.#fewerSince === undefined) return;
    const now = performance.now();
    this.#addWait('other-sessions', now - this.#fewerSince);
    this.#fewerSince = now;
  }

  #addWait(reason: WaitReason, milliseconds: number): void {
    this.#waited.set(reason, (this.#waited.get(reason) ?? 0) + milliseconds);
    this.#hooks.onWaited?.(reason, milliseconds);
  }

  async #isTableLocked(): Promise<boolean> {
    try {
      const { quotedTable, parent } = this.#target;
      const lock = `lock table ${parent?.isNamed === true ? '' : 'only '}${quotedTable} in row exclusive mode`;
      await ask(this.#em, { lock_timeout: '20ms' }, { sql: lock, params: [] });
      return false;
    } catch (error) {
      if (isLockTimeout(error)) return true;
      throw error;
    }
  }

  async #pause(load: ServerLoad, milliseconds: number): Promise<void> {
    const began = performance.now();
    this.#hooks.onWaiting(load);
    await sleep(milliseconds);
    this.#addWait(load.reason, performance.now() - began);
  }
}
