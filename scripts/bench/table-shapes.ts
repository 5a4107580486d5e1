/** The tables that the benchmark deletes from: as each software creates them, and how they are filled. */

/** How rows lie in the table: in random order of expiry, or each expiry later than the one before. */
export type RowOrder = 'random' | 'inserted';

export const SHAPE_NAMES = [
  'sessions',
  'connect-pg-simple',
  'django',
  'age',
  'condition',
  'two-columns',
  'children',
] as const;

export type ShapeName = (typeof SHAPE_NAMES)[number];

export interface TableShape {
  readonly table: string;
  readonly key: string;
  /** SQL for the instant at which a row expires. */
  readonly expiry: string;
  /** SQL that is true for the rows which have expired by `$deadline`, an instant; default: by their expiry. */
  readonly expired?: string;
  /** A table whose rows refer to the key, and are deleted first. */
  readonly child?: { readonly table: string; readonly column: string; readonly create: string };
  /** Creates the table and its indexes; undefined: our own migration does. */
  readonly create?: string;
  /** Inserts `$rows` rows; `$age` is each row's place in the span of expiries, 0 to 1. */
  readonly fill: string;
  /** The product's settings for this table. */
  readonly environment: Readonly<Record<string, string>>;
  /** The product's configuration file for this table, instead of settings. */
  readonly file?: string;
}

/** SQL that is true for the rows which have expired by the deadline, as SQL. */
export function expiredBy({ expiry, expired }: TableShape, deadline: string): string {
  return (expired ?? `${expiry} <= $deadline`).replaceAll('$deadline', `${deadline}::timestamptz`);
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

  /** The time of last use, and a lifetime for all. */
  age: {
    table: 'user_sessions',
    key: 'id',
    expiry: `updated_at + interval '30 days'`,
    expired: `updated_at <= $deadline - interval '30 days'`,
    create: `create table user_sessions (id text primary key, data text not null, updated_at timestamptz not null);
      create index user_sessions_updated_at on user_sessions (updated_at)`,
    fill: `insert into user_sessions (id, data, updated_at)
    select md5(random()::text), repeat(md5(random()::text), 6), expiry - interval '30 days'
    ${EXPIRIES}`,
    environment: {},
    file: `targets:
  age: { table: user_sessions, expires: { column: updated_at, lifetime: 30d } }
`,
  },

  /** Tokens of several kinds in one table, of which the rule names two. */
  condition: {
    table: 'user_tokens',
    key: 'id',
    expiry: 'expires_at',
    expired: `expires_at <= $deadline and context in ('login', 'reset')`,
    create: `create table user_tokens (id text primary key, context text not null, data text not null, expires_at timestamptz not null);
      create index user_tokens_expires_at on user_tokens (expires_at)`,
    fill: `insert into user_tokens (id, context, data, expires_at)
    select md5(random()::text), (array['login', 'login', 'reset', 'api'])[1 + floor(random() * 4)],
      repeat(md5(random()::text), 6), expiry
    ${EXPIRIES}`,
    environment: {},
    file: `targets:
  condition: { table: user_tokens, expires: { column: expires_at }, where: { context: [login, reset] } }
`,
  },

  /** A start and a lifetime in each row, as most OAuth libraries keep them. */
  'two-columns': {
    table: 'oauth_access_tokens',
    key: 'id',
    expiry: 'created_at + make_interval(secs => expires_in)',
    create: `create table oauth_access_tokens (id text primary key, data text not null, expires_in int4, created_at timestamptz not null)`,
    fill: `insert into oauth_access_tokens (id, data, expires_in, created_at)
    select md5(random()::text), repeat(md5(random()::text), 6), lifetime, expiry - make_interval(secs => lifetime)
    from (select 600 * (1 + floor(random() * 12)::int4) as lifetime, expiry ${EXPIRIES}) as lived`,
    environment: {},
    file: `targets:
  two-columns:
    table: oauth_access_tokens
    expires: { column: created_at, lifetimeColumn: expires_in, lifetimeUnit: seconds }
`,
  },

  /** Three rows that refer to each session, by a foreign key without a cascade. */
  children: {
    table: 'web_sessions',
    key: 'id',
    expiry: 'expires_at',
    child: {
      table: 'session_attributes',
      column: 'session_id',
      create: `create table session_attributes (session_id text not null references web_sessions, name text not null, data text not null);
      insert into session_attributes (session_id, name, data)
        select id, 'attribute ' || i, repeat(md5(random()::text), 3) from web_sessions, generate_series(1, 3) as i;
      alter table session_attributes add primary key (session_id, name)`,
    },
    create: `create table web_sessions (id text primary key, expires_at timestamptz not null);
      create index web_sessions_expires_at on web_sessions (expires_at)`,
    fill: `insert into web_sessions (id, expires_at) select md5(random()::text), expiry ${EXPIRIES}`,
    environment: {},
    file: `targets:
  children:
    table: web_sessions
    expires: { column: expires_at }
    dependents: [{ table: session_attributes, column: session_id }]
`,
  },
};
