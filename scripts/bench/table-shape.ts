/** Tables of sessions as different software makes them, and how they are filled for the benchmark. */

/** How rows lie in the table: in no order of expiry, or in the order in which they were inserted. */
export type RowOrder = 'random' | 'inserted';

/** One kind of table. */
export interface TableShape {
  readonly name: 'sessions' | 'connect-pg-simple' | 'django';
  readonly table: string;
  readonly key: string;
  readonly expiry: string;
  /** Creates the table without its indexes; empty where our own migration makes it. */
  readonly create: string;
  /** Fills it with `$rows` rows; `$age` is each row's place in the span of expiries, 0 to 1. */
  readonly fill: string;
  /** Creates the indexes that the software itself creates. */
  readonly indexes: readonly string[];
  /** A session that somebody opens while the clean-up runs. */
  readonly insert: string;
  /** Points the product at this table. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Expiries lie within so many days: the deadline for a share of them is that share of the span. */
const SPAN_DAYS = 60;

/**
 * Rows with their expiry. Rivals that decide by the present ("what has expired by now") need live rows
 * that live: the first half of the span ends an hour before the filling, the other begins a day after.
 */
const MADE = `from (
    select case when age < 0.5 then now() - interval '1 hour' - (0.5 - age) * interval '${String(SPAN_DAYS)} days'
      else now() + interval '1 day' + (age - 0.5) * interval '${String(SPAN_DAYS)} days' end as expiry
    from (select $age as age from generate_series(1, $rows) as i) as aged
  ) as made`;

/** The product's own table, with all its indexes. */
export const SESSIONS: TableShape = {
  name: 'sessions',
  table: 'sessions',
  key: 'id',
  expiry: 'expires_at',
  create: '',
  fill: `insert into sessions (user_id, token_hash, user_agent, ip_address, created_at, last_seen_at, expires_at)
    select 'user-' || (random() * 1e6)::int, md5(random()::text) || md5(random()::text),
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
      inet '10.0.0.0' + (random() * 16777215)::int, expiry - interval '30 days', expiry - interval '14 days', expiry
    ${MADE}`,
  indexes: [],
  insert: `insert into sessions (user_id, token_hash, expires_at)
    values ('bystander', md5(random()::text) || md5(random()::text), now() + interval '14 days')`,
  environment: {},
};

/** As `connect-pg-simple` declares it in its `table.sql`. */
export const CONNECT_PG_SIMPLE: TableShape = {
  name: 'connect-pg-simple',
  table: 'session',
  key: 'sid',
  expiry: 'expire',
  create: `create table session (sid varchar not null collate "default", sess json not null, expire timestamp(6) not null)`,
  fill: `insert into session (sid, sess, expire)
    select md5(random()::text), json_build_object('cookie', json_build_object('originalMaxAge', 1209600000,
        'expires', expiry, 'httpOnly', true, 'path', '/'), 'user', (random() * 1e6)::int, 'csrf', md5(random()::text)), expiry
    ${MADE}`,
  indexes: [
    'alter table session add constraint session_pkey primary key (sid) not deferrable initially immediate',
    'create index "IDX_session_expire" on session (expire)',
  ],
  insert: `insert into session values (md5(random()::text), '{}', now() + interval '14 days')`,
  environment: {
    SESSION_CLEANUP_TABLE: 'session',
    SESSION_CLEANUP_EXPIRES_COLUMN: 'expire',
    SESSION_CLEANUP_EXPIRES_TYPE: 'timestamp',
  },
};

/** As the migrations of Django's `django.contrib.sessions` make it. */
export const DJANGO: TableShape = {
  name: 'django',
  table: 'django_session',
  key: 'session_key',
  expiry: 'expire_date',
  create: `create table django_session (session_key varchar(40) not null, session_data text not null, expire_date timestamptz not null)`,
  fill: `insert into django_session (session_key, session_data, expire_date)
    select md5(random()::text), repeat(md5(random()::text), 6), expiry
    ${MADE}`,
  indexes: [
    'alter table django_session add constraint django_session_pkey primary key (session_key)',
    'create index django_session_session_key_like on django_session (session_key varchar_pattern_ops)',
    'create index django_session_expire_date on django_session (expire_date)',
  ],
  insert: `insert into django_session values (md5(random()::text), '', now() + interval '14 days')`,
  environment: {
    SESSION_CLEANUP_TABLE: 'django_session',
    SESSION_CLEANUP_EXPIRES_COLUMN: 'expire_date',
  },
};

/** SQL of a row's place in the span of expiries, 0 to 1. */
export function ageOf(order: RowOrder, rows: number): string {
  return order === 'random' ? 'random()' : `i::float8 / ${String(rows)}`;
}

/** SQL of the instant by which a share of the rows has expired, never later than the present. */
export function deadlineOf(shape: TableShape, share: number): string {
  return `(select least(now(), min(${shape.expiry}) + ${String(share)} * interval '${String(SPAN_DAYS)} days') from ${shape.table})`;
}
