import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { ResumePoint, SettledSlice } from '../contract/slice.ts';
import { LEDGER_TABLE } from '../database/entities/ledger-entry.ts';
import { quoteName, type SqlFragment } from '../database/sql.ts';
import {
  ask,
  sendTransaction,
  settingsStatement,
  sqlState,
  type LocalSettings,
} from '../database/transaction.ts';
import { ClosedSliceError, SupersededError } from '../failures/errors.ts';
import { boundsOf, DEADLINE, instantAsText } from '../targets/expired-rows.ts';
import type { Target } from '../targets/target.ts';
import {
  reachedBy,
  totalOf,
  workedIn,
  type ClaimedSlice,
  type LaneCheckpoint,
  type LedgerRow,
  type SliceKey,
  type SlicePosition,
  type SliceTotals,
} from './checkpoint.ts';
import { isBefore, type RemainingEntry } from './remaining-rows.ts';

/** So much longer than the others the ledger keeps rows that no run has read. Days. */
const UNREAD_FOR_DAYS = 365;

/** The commit waits for the disk. */
const DURABLY: LocalSettings = { synchronous_commit: 'on' };

/** What a lane's row in the ledger is to hold from now on. */
export interface LedgerEntry {
  readonly checkpoint: LaneCheckpoint;
  readonly at: SlicePosition;
  readonly remaining: readonly RemainingEntry[];
  /** To be added. */
  readonly workedMilliseconds: number;
}

/** Rows that a chunk has deleted. */
export interface DeletedRows {
  readonly deletedCount: number;
  /** Rows of tables that the target lists under `dependents`. */
  readonly dependentsDeleted: number;
}

const NOTHING: DeletedRows = { deletedCount: 0, dependentsDeleted: 0 };

/** Updates the checkpoint once its entry has been committed. */
export function applyEntry({ checkpoint, remaining }: LedgerEntry, deleted: DeletedRows): void {
  checkpoint.deletedCount += deleted.deletedCount;
  checkpoint.dependentsDeleted += deleted.dependentsDeleted;
  checkpoint.remaining = remaining;
}

/**
 * The ledger's rows of one slice. All that makes the count exact is here: an attempt *claims* the
 * slice, *records* each chunk inside that chunk's own transaction, and *settles* at the end.
 */
export class SliceLedger {
  readonly #em: EntityManager;
  readonly #table: string;
  readonly #key: readonly [string, string, number];
  /**
   * Shared lock of an attempt's transactions, by which the next attempt finds them. Held until the
   * transaction's end, so it works through PgBouncer.
   */
  readonly attemptLock: SqlFragment;

  constructor(em: EntityManager, schema: string, key: SliceKey) {
    this.#em = em;
    this.#table = `${quoteName(schema)}.${quoteName(LEDGER_TABLE)}`;
    this.#key = [key.runId, key.target, key.slice];
    this.attemptLock = attemptLockOf(key);
  }

