import type { EntityManager } from '@mikro-orm/postgresql';
import type { WaitReason } from '../contract/slice.ts';
import { APPLICATION_NAME } from '../database/orm.ts';
import { ask, sqlState } from '../database/transaction.ts';

/** Limits from which the clean-up is throttled. Seconds; 0 turns a limit off. */
export interface ServerLoadLimits {
  readonly maxReplicaLagSeconds: number;
  readonly maxTransactionAgeSeconds: number;
}

/** Why to throttle, with the figure for operators: `replica-lag`, `4.2 s`. */
export interface ServerLoad {
  readonly reason: WaitReason;
  readonly detail: string;
}

/** One reading of the server. */
export interface ServerLoadReading {
  /** The first cause for throttling; undefined: none. */
  readonly load: ServerLoad | undefined;
  /** Sessions that wait for a lock of ours. */
  readonly waitingForUs: number;
  /** Other active sessions, in any database of the server. */
  readonly otherActiveSessions: number;
}

interface Reading {
  readonly queued: string | null;
  readonly replica_lag: number;
  readonly wal_share: number;
  readonly oldest: { readonly seconds: number; readonly holder: string } | null;
  readonly waiting_for_us: number;
  readonly other_active_sessions: number;
}

/**
 * Written since the last checkpoint began, as a multiple of `max_wal_size`: at 1 a checkpoint has
 * been called for; at 2 it has not kept up, and more writing only makes it worse for everybody.
 */
const WAL_LIMIT = 2;

/** This question must never wait for what it asks about. */
const QUESTION_TIMEOUT = '500ms';

/** SQLSTATEs of a measure that this server does not have, or this role may not read. */
const UNAVAILABLE = new Set(['55000', '0A000', '42501', '42883']);

/**
 * Reads what other sessions wait for or suffer from: a lock on the table that one waits for (a
 * `VACUUM`, an `ALTER TABLE`), replicas that fall behind, checkpoints that do not keep up, a
 * transaction so old that no dead row can be removed, and how many other sessions are active.
 *
 * What the role may not see counts as nothing: replicas' lag, and whatever other roles' sessions do,
 * need `pg_read_all_stats`. So does a measure that the server does not have, found out by the first failure.
 */
export class ServerLoadReader {
  #measures: readonly Measure[] = ALL_MEASURES;

  /** @throws the database's error when the question is not answered in time */
  async read(em: EntityManager, oid: string, limits: ServerLoadLimits): Promise<ServerLoadReading> {
    const reading = await this.#ask(em, oid);
    return {
      load: loadIn(reading, limits),
      waitingForUs: reading.waiting_for_us,
      otherActiveSessions: reading.other_active_sessions,
    };
  }

