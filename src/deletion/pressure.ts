import type { EntityManager } from '@mikro-orm/postgresql';
import type { WaitReason } from '../contract.ts';
import { ask } from '../database/transaction.ts';

/** From where on the clean-up holds back. Seconds; 0 turns a limit off. */
export interface PressureLimits {
  readonly maxReplicaLagSeconds: number;
  readonly maxTransactionAgeSeconds: number;
}

/** Why to hold back, with the figure for people: `replica-lag`, `4.2 s`. */
export interface Pressure {
  readonly reason: WaitReason;
  readonly detail: string;
}

/** What one look at the server tells. */
export interface PressureReading {
  /** The first cause for holding back; undefined: none. */
  readonly pressure: Pressure | undefined;
  /** Sessions that wait for a lock of ours at this moment. */
  readonly waitingForUs: number;
  /** Sessions of others that work at this moment, in whatever database of the server. */
  readonly othersAtWork: number;
}

interface Reading {
  readonly queued: string | null;
  readonly replica_lag: number;
  readonly wal_share: number;
  readonly transaction_age: number;
  readonly waiting_for_us: number;
  readonly others_at_work: number;
}

/**
 * Written since the last checkpoint began, as a multiple of `max_wal_size`: at 1 a checkpoint has
 * been called for; at 2 it has not kept up, and more writing only makes it worse for everybody.
 */
const WAL_PRESSURE = 2;

/** This question must never wait for what it asks about. */
const QUESTION_TIMEOUT = '500ms';

/**
 * Looks at what others suffer from or wait for: a lock on the table that somebody waits for (a
 * `VACUUM`, an `ALTER TABLE`), replicas that fall behind, checkpoints that do not keep up, a
 * transaction so old that no dead row can be removed, and how many others are at work.
 *
 * What the role may not see counts as nothing: replicas' lag, and whatever other roles' sessions do,
 * need `pg_read_all_stats`.
 */
export async function readPressure(
  em: EntityManager,
  table: string,
  limits: PressureLimits,
): Promise<PressureReading> {
  const settings = { statement_timeout: QUESTION_TIMEOUT };
  const [reading] = await ask<Reading>(em, settings, { sql: QUESTION, params: [table] });
  if (reading === undefined) throw new Error('PostgreSQL answered a question without a row.');
  return {
    pressure: pressureIn(reading, limits),
    waitingForUs: reading.waiting_for_us,
    othersAtWork: reading.others_at_work,
  };
}

function pressureIn(reading: Reading, limits: PressureLimits): Pressure | undefined {
  const { maxReplicaLagSeconds, maxTransactionAgeSeconds } = limits;
  if (reading.queued !== null) {
    return { reason: 'table-wanted', detail: `somebody waits for ${reading.queued}` };
  }
  if (maxReplicaLagSeconds > 0 && reading.replica_lag > maxReplicaLagSeconds) {
    return { reason: 'replica-lag', detail: seconds(reading.replica_lag) };
  }
  if (reading.wal_share > WAL_PRESSURE) {
    return { reason: 'wal', detail: `${reading.wal_share.toFixed(1)} × max_wal_size` };
  }
  if (maxTransactionAgeSeconds > 0 && reading.transaction_age > maxTransactionAgeSeconds) {
    return { reason: 'old-transaction', detail: seconds(reading.transaction_age) };
  }
  return undefined;
}

function seconds(value: number): string {
  return `${value.toFixed(1)} s`;
}

// `replay_lag` stands still while a replica has nothing to confirm, so an idle one is not behind; nor is
// one that has replayed all but the padding at the end of a page, which it may never confirm.
// Locks of the table itself only: those on rows never queue up here.
const QUESTION = `
  select
    (select min(mode) from pg_locks where relation = ?::regclass and locktype = 'relation' and not granted
       and pid <> pg_backend_pid()
       and mode in ('ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')) as queued,
    coalesce((select max(extract(epoch from replay_lag)) from pg_stat_replication
       where pg_wal_lsn_diff(sent_lsn, replay_lsn) > current_setting('wal_block_size')::int), 0)::float8 as replica_lag,
    (pg_wal_lsn_diff(pg_current_wal_insert_lsn(), (select redo_lsn from pg_control_checkpoint()))
       / pg_size_bytes(current_setting('max_wal_size')))::float8 as wal_share,
    coalesce((select max(extract(epoch from clock_timestamp() - xact_start)) from pg_stat_activity
       where backend_xmin is not null and datname = current_database() and pid <> pg_backend_pid()), 0)::float8 as transaction_age,
    (select count(*) from pg_stat_activity others where wait_event_type = 'Lock' and application_name <> 'session-cleanup'
       and exists (select from pg_stat_activity ours where ours.application_name = 'session-cleanup'
         and ours.pid = any(pg_blocking_pids(others.pid))))::int as waiting_for_us,
    (select count(*) from pg_stat_activity where backend_type = 'client backend' and application_name <> 'session-cleanup'
       and pid <> pg_backend_pid()
       and (state = 'active' or state_change > clock_timestamp() - interval '100 milliseconds'))::int as others_at_work`;