  /**
   * Takes the slice over from any earlier attempt: from here on none of their chunks can commit.
   *
   * @throws ClosedSliceError when {@link close} has made its count final
   *
   * The first attempt of a run's first slice fixes the deadline, `least(cutoff, now()) - grace` by
   * the database's clock; everybody after it reads that one.
   */
  async claim(options: {
    readonly lanes: number;
    readonly cutoff: string;
    readonly resumeFrom: ResumePoint | undefined;
    readonly target: Target;
  }): Promise<ClaimedSlice> {
    const { lanes, cutoff, resumeFrom, target } = options;
    const rows = await ask<
      LedgerRow & { readonly bound: string; readonly latest: string; readonly is_closed: boolean }
    >(
      this.#em,
      DURABLY,
      {
        sql: `insert into ${this.#table} (run_id, target, slice, lane, deadline)
          select ?, ?, ?, lane, coalesce(
            (select min(deadline) from ${this.#table} where run_id = ? and target = ? and slice = ?),
            ${DEADLINE})
          from generate_series(0, ? - 1) as lane
          on conflict do nothing`,
        params: [
          ...this.#key,
          ...this.#key,
          ...(resumeFrom === undefined ? [cutoff, target.graceSeconds] : [resumeFrom.deadline, 0]),
          lanes,
        ],
      },
      // A statement of its own, so that it sees what others have inserted meanwhile. In the order of lanes, so
      // that two attempts that claim at once queue up instead of deadlocking.
      {
        sql: `with claimed as (
            select lane from ${this.#table} where run_id = ? and target = ? and slice = ? order by lane for update
          )
          update ${this.#table} ledger set fence = fence + 1, settled_at = case when is_closed then settled_at end
          from claimed where (run_id, target, slice) = (?, ?, ?) and ledger.lane = claimed.lane
          returning ledger.lane, fence, ${instantAsText('deadline')} as deadline,
            ${boundsOf(target, 'deadline')}, way, position, end_position, leaf,
            deleted_count, dependents_deleted, remaining, worked_milliseconds, is_closed,
            to_char(updated_at at time zone 'UTC', 'YYYYMMDDHH24MISSUS') as updated_at`,
        params: [...this.#key, ...this.#key],
      },
    );
    rows.sort((a, b) => a.lane - b.lane);
    const [first] = rows;
    if (first === undefined) throw superseded();
    if (rows.some((row) => row.is_closed)) throw new ClosedSliceError('The slice is closed.');
    const reached = reachedBy(rows);
    return {
      deadline: first.deadline,
      bound: first.bound,
      latest: first.latest,
      checkpoints: rows.map((row) => ({
        lane: row.lane,
        fence: Number(row.fence),
        deletedCount: Number(row.deleted_count),
        dependentsDeleted: Number(row.dependents_deleted),
        remaining: row.remaining,
      })),
      reached,
      isRetry: rows.some((row) => Number(row.fence) > 1),
      workedMilliseconds: workedIn(rows),
    };
  }

  /**
   * Statement that adds a chunk to its lane's row. To be sent with the chunk's COMMIT, so that the row is locked for
   * the shortest time. When the row is not as this attempt left it, the statement fails, with an error that
   * {@link supersededIn} knows.
   */
  entry(entry: LedgerEntry, { deletedCount, dependentsDeleted }: DeletedRows): SqlFragment {
    const { checkpoint, at, remaining, workedMilliseconds } = entry;
    // It rarely changes.
    const change = remaining === checkpoint.remaining ? [] : [JSON.stringify(remaining)];
    return {
      sql: `with entered as (
        update ${this.#table} set deleted_count = deleted_count operator(pg_catalog.+) ?,
          dependents_deleted = dependents_deleted operator(pg_catalog.+) ?,
          ${change.length > 0 ? 'remaining = ?::pg_catalog.jsonb, ' : ''}way = ?, position = ?, end_position = ?, leaf = ?,
          worked_milliseconds = worked_milliseconds operator(pg_catalog.+) ?, updated_at = pg_catalog.clock_timestamp()
        where run_id operator(pg_catalog.=) ? and target operator(pg_catalog.=) ? and slice operator(pg_catalog.=) ?
          and lane operator(pg_catalog.=) ? and fence operator(pg_catalog.=) ? and deleted_count operator(pg_catalog.=) ?
          and dependents_deleted operator(pg_catalog.=) ?
        returning lane)
        select (case when pg_catalog.count(*) operator(pg_catalog.=) 1 then '1' else '${SUPERSEDED}' end)::int from entered`,
      params: [
        deletedCount,
        dependentsDeleted,
        ...change,
        at.way,
        at.position,
        at.end ?? null,
        at.leaf ?? null,
        workedMilliseconds,
        ...this.#key,
        checkpoint.lane,
        checkpoint.fence,
        checkpoint.deletedCount,
        checkpoint.dependentsDeleted,
      ],
    };
  }

  /** Commits entries that delete nothing, all or none. */
  async record(entries: readonly LedgerEntry[]): Promise<void> {
    if (entries.length === 0) return;
    await sendTransaction(this.#em, [
      settingsStatement({ synchronous_commit: 'off' }),
      ...entries.map((entry) => this.entry(entry, NOTHING)),
    ]);
    for (const entry of entries) applyEntry(entry, NOTHING);
  }

  /**
   * Removes what was counted in ranges that are visited again: all that start at or after `at`, from which another
   * attempt or slice continues.
   */
  async forgetFrom(
    checkpoints: readonly LaneCheckpoint[],
    at: SlicePosition,
    { expiry }: Target,
  ): Promise<void> {
    const starts = checkpoints.flatMap(({ remaining }) =>
      remaining.flatMap(({ from }) => from ?? []),
    );
    if (starts.length === 0) return;
    // PostgreSQL alone knows the order of expiries.
    const type = at.way === 'drain' ? (expiry?.sqlType ?? 'text') : 'bigint';
    const [found] = await ask<{ visited: readonly string[] | null }>(
      this.#em,
      {},
      {
        sql: `select json_agg(start) as visited from jsonb_array_elements_text(?::jsonb) start
          where coalesce(nullif(start, '')::${type} < nullif(?, '')::${type}, start < ?)`,
        params: [JSON.stringify(starts), at.position, at.position],
      },
    );
    const visited = new Set(found?.visited ?? []);
    await this.changeRemaining(checkpoints, at, (remaining) =>
      remaining.filter(({ from }) => from === undefined || visited.has(from)),
    );
  }

