/** The tables that the benchmark deletes from: as each software creates them, and how they are filled. */

/** How rows lie in the table: in random order of expiry, or each expiry later than the one before. */
export type RowOrder = 'random' | 'inserted';

export type ShapeName = 'sessions' | 'connect-pg-simple' | 'django';

export interface TableShape {
  readonly table: string;
  readonly key: string;
  readonly expiry: string;
  /** Creates the table and its indexes; undefined: our own migration does. */
  readonly create?: string;
  /** Inserts `$rows` rows; `$age` is each row's place in the span of expiries, 0 to 1. */
  readonly fill: string;
  /** The product's settings for this table. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The expiries of a table span so many days: a deadline at a share of the span expires that share of rows. */
export const SPAN_DAYS = 60;

/**
 * Contenders that take the present as their deadline need live rows that stay live: the first half of the
 * span ends an hour before the table is filled, the second begins a day after.
 */
const EXPIRIES = `from (
    select case when age < 0.5 then now() - interval '1 hour' - (0.5 - age) * interval '${String(SPAN_DAYS)} days'
      else now() + interval '1 day' + (age - 0.5) * interval '${String(SPAN_DAYS)} days' end as expiry
    from (select $age as age from generate_series(1, $rows) as i) as aged
  ) as expiries`;

export const TABLE_SHAPES: Readonly<Record<ShapeName, TableShape>> = {
  /** The product's own table, with all its indexes. */
  sessions: {
    table: 'sessions',
    key: 'id',
    expiry: 'expires_at',
    fill: `insert into sessions (user_id, token_hash, user_agent, ip_address, created_at, last_seen_at, expires_at)
    select 'user-' || (random() * 1e6)::int, md5(random()::text) || md5(random()::text),
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
      inet '10.0.0.0' + (random() * 16777215)::int, expiry - interval '30 days', expiry - interval '14 days', expiry
    ${EXPIRIES}`,
    environment: {},
  },

  /** As `connect-pg-simple` declares it in its `table.sql`. */
  'connect-pg-simple': {
    table: 'session',
    key: 'sid',
    expiry: 'expire',
    create: `create table session (sid varchar not null collate "default", sess json not null, expire timestamp(6) not null);
      alter table session add constraint session_pkey primary key (sid) not deferrable initially immediate;
      create index "IDX_session_expire" on session (expire)`,
    fill: `insert into session (sid, sess, expire)
    select md5(random()::text), json_build_object('cookie', json_build_object('originalMaxAge', 1209600000,
        'expires', expiry, 'httpOnly', true, 'path', '/'), 'user', (random() * 1e6)::int, 'csrf', md5(random()::text)), expiry
    ${EXPIRIES}`,
    environment: {
      SESSION_CLEANUP_TABLE: 'session',
      SESSION_CLEANUP_EXPIRES_COLUMN: 'expire',
      SESSION_CLEANUP_EXPIRES_TYPE: 'timestamp',
    },
  },

  /** As the migrations of Django's `django.contrib.sessions` create it. */
  django: {
    table: 'django_session',
    key: 'session_key',
    expiry: 'expire_date',
    create: `create table django_session (session_key varchar(40) not null primary key, session_data text not null, expire_date timestamptz not null);
      create index django_session_session_key_like on django_session (session_key varchar_pattern_ops);
      create index django_session_expire_date on django_session (expire_date)`,
    fill: `insert into django_session (session_key, session_data, expire_date)
    select md5(random()::text), repeat(md5(random()::text), 6), expiry
    ${EXPIRIES}`,
    environment: {
      SESSION_CLEANUP_TABLE: 'django_session',
      SESSION_CLEANUP_EXPIRES_COLUMN: 'expire_date',
    },
  },
};