  async #ask(em: EntityManager, oid: string): Promise<Reading> {
    try {
      return await askFor(em, oid, this.#measures);
    } catch (error) {
      if (!isUnavailable(error) || this.#measures.length === 0) throw error;
    }
    const available: Measure[] = [];
    for (const measure of this.#measures) {
      try {
        await askFor(em, oid, [measure]);
        available.push(measure);
      } catch (error) {
        if (!isUnavailable(error)) throw error;
      }
    }
    this.#measures = available;
    return await askFor(em, oid, available);
  }
}

function isUnavailable(error: unknown): boolean {
  return UNAVAILABLE.has(sqlState(error) ?? '');
}

async function askFor(
  em: EntityManager,
  oid: string,
  measures: readonly Measure[],
): Promise<Reading> {
  if (measures.length === 0) return NOTHING;
  const settings = { statement_timeout: QUESTION_TIMEOUT };
  const [found] = await ask<Partial<Reading>>(em, settings, {
    sql: `select ${measures.map((measure) => `(${MEASURES[measure]}) as ${measure}`).join(', ')}`,
    params: measures.flatMap((measure) => (measure === 'queued' ? [oid] : [])),
  });
  return { ...NOTHING, ...found };
}

function loadIn(reading: Reading, limits: ServerLoadLimits): ServerLoad | undefined {
  const { maxReplicaLagSeconds, maxTransactionAgeSeconds } = limits;
  if (reading.queued !== null) {
    return { reason: 'table-wanted', detail: `another session waits for ${reading.queued}` };
  }
  if (maxReplicaLagSeconds > 0 && reading.replica_lag > maxReplicaLagSeconds) {
    return { reason: 'replica-lag', detail: seconds(reading.replica_lag) };
  }
  if (reading.wal_share > WAL_LIMIT) {
    return { reason: 'wal', detail: `${reading.wal_share.toFixed(1)} × max_wal_size` };
  }
  const { oldest } = reading;
  if (
    maxTransactionAgeSeconds > 0 &&
    oldest !== null &&
    oldest.seconds > maxTransactionAgeSeconds
  ) {
    return { reason: 'old-transaction', detail: `${seconds(oldest.seconds)}, ${oldest.holder}` };
  }
  return undefined;
}

function seconds(value: number): string {
  return `${value.toFixed(1)} s`;
}

const NOTHING: Reading = {
  queued: null,
  replica_lag: 0,
  wal_share: 0,
  oldest: null,
  waiting_for_us: 0,
  other_active_sessions: 0,
};

// `replay_lag` does not change while a replica has nothing to confirm, so an idle one is not behind; nor is
// one that has replayed all but the padding at the end of a page, which it may never confirm.
// Locks of the table itself only: those on rows never queue up here. Databases made from one template have the same OIDs.
// A VACUUM holds a snapshot that keeps no row; replicas and replication slots hold one that has no age in seconds.
const MEASURES: Readonly<Record<keyof Reading, string>> = {
  queued: `select min(mode) from pg_locks where relation = ?::oid and locktype = 'relation' and not granted
    and pid <> pg_backend_pid() and database = (select oid from pg_database where datname = current_database())
    and mode in ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')`,
  replica_lag: `coalesce((select max(extract(epoch from replay_lag)) from pg_stat_replication
    where pg_wal_lsn_diff(sent_lsn, replay_lsn) > current_setting('wal_block_size')::int), 0)::float8`,
  wal_share: `(pg_wal_lsn_diff(pg_current_wal_insert_lsn(), (select redo_lsn from pg_control_checkpoint()))
    / pg_size_bytes(current_setting('max_wal_size')))::float8`,
  oldest: `select json_build_object('seconds', extract(epoch from clock_timestamp() - since)::float8, 'holder', holder)
    from (
      select xact_start as since, 'session ' || pid as holder from pg_stat_activity a
      where coalesce(backend_xmin, backend_xid) is not null and datname = current_database() and pid <> pg_backend_pid()
        and not exists (select from pg_stat_progress_vacuum v where v.pid in (a.pid, a.leader_pid))
      union all
      select prepared, 'a prepared transaction' from pg_prepared_xacts where database = current_database()
    ) holders where since is not null order by since limit 1`,
  waiting_for_us: `(select count(*) from pg_stat_activity others where wait_event_type = 'Lock' and application_name <> '${APPLICATION_NAME}'
    and exists (select from pg_stat_activity ours where ours.application_name = '${APPLICATION_NAME}'
      and ours.pid = any(pg_blocking_pids(others.pid))))::int`,
  other_active_sessions: `(select count(*) from pg_stat_activity where backend_type = 'client backend' and application_name <> '${APPLICATION_NAME}'
    and pid <> pg_backend_pid()
    and (state = 'active' or state_change > clock_timestamp() - interval '100 milliseconds'))::int`,
};

type Measure = keyof Reading;

const ALL_MEASURES: readonly Measure[] = [
  'queued',
  'replica_lag',
  'wal_share',
  'oldest',
  'waiting_for_us',
  'other_active_sessions',
];