  /** Changes what all lanes' rows say of rows that stay, in one transaction. */
  async changeRemaining(
    checkpoints: readonly LaneCheckpoint[],
    at: SlicePosition,
    change: (remaining: readonly RemainingEntry[]) => readonly RemainingEntry[],
  ): Promise<void> {
    const entries = checkpoints.map((checkpoint) => ({
      checkpoint,
      at,
      workedMilliseconds: 0,
      remaining: change(checkpoint.remaining),
    }));
    await this.record(
      entries.filter(
        ({ checkpoint, remaining }) => !isDeepStrictEqual(remaining, checkpoint.remaining),
      ),
    );
  }

  /**
   * Makes everything this slice did durable and returns its totals, over all attempts. The chunks
   * may have been committed asynchronously; this one commit waits for the disk, and with it is
   * everything before it.
   *
   * @param isClean - to be kept, for those who ask when the target was cleaned last
   * @throws SupersededError when a newer attempt has taken over, or commits were lost in a crash
   */
  async settle(checkpoints: readonly LaneCheckpoint[], isClean: boolean): Promise<SliceTotals> {
    const rows = await this.#read(false, isClean);
    for (const checkpoint of checkpoints) {
      const row = rows.find((candidate) => candidate.lane === checkpoint.lane);
      const isAsLeft =
        Number(row?.fence) === checkpoint.fence &&
        Number(row?.deleted_count) === checkpoint.deletedCount &&
        Number(row?.dependents_deleted) === checkpoint.dependentsDeleted;
      if (!isAsLeft) throw superseded();
    }
    return totalOf(rows);
  }

  /**
   * Ends the slice from outside: an attempt that is still running commits nothing more, none can claim the slice,
   * and the totals returned are durable and final, with the position reached. A slice that never began has deleted
   * nothing.
   */
  async close(): Promise<SettledSlice> {
    const rows = await this.#read(true, false);
    const [first] = rows;
    const reached = reachedBy(rows);
    if (first === undefined || reached === undefined) return totalOf(rows);
    const { end, leaf, ...position } = reached;
    // The next slice visits the other ranges again, and counts their rows.
    const before = rows.map((row) => ({
      ...row,
      remaining: row.remaining.filter(
        ({ from }) => from === undefined || isBefore(from, reached.position),
      ),
    }));
    return {
      ...totalOf(before),
      resumeFrom: {
        deadline: first.deadline,
        ...position,
        ...(end === undefined ? {} : { end }),
        ...(leaf === undefined ? {} : { leaf }),
      },
    };
  }

  /** Whether an attempt has claimed the slice. */
  async isClaimed(): Promise<boolean> {
    const rows = await ask(
      this.#em,
      {},
      {
        sql: `select from ${this.#table} where run_id = ? and target = ? and slice = ? limit 1`,
        params: this.#key,
      },
    );
    return rows.length > 0;
  }

