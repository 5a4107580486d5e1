import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EntityManager } from '@mikro-orm/postgresql';
import type { SqlFragment } from '../database/sql-fragment.ts';
import { ask } from '../database/transaction.ts';
import type { SliceKey } from './checkpoint.ts';

/** A cancelled statement ends at once, unless it waits for a disk. Milliseconds. */
const CANCEL_AGAIN_AFTER = 50;
const MOST_CANCELS = 40;

/** Expression that takes the shared advisory lock of a slice's transactions, until the transaction's end. */
export function attemptLockOf({ runId, target, slice }: SliceKey): SqlFragment {
  const text = JSON.stringify(['session_cleanup', runId, target, slice]);
  const key = createHash('sha256').update(text).digest().readBigInt64BE();
  return {
    sql: 'pg_catalog.pg_advisory_xact_lock_shared(?::pg_catalog.int8)',
    params: [String(key)],
  };
}

/**
 * Cancels the statements of the transactions that hold the lock, and waits until those have ended; for a moment
 * only, since the fence keeps what they do from being committed.
 */
export async function cancelHolders(em: EntityManager, lock: SqlFragment): Promise<void> {
  for (let times = 0; times < MOST_CANCELS; times += 1) {
    const running = await ask(
      em,
      {},
      {
        sql: `with held as (select ?::int8 as key)
        select pg_cancel_backend(pid) from pg_locks, held
        where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())
          and (classid::int8 << 32 | objid::int8) = key and objsubid = 1 and pid <> pg_backend_pid()`,
        params: lock.params,
      },
    );
    if (running.length === 0) return;
    await sleep(CANCEL_AGAIN_AFTER);
  }
}
