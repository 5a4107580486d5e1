import type { EntityManager } from '@mikro-orm/postgresql';
import { quoteName } from '../database/sql.ts';
import { ask } from '../database/transaction.ts';
import { ok, warning, type Found } from './finding.ts';

/** A transaction that is open for longer than this is reported, unless the configuration has a limit. Seconds. */
const LONG_OPEN = 3_600;

/** A replication slot or a standby that holds the horizon back by more than this is reported. Transactions. */
const FAR_BACK = 1_000_000;

interface Holder {
  readonly kind: 'session' | 'prepared transaction' | 'replication slot' | 'standby';
  /** Process id, gid, name of the slot, name of the standby. */
  readonly name: string;
  readonly role: string | null;
  readonly application: string | null;
  readonly transactions: number;
  /** Null where PostgreSQL does not know it. */
  readonly seconds: number | null;
}

/**
 * Names the session, prepared transaction, replication slot or standby with feedback that holds the xmin horizon of this
 * database, and so keeps dead rows from being removed. VACUUM itself never does.
 *
 * @param limit - age from which a transaction is reported; 0: the default of one hour. Seconds
 * @param farBack - the same for a slot or a standby, whose time is not known. Transactions
 */
export async function checkXminHorizon(
  em: EntityManager,
  limit = 0,
  farBack = FAR_BACK,
): Promise<Found> {
  const params = [String(farBack), String(limit > 0 ? limit : LONG_OPEN)];
  const [holder] = await ask<Holder>(em, { jit: 'off' }, { sql: HOLDERS, params });
  if (holder === undefined) {
    const message = 'no old transaction that this role sees keeps dead rows from being removed';
    return ok(message);
  }
  const { seconds, transactions } = holder;
  const age = `${seconds === null ? '' : `${seconds} s and `}${transactions} transactions`;
  return warning(
    `${describe(holder)} keeps dead rows from being removed: its snapshot is ${age} old`,
    REMEDIES[holder.kind](holder.name),
  );
}

function describe({ kind, name, role, application }: Holder): string {
  const details = Object.entries({ application, role })
    .filter(([, value]) => value !== null && value !== '')
    .map(([key, value]) => `${key} ${quoteName(value ?? '')}`);
  const shown = kind === 'session' ? name : quoteName(name);
  return `${kind} ${shown}${details.length === 0 ? '' : ` (${details.join(', ')})`}`;
}

const REMEDIES: Readonly<Record<Holder['kind'], (name: string) => string>> = {
  session: (name) => `End its transaction, or: SELECT pg_terminate_backend(${name});`,
  'prepared transaction': () => 'End it with COMMIT PREPARED or ROLLBACK PREPARED.',
  'replication slot': () =>
    'If nothing uses the slot any more: SELECT pg_drop_replication_slot(…);',
  standby: () => 'End the long transaction on the standby, or turn its hot_standby_feedback off.',
};

// Sessions of other databases and a slot's catalog_xmin do not affect a user table. VACUUM shows a backend_xmin
// as well, and PostgreSQL ignores it.
const HOLDERS = `
  select kind, name, role, application, transactions, round(seconds)::int as seconds from (
    select 'session' as kind, pid::text as name, usename::text as role, application_name as application,
      age(backend_xmin) as transactions, extract(epoch from clock_timestamp() - xact_start) as seconds
    from pg_stat_activity
    where backend_xmin is not null and datname = current_database() and pid <> pg_backend_pid()
      and backend_type not in ('autovacuum worker', 'walsender') and query !~* '^[[:space:]]*vacuum'
      and pid not in (select pid from pg_stat_progress_vacuum)
    union all
    select 'prepared transaction', gid, owner::text, null, age(transaction), extract(epoch from clock_timestamp() - prepared)
    from pg_prepared_xacts where database = current_database()
    union all
    select 'replication slot', slot_name::text, null, null, age(xmin), null from pg_replication_slots where xmin is not null
    union all
    select 'standby', coalesce(nullif(application_name, ''), pid::text), usename::text, null, age(backend_xmin), null
    from pg_stat_replication where backend_xmin is not null
  ) holders
  where case when seconds is null then transactions > ?::int else seconds > ?::numeric end
  order by transactions desc, seconds desc nulls last limit 1`;