  /** Writes, so that the commit has something to wait for, and with it everything before it. */
  async #read(isClosing: boolean, isClean: boolean): Promise<readonly LedgerRow[]> {
    // For an attempt that has yet to claim the slice. One that is claiming it now is waited for here, since every
    // claim inserts lane 0.
    const closed: SqlFragment = {
      sql: `insert into ${this.#table} (run_id, target, slice, lane, deadline, is_closed)
        values (?, ?, ?, 0, now(), true) on conflict do nothing`,
      params: this.#key,
    };
    return await ask<LedgerRow>(this.#em, DURABLY, ...(isClosing ? [closed] : []), {
      sql: `with slice as (
          select lane, updated_at as old_updated_at from ${this.#table}
          where run_id = ? and target = ? and slice = ? order by lane for update
        )
        update ${this.#table} ledger set fence = fence + ?, is_closed = is_closed or ?, is_clean = is_clean or ?,
          settled_at = clock_timestamp(), updated_at = clock_timestamp()
        from slice where (run_id, target, slice) = (?, ?, ?) and ledger.lane = slice.lane
        returning ledger.lane, fence, deleted_count, dependents_deleted, remaining, worked_milliseconds,
          ${instantAsText('deadline')} as deadline, way, position, end_position, leaf,
          to_char(old_updated_at at time zone 'UTC', 'YYYYMMDDHH24MISSUS') as updated_at`,
      params: [...this.#key, isClosing ? 1 : 0, isClosing, isClean, ...this.#key],
    });
  }

  /**
   * Cancels the statements of earlier attempts, and waits until those have ended; for a moment only, since the fence
   * keeps what they do from being committed.
   */
  async cancelEarlierAttempts(): Promise<void> {
    for (let times = 0; times < MOST_CANCELS; times += 1) {
      const running = await ask(
        this.#em,
        {},
        {
          sql: `with held as (select ?::int8 as key)
            select pg_cancel_backend(pid) from pg_locks, held
            where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
              and (classid::int8 << 32 | objid::int8) = key and objsubid = 1 and pid <> pg_backend_pid()`,
          params: this.attemptLock.params,
        },
      );
      if (running.length === 0) return;
      await sleep(CANCEL_AGAIN_AFTER);
    }
  }

  /** @throws SupersededError when a newer attempt has taken over */
  async ensureCurrent(checkpoint: LaneCheckpoint): Promise<void> {
    const rows = await ask(
      this.#em,
      {},
      {
        sql: `select from ${this.#table} where run_id = ? and target = ? and slice = ? and lane = ? and fence = ?`,
        params: [...this.#key, checkpoint.lane, checkpoint.fence],
      },
    );
    if (rows.length === 0) throw superseded();
  }

  /** What the slice has deleted so far, over all attempts; 0 when it never began. */
  async deletedCount(): Promise<number> {
    const [row] = await ask<{ count: string }>(
      this.#em,
      {},
      {
        sql: `select coalesce(sum(deleted_count), 0) as count from ${this.#table}
        where run_id = ? and target = ? and slice = ?`,
        params: this.#key,
      },
    );
    return Number(row?.count ?? 0);
  }

  /**
   * Removes rows of other runs whose counts were read so long ago. Those that were never read belong to runs that
   * were terminated, or that wait for the database; they are kept for far longer.
   */
  async prune(retentionDays: number): Promise<void> {
    await ask(
      this.#em,
      {},
      {
        sql: `delete from ${this.#table} where updated_at < now() - make_interval(days => ?) and run_id <> ?
          and (settled_at is not null or updated_at < now() - make_interval(days => ?))`,
        params: [retentionDays, this.#key[0], retentionDays + UNREAD_FOR_DAYS],
      },
    );
  }
}

/** Up to when a target was cleaned; ISO 8601. */
export interface CleanTarget {
  readonly target: string;
  /** Rows that had expired by then, and by their grace, are gone. */
  readonly deadline: string;
  readonly settledAt: string;
}

/** The last success of each target that the ledger remembers: for longer than Temporal, if so configured. */
export async function findCleanTargets(
  em: EntityManager,
  schema: string,
): Promise<readonly CleanTarget[]> {
  return await ask<CleanTarget>(
    em,
    {},
    {
      sql: `select target, ${instantAsText('max(deadline)')} as deadline, ${instantAsText('max(settled_at)')} as "settledAt"
        from ${quoteName(schema)}.${quoteName(LEDGER_TABLE)} where is_clean and settled_at is not null group by target`,
      params: [],
    },
  );
}

/** A cancelled statement ends at once, unless it waits for a disk. Milliseconds. */
const CANCEL_AGAIN_AFTER = 50;
const MOST_CANCELS = 40;

/** Expression that takes the shared advisory lock of a slice's transactions, until the transaction's end. */
function attemptLockOf({ runId, target, slice }: SliceKey): SqlFragment {
  const text = JSON.stringify(['session_cleanup', runId, target, slice]);
  const key = createHash('sha256').update(text).digest().readBigInt64BE();
  return {
    sql: 'pg_catalog.pg_advisory_xact_lock_shared(?::pg_catalog.int8)',
    params: [String(key)],
  };
}

/** What the server is made to read as a number when an entry does not fit, so that nothing commits. */
const SUPERSEDED = 'session_cleanup: superseded';

/** `invalid_text_representation`, which quotes what could not be read. */
const UNREADABLE = '22P02';

/**
 * To be thrown instead of `error`: {@link SupersededError} where a {@link SliceLedger.entry} found that the slice has
 * been taken over.
 */
export function supersededIn(error: unknown): unknown {
  const isSuperseded =
    error instanceof Error && sqlState(error) === UNREADABLE && error.message.includes(SUPERSEDED);
  return isSuperseded ? superseded() : error;
}

/** The error of an attempt that has been overtaken. */
function superseded(): SupersededError {
  return new SupersededError(
    'Another attempt has taken this slice over, or the database lost commits in a crash; the newest attempt continues from the ledger.',
  );
}
