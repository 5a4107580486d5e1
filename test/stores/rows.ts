/** For every preset: rows on both sides of each boundary and condition, and which of them a clean-up deletes. */
import { DDL } from './ddl.ts';

/** SQL expressions by column; `:n` is the number of the row, `:deadline` the deadline as a `timestamptz`. */
type Values = Readonly<Record<string, string>>;

export interface StoreRow {
  readonly why: string;
  readonly goes: boolean;
  readonly values: Values;
  /** SQL that follows the row, such as those of its children. */
  readonly after: string | undefined;
}

export interface StoreCase {
  readonly ddl: string;
  /** The zone in which the test writes, where the preset leaves it to the site. */
  readonly zone?: string;
  /** Values of every row. */
  readonly always?: Values;
  readonly rows: readonly StoreRow[];
  /** Rows that are left in other tables. */
  readonly left?: Readonly<Record<string, number>>;
}

/** How a column stores an instant, and the least step from one to the next. */
interface Storage {
  readonly write: (instant: string) => string;
  readonly step: string;
}

const TIMESTAMPTZ: Storage = { write: (instant) => instant, step: '1 microsecond' };
const MILLISECONDS: Storage = {
  write: (instant) => `(extract(epoch from ${instant}) * 1000)::bigint`,
  step: '1 millisecond',
};
const SECONDS: Storage = {
  write: (instant) => `extract(epoch from ${instant})::bigint`,
  step: '1 second',
};

/** Not the zone of any connection, so that reading a value in the wrong one deletes another set of rows. */
const ZONE = 'Asia/Kolkata';

function timestampIn(zone: string, step = '1 microsecond'): Storage {
  return { write: (instant) => `((${instant}) at time zone '${zone}')`, step };
}

const UTC = timestampIn('UTC');
const LOCAL = timestampIn(ZONE);
const LOCAL_SECONDS = timestampIn(ZONE, '1 second');

function goes(why: string, values: Values, after?: string): StoreRow {
  return { why, goes: true, values, after };
}

function stays(why: string, values: Values, after?: string): StoreRow {
  return { why, goes: false, values, after };
}

/** Long after the deadline. */
const LATER = ":deadline + interval '400 hours'";

/** An interval before the deadline; in hours and less, as a day's length depends on the session's zone. */
function before(interval: string): string {
  return `:deadline - interval '${interval}'`;
}

function long(storage: Storage): string {
  return storage.write(before('20000 hours'));
}

/** Rows around the deadline, for a column with the expiry, or with the start of a lifetime. */
function around(column: string, storage: Storage, lifetime = '0 hours'): readonly StoreRow[] {
  const start = before(lifetime);
  return [
    goes('expires at the deadline', { [column]: storage.write(start) }),
    goes('expired long ago', { [column]: long(storage) }),
    stays('expires one unit after the deadline', {
      [column]: storage.write(`${start} + interval '${storage.step}'`),
    }),
    stays('expires later', { [column]: storage.write(LATER) }),
  ];
}

const neverInfinite = (column: string): StoreRow =>
  stays('never expires', { [column]: "'infinity'" });
const neverNull = (column: string): StoreRow => stays('has no expiry', { [column]: 'null' });

const UUID = 'md5(:n::text)::uuid';
const ONE = "'00000000-0000-0000-0000-000000000001'";
const NAME = "'k' || :n";

const flowToken = `insert into authentik_flows_flowtoken (token_ptr_id) values (${UUID})`;
const clientSessions = (session: string, flag: string): string =>
  `insert into offline_client_session (user_session_id, offline_flag, client_id)
   values (${session}, '${flag}', 'a'), (${session}, '${flag}', 'b')`;
const leagueRefreshToken = (expiry: string): string =>
  `insert into oauth2_refresh_token values ('r' || :n, 'k' || :n, ${LOCAL.write(expiry)}, false)`;
const oidcRefreshToken = `insert into oidc_refresh_token values ('r' || :n, ${UTC.write(LATER)}, 'k' || :n)`;
const amrClaim = `insert into auth.mfa_amr_claims (session_id) values (${UUID});
  insert into auth.refresh_tokens (token, revoked, updated_at, session_id) values ('t' || :n, false, :deadline, ${UUID})`;
const challenge = `insert into auth.mfa_challenges (factor_id, created_at) values (${UUID}, :deadline)`;
const relayState = `insert into auth.saml_relay_states values (${UUID}, 'r', ${UUID}, :deadline)`;
const synapseAccessToken =
  "insert into access_tokens (id, user_id, token, refresh_token_id) values (:n, 'u', 't' || :n, :n)";

const OUTSTANDING = { id: ':n', jti: NAME, token: NAME };
const DOT_ACCESS = { id: ':n', token: NAME, token_checksum: NAME };
const KEYCLOAK = {
  user_session_id: NAME,
  realm_id: "'r'",
  offline_flag: "'0'",
  remember_me: 'false',
  created_on: SECONDS.write(':deadline'),
  last_session_refresh: SECONDS.write(':deadline'),
};
const NEXTCLOUD = { token: NAME, type: '0', remember: '0', version: '2' };
const PHOENIX = { user_id: '1', token: "convert_to('t' || :n, 'UTF8')", context: "'session'" };
const AUTHENTIK = {
  token_uuid: UUID,
  identifier: NAME,
  key: NAME,
  expiring: 'true',
  intent: "'verification'",
};
const DOORKEEPER = {
  application_id: '1',
  token: NAME,
  expires_in: '7200',
  created_at: UTC.write(':deadline'),
};
const DOORKEEPER_GRANT = {
  ...DOORKEEPER,
  resource_owner_id: '1',
  redirect_uri: "'urn:ietf:wg:oauth:2.0:oob'",
};
const SYMFONY = { sess_id: NAME, sess_data: "''::bytea", sess_time: SECONDS.write(':deadline') };
const PASSPORT_ACCESS = { id: NAME, client_id: UUID, revoked: 'false' };
const LEAGUE = { identifier: NAME, client: "'c'", revoked: 'false' };
const SYNAPSE_REFRESH = { id: ':n', user_id: "'u'", device_id: "'d'", token: NAME };
const GRAFANA = {
  user_id: '1',
  auth_token: NAME,
  prev_auth_token: NAME,
  created_at: SECONDS.write(':deadline'),
  rotated_at: SECONDS.write(':deadline'),
};

/** By preset. */
export const STORE_CASES: Readonly<Record<string, StoreCase>> = {
  // Node.js
  'connect-pg-simple': {
    ddl: DDL.connectPgSimple,
    zone: ZONE,
    always: { sid: NAME, sess: "'{}'" },
    rows: [...around('expire', LOCAL), neverInfinite('expire')],
  },
  'connect-session-knex': {
    ddl: DDL.connectSessionKnex,
    always: { sid: NAME, sess: "'{}'" },
    rows: [...around('expired', TIMESTAMPTZ), neverInfinite('expired')],
  },
  'connect-typeorm': {
    ddl: DDL.connectTypeorm,
    always: { id: NAME, json: "'{}'" },
    rows: [
      ...around('expiredAt', MILLISECONDS),
      stays('never expires', { expiredAt: '9223372036854775807' }),
      goes('was destroyed and has expired', {
        expiredAt: long(MILLISECONDS),
        destroyedAt: long(UTC),
      }),
    ],
  },
  'connect-typeorm-destroyed': {
    ddl: DDL.connectTypeorm,
    zone: ZONE,
    always: { id: NAME, json: "'{}'", expiredAt: MILLISECONDS.write(LATER) },
    rows: [...around('destroyedAt', LOCAL), neverNull('destroyedAt')],
  },
  'authjs-sessions': {
    ddl: DDL.authjs,
    always: { userId: '1', sessionToken: NAME },
    rows: [...around('expires', TIMESTAMPTZ), neverInfinite('expires')],
  },
  'authjs-mikro-orm-sessions': {
    ddl: DDL.authjsMikroOrm,
    always: { id: NAME, user_id: "'u'", session_token: NAME },
    rows: around('expires', { ...TIMESTAMPTZ, step: '1 second' }),
  },
  'authjs-verification-tokens': {
    ddl: DDL.authjs,
    always: { identifier: NAME, token: NAME },
    rows: around('expires', TIMESTAMPTZ),
  },
  'better-auth-sessions': {
    ddl: DDL.betterAuth,
    always: { id: NAME, token: NAME, userId: "'u'" },
    rows: around('expiresAt', TIMESTAMPTZ),
    left: { '"user"': 1 },
  },
  'better-auth-verifications': {
    ddl: DDL.betterAuth,
    always: { id: NAME, identifier: NAME, value: NAME },
    rows: around('expiresAt', TIMESTAMPTZ),
  },
  lucia: {
    ddl: DDL.lucia,
    always: { id: NAME, user_id: "'u'" },
    rows: around('expires_at', TIMESTAMPTZ),
  },
  'directus-sessions': {
    ddl: DDL.directus,
    always: { token: NAME },
    rows: around('expires', TIMESTAMPTZ),
  },
  'payload-sessions': {
    ddl: DDL.payload,
    always: { _order: ':n', _parent_id: '1', id: NAME },
    rows: around('expires_at', { ...TIMESTAMPTZ, step: '1 millisecond' }),
  },
  'n8n-invalid-tokens': {
    ddl: DDL.n8n,
    zone: ZONE,
    always: { token: NAME },
    rows: around('expiresAt', timestampIn(ZONE, '1 millisecond')),
  },
  strapi: {
    ddl: DDL.strapi,
    zone: ZONE,
    always: { expires_at: long(LOCAL) },
    rows: [...around('absolute_expires_at', LOCAL), neverNull('absolute_expires_at')],
  },
  'rafiki-access-tokens': {
    ddl: DDL.rafiki,
    always: { id: UUID, value: NAME, expiresIn: '600' },
    rows: [
      ...around('createdAt', TIMESTAMPTZ, '10 minutes'),
      stays('has no lifetime', { createdAt: long(TIMESTAMPTZ), expiresIn: 'null' }),
    ],
  },

  // Java
  'spring-session': {
    ddl: DDL.springSession,
    always: {
      primary_id: UUID,
      session_id: UUID,
      creation_time: '0',
      last_access_time: '0',
      max_inactive_interval: '1800',
    },
    rows: [
      ...around('expiry_time', MILLISECONDS),
      stays('never expires', { expiry_time: '9223372036854775807' }),
      goes(
        'has attributes and has expired',
        { expiry_time: long(MILLISECONDS) },
        `insert into spring_session_attributes values (${UUID}, 'a', ''), (${UUID}, 'b', '')`,
      ),
      stays(
        'has attributes and lives',
        { expiry_time: MILLISECONDS.write(LATER) },
        `insert into spring_session_attributes values (${UUID}, 'a', '')`,
      ),
    ],
    left: { spring_session_attributes: 1 },
  },
  'spring-session-1': {
    ddl: DDL.springSession1,
    always: { session_id: UUID, creation_time: '0', max_inactive_interval: '1800' },
    rows: [
      ...around('last_access_time', MILLISECONDS, '1800 seconds'),
      stays('never expires', {
        last_access_time: long(MILLISECONDS),
        max_inactive_interval: '-1',
      }),
      stays('has the longest interval', {
        last_access_time: long(MILLISECONDS),
        max_inactive_interval: '2147483647',
      }),
      goes('expires at once', {
        last_access_time: MILLISECONDS.write(':deadline'),
        max_inactive_interval: '0',
      }),
    ],
  },
  'spring-authorization-server': {
    ddl: DDL.springAuthorizationServer,
    zone: ZONE,
    always: {
      id: NAME,
      registered_client_id: "'c'",
      principal_name: "'p'",
      authorization_grant_type: "'authorization_code'",
    },
    rows: [
      ...[
        'authorization_code_expires_at',
        'access_token_expires_at',
        'oidc_id_token_expires_at',
        'refresh_token_expires_at',
        'user_code_expires_at',
        'device_code_expires_at',
      ].flatMap((column) => around(column, LOCAL)),
      stays('has no token yet', { state: "'waits for consent'" }),
      stays('has a live refresh token beside an expired access token', {
        authorization_code_expires_at: long(LOCAL),
        access_token_expires_at: long(LOCAL),
        refresh_token_expires_at: LOCAL.write(":deadline + interval '1 microsecond'"),
      }),
      goes('has tokens of which the last has expired', {
        authorization_code_expires_at: long(LOCAL),
        access_token_expires_at: long(LOCAL),
        refresh_token_expires_at: LOCAL.write(':deadline'),
      }),
    ],
  },
  'keycloak-idle-sessions': {
    ddl: DDL.keycloak,
    always: KEYCLOAK,
    rows: [
      ...around('last_session_refresh', SECONDS, '30 minutes'),
      goes(
        'has client sessions and has expired',
        { user_session_id: "'shared'", last_session_refresh: long(SECONDS) },
        clientSessions("'shared'", '0'),
      ),
      stays(
        'is the offline session of the same id',
        { user_session_id: "'shared'", offline_flag: "'1'", last_session_refresh: long(SECONDS) },
        clientSessions("'shared'", '1'),
      ),
      stays('is remembered', { remember_me: 'true', last_session_refresh: long(SECONDS) }),
      stays('may be remembered', { remember_me: 'null', last_session_refresh: long(SECONDS) }),
    ],
    left: { offline_client_session: 2 },
  },
  'keycloak-old-sessions': {
    ddl: DDL.keycloak,
    always: KEYCLOAK,
    rows: [
      ...around('created_on', SECONDS, '10 hours'),
      goes(
        'has client sessions and has expired',
        { created_on: long(SECONDS) },
        clientSessions(NAME, '0'),
      ),
      stays('is an offline session', { offline_flag: "'1'", created_on: long(SECONDS) }),
      stays('is remembered', { remember_me: 'true', created_on: long(SECONDS) }),
      stays('may be remembered', { remember_me: 'null', created_on: long(SECONDS) }),
    ],
    left: { offline_client_session: 0 },
  },
  'keycloak-idle-offline-sessions': {
    ddl: DDL.keycloak,
    always: { ...KEYCLOAK, offline_flag: "'1'" },
    rows: [
      ...around('last_session_refresh', SECONDS, '720 hours'),
      goes(
        'has client sessions and has expired',
        { user_session_id: "'shared'", last_session_refresh: long(SECONDS) },
        clientSessions("'shared'", '1'),
      ),
      stays(
        'is the online session of the same id',
        { user_session_id: "'shared'", offline_flag: "'0'", last_session_refresh: long(SECONDS) },
        clientSessions("'shared'", '0'),
      ),
    ],
    left: { offline_client_session: 2 },
  },
  metabase: {
    ddl: DDL.metabase,
    always: { id: NAME, user_id: '1' },
    rows: around('created_at', TIMESTAMPTZ, '20160 minutes'),
  },

  // Python
  'django-sessions': {
    ddl: DDL.django,
    always: { session_key: NAME, session_data: "''" },
    rows: around('expire_date', TIMESTAMPTZ),
  },
  'django-rest-knox': {
    ddl: DDL.knox,
    always: { digest: NAME, token_key: NAME, created: 'now()', user_id: '1' },
    rows: [...around('expiry', TIMESTAMPTZ), neverNull('expiry')],
  },
  simplejwt: {
    ddl: DDL.simplejwt,
    always: OUTSTANDING,
    rows: [
      ...around('expires_at', TIMESTAMPTZ),
      goes(
        'is revoked and has expired',
        { expires_at: long(TIMESTAMPTZ) },
        'insert into token_blacklist_blacklistedtoken (token_id) values (:n)',
      ),
      stays(
        'is revoked and has not expired',
        { expires_at: LATER },
        'insert into token_blacklist_blacklistedtoken (token_id) values (:n)',
      ),
    ],
    left: { token_blacklist_blacklistedtoken: 1 },
  },
  'django-oauth-toolkit-grants': {
    ddl: DDL.djangoOauthToolkit,
    always: { code: NAME },
    rows: around('expires', TIMESTAMPTZ),
  },
  'django-oauth-toolkit-refresh-tokens': {
    ddl: DDL.djangoOauthToolkit,
    always: { id: ':n', token: NAME },
    rows: [
      ...around('revoked', TIMESTAMPTZ),
      neverNull('revoked'),
      goes(
        'was exchanged for an access token',
        { revoked: long(TIMESTAMPTZ) },
        `insert into oauth2_provider_accesstoken (token, token_checksum, expires, source_refresh_token_id)
         values ('a', 'a', :deadline, :n)`,
      ),
    ],
    left: { oauth2_provider_accesstoken: 1 },
  },
  'django-oauth-toolkit-access-tokens': {
    ddl: `${DDL.djangoOauthToolkit}; insert into oauth2_provider_refreshtoken (id, token) values (100, 's')`,
    always: DOT_ACCESS,
    rows: [
      ...around('expires', TIMESTAMPTZ),
      stays(
        'has expired and has a refresh token',
        { expires: long(TIMESTAMPTZ) },
        "insert into oauth2_provider_refreshtoken (token, access_token_id) values ('r', :n)",
      ),
      goes('has expired and came from a refresh token', {
        expires: long(TIMESTAMPTZ),
        source_refresh_token_id: '100',
      }),
    ],
    left: { oauth2_provider_refreshtoken: 2 },
  },
  'django-oauth-toolkit-id-tokens': {
    ddl: DDL.djangoOauthToolkit,
    always: { id: ':n', jti: UUID },
    rows: [
      ...around('expires', TIMESTAMPTZ),
      stays(
        'has expired and has an access token',
        { expires: long(TIMESTAMPTZ) },
        "insert into oauth2_provider_accesstoken (token, token_checksum, expires, id_token_id) values ('a', 'a', :deadline, :n)",
      ),
    ],
    left: { oauth2_provider_accesstoken: 1 },
  },
  'flask-session': {
    ddl: DDL.flaskSession,
    always: { session_id: NAME },
    rows: [...around('expiry', UTC), neverNull('expiry')],
  },
  'flask-session-without-expiry': {
    ddl: DDL.flaskSession,
    always: { session_id: NAME },
    rows: [
      goes('has no expiry', { expiry: 'null' }),
      stays('has expired, which the other preset cleans', { expiry: long(UTC) }),
      stays('lives', { expiry: UTC.write(LATER) }),
    ],
  },
  superset: {
    ddl: DDL.superset,
    zone: ZONE,
    always: { resource: "'app'", value: "''::bytea" },
    rows: [...around('expires_on', LOCAL), neverNull('expires_on')],
  },
  'authentik-tokens': {
    ddl: DDL.authentik,
    always: AUTHENTIK,
    rows: [
      ...around('expires', TIMESTAMPTZ),
      neverNull('expires'),
      goes('is for recovery', { expires: long(TIMESTAMPTZ), intent: "'recovery'" }, flowToken),
      stays('does not expire', { expires: long(TIMESTAMPTZ), expiring: 'false' }),
      stays('is an API token', { expires: long(TIMESTAMPTZ), intent: "'api'" }),
      stays('is an app password', { expires: long(TIMESTAMPTZ), intent: "'app_password'" }),
      stays('is of a flow that goes on', { expires: LATER }, flowToken),
    ],
    left: { authentik_flows_flowtoken: 1 },
  },
  'authentik-tokens-without-expiry': {
    ddl: DDL.authentik,
    always: { ...AUTHENTIK, expires: 'null' },
    rows: [
      goes('has no expiry, though it expires', {}, flowToken),
      stays('does not expire', { expiring: 'false' }),
      stays('is an API token', { intent: "'api'" }),
      stays('has an expiry', { expires: long(TIMESTAMPTZ) }, flowToken),
    ],
    left: { authentik_flows_flowtoken: 1 },
  },
  'synapse-access-tokens': {
    ddl: `${DDL.synapse}; insert into refresh_tokens (id, user_id, device_id, token) values (100, 'u', 'd', 'r')`,
    always: { id: ':n', user_id: "'u'", token: NAME },
    rows: [
      ...around('valid_until_ms', MILLISECONDS),
      neverNull('valid_until_ms'),
      stays('belongs to a refresh token', {
        valid_until_ms: long(MILLISECONDS),
        refresh_token_id: '100',
      }),
    ],
    left: { refresh_tokens: 1 },
  },
  'synapse-idle-refresh-tokens': {
    ddl: DDL.synapse,
    always: SYNAPSE_REFRESH,
    rows: [
      ...around('expiry_ts', MILLISECONDS),
      neverNull('expiry_ts'),
      goes(
        'has expired with its access token',
        { expiry_ts: long(MILLISECONDS) },
        synapseAccessToken,
      ),
      stays('has expired and follows a live token', { expiry_ts: long(MILLISECONDS) }),
      stays(
        'lives and is followed by an expired token',
        {
          expiry_ts: MILLISECONDS.write(LATER),
          next_token_id: ':n - 1',
        },
        synapseAccessToken,
      ),
    ],
    left: { access_tokens: 1 },
  },
  'synapse-old-refresh-tokens': {
    ddl: DDL.synapse,
    always: SYNAPSE_REFRESH,
    rows: [
      ...around('ultimate_session_expiry_ts', MILLISECONDS),
      neverNull('ultimate_session_expiry_ts'),
      goes(
        'has expired with its access token',
        {
          ultimate_session_expiry_ts: long(MILLISECONDS),
        },
        synapseAccessToken,
      ),
      stays(
        'lives with its access token',
        {
          ultimate_session_expiry_ts: MILLISECONDS.write(LATER),
        },
        synapseAccessToken,
      ),
    ],
    left: { access_tokens: 1 },
  },

  // Ruby
  'rails-sessions': {
    ddl: DDL.rails,
    always: { session_id: NAME, created_at: long(UTC) },
    rows: around('updated_at', UTC, '720 hours'),
  },
  'rails-sessions-created': {
    ddl: DDL.rails,
    always: { session_id: NAME, updated_at: UTC.write(':deadline') },
    rows: around('created_at', UTC, '720 hours'),
  },
  'doorkeeper-access-tokens': {
    ddl: DDL.doorkeeper,
    always: DOORKEEPER,
    rows: [
      ...around('created_at', UTC, '2 hours'),
      stays('has no lifetime', { created_at: long(UTC), expires_in: 'null' }),
      stays('can be refreshed', { created_at: long(UTC), refresh_token: NAME }),
      stays('has the longest lifetime', { created_at: long(UTC), expires_in: '2147483647' }),
      stays('is revoked, which the other preset cleans', { revoked_at: long(UTC) }),
    ],
  },
  'doorkeeper-revoked-access-tokens': {
    ddl: DDL.doorkeeper,
    always: DOORKEEPER,
    rows: [
      ...around('revoked_at', UTC),
      neverNull('revoked_at'),
      goes('can be refreshed no more', { revoked_at: long(UTC), refresh_token: NAME }),
    ],
  },
  'doorkeeper-access-grants': {
    ddl: DDL.doorkeeper,
    always: { ...DOORKEEPER_GRANT, expires_in: '600' },
    rows: around('created_at', UTC, '10 minutes'),
  },
  'doorkeeper-revoked-access-grants': {
    ddl: DDL.doorkeeper,
    always: DOORKEEPER_GRANT,
    rows: [...around('revoked_at', UTC), neverNull('revoked_at')],
  },
  'discourse-auth-tokens': {
    ddl: DDL.discourse,
    always: { user_id: '1', auth_token: NAME, prev_auth_token: NAME },
    rows: around('rotated_at', UTC, '1440 hours'),
  },
  'discourse-auth-token-logs': {
    ddl: DDL.discourse,
    always: { action: "'rotate'" },
    rows: [
      ...around('created_at', UTC, '1440 hours'),
      stays('tells of a suspicious login', { action: "'suspicious'", created_at: long(UTC) }),
      stays('tells of a login', { action: "'generate'", created_at: long(UTC) }),
    ],
  },

  // PHP
  'symfony-sessions': {
    ddl: DDL.symfonySession,
    always: SYMFONY,
    rows: [
      ...around('sess_lifetime', SECONDS),
      stays('holds a length of time', { sess_lifetime: '1440' }),
      stays('holds the longest length of time', { sess_lifetime: '315576000' }),
      goes('holds the first instant', { sess_lifetime: '315576001' }),
    ],
  },
  'symfony-sessions-old': {
    ddl: DDL.symfonySession,
    always: { ...SYMFONY, sess_lifetime: '1440' },
    rows: [
      ...around('sess_time', SECONDS, '1440 seconds'),
      stays('holds a future instant', {
        sess_time: long(SECONDS),
        sess_lifetime: SECONDS.write(LATER),
      }),
      stays('holds a past instant, which the other preset cleans', {
        sess_time: long(SECONDS),
        sess_lifetime: long(SECONDS),
      }),
      stays('has the longest lifetime', {
        sess_time: long(SECONDS),
        sess_lifetime: '315576000',
      }),
    ],
  },
  'symfony-cache': {
    ddl: DDL.symfonyCache,
    always: { item_id: NAME, item_data: "''::bytea", item_lifetime: '3600' },
    rows: [
      ...around('item_time', SECONDS, '1 hour'),
      stays('has no lifetime', { item_time: long(SECONDS), item_lifetime: 'null' }),
    ],
  },
  'laravel-sessions': {
    ddl: DDL.laravel,
    always: { id: NAME, payload: "''" },
    rows: around('last_activity', SECONDS, '120 minutes'),
  },
  'laravel-password-resets': {
    ddl: DDL.laravel,
    zone: ZONE,
    always: { email: NAME, token: NAME },
    rows: [...around('created_at', LOCAL_SECONDS, '60 minutes'), neverNull('created_at')],
  },
  'laravel-cache': {
    ddl: DDL.laravel,
    always: { key: NAME, value: "''" },
    rows: [
      ...around('expiration', SECONDS),
      stays('is cached forever', {
        expiration: SECONDS.write(":deadline + interval '87600 hours'"),
      }),
    ],
  },
  'laravel-cache-locks': {
    ddl: DDL.laravel,
    always: { key: NAME, owner: NAME },
    rows: around('expiration', SECONDS),
  },
  sanctum: {
    ddl: DDL.sanctum,
    zone: ZONE,
    always: { tokenable_type: "'User'", tokenable_id: '1', name: "'t'", token: NAME },
    rows: [...around('expires_at', LOCAL_SECONDS), neverNull('expires_at')],
  },
  'passport-access-tokens': {
    ddl: DDL.passport,
    zone: ZONE,
    always: PASSPORT_ACCESS,
    rows: [...around('expires_at', LOCAL_SECONDS), neverNull('expires_at')],
  },
  'passport-revoked-access-tokens': {
    ddl: DDL.passport,
    always: PASSPORT_ACCESS,
    rows: [
      goes('is revoked', { revoked: 'true', expires_at: LOCAL.write(LATER) }),
      goes('is revoked and has no expiry', { revoked: 'true' }),
      stays('has expired, which the other preset cleans', { expires_at: long(LOCAL) }),
      stays('lives', { expires_at: LOCAL.write(LATER) }),
    ],
  },
  'passport-refresh-tokens': {
    ddl: DDL.passport,
    zone: ZONE,
    always: { id: NAME, access_token_id: NAME, revoked: 'false' },
    rows: [...around('expires_at', LOCAL_SECONDS), neverNull('expires_at')],
  },
  'passport-revoked-refresh-tokens': {
    ddl: DDL.passport,
    always: { id: NAME, access_token_id: NAME, revoked: 'false' },
    rows: [
      goes('is revoked', { revoked: 'true' }),
      stays('lives', { expires_at: LOCAL.write(LATER) }),
      stays('has expired, which the other preset cleans', { expires_at: long(LOCAL) }),
    ],
  },
  'passport-auth-codes': {
    ddl: DDL.passport,
    zone: ZONE,
    always: { id: NAME, user_id: '1', client_id: UUID, revoked: 'false' },
    rows: [
      ...around('expires_at', LOCAL_SECONDS),
      stays('is used and has not expired', {
        revoked: 'true',
        expires_at: LOCAL.write(LATER),
      }),
    ],
  },
  'league-oauth2-access-tokens': {
    ddl: DDL.leagueOauth2,
    zone: ZONE,
    always: LEAGUE,
    rows: [
      ...around('expiry', LOCAL_SECONDS),
      stays(
        'has expired and has a refresh token',
        { expiry: long(LOCAL) },
        leagueRefreshToken(LATER),
      ),
    ],
    left: { oauth2_refresh_token: 1 },
  },
  'league-oauth2-refresh-tokens': {
    ddl: DDL.leagueOauth2,
    zone: ZONE,
    always: { identifier: NAME, revoked: 'false' },
    rows: around('expiry', LOCAL_SECONDS),
  },
  'league-oauth2-authorization-codes': {
    ddl: DDL.leagueOauth2,
    zone: ZONE,
    always: LEAGUE,
    rows: around('expiry', LOCAL_SECONDS),
  },
  'simplesamlphp-oidc-access-tokens': {
    ddl: DDL.simplesamlphpOidc,
    always: { id: NAME, user_id: "'u'", client_id: "'c'" },
    rows: [
      ...around('expires_at', UTC),
      stays('has expired and has a refresh token', { expires_at: long(UTC) }, oidcRefreshToken),
    ],
    left: { oidc_refresh_token: 1 },
  },
  'simplesamlphp-oidc-refresh-tokens': {
    ddl: `${DDL.simplesamlphpOidc}; insert into oidc_access_token values ('a', '', '2020-01-01', 'u', 'c')`,
    always: { id: NAME, access_token_id: "'a'" },
    rows: around('expires_at', UTC),
    left: { oidc_access_token: 1 },
  },
  'nextcloud-sessions': {
    ddl: DDL.nextcloud,
    always: NEXTCLOUD,
    rows: [
      ...around('last_activity', SECONDS, '24 hours'),
      stays('is remembered', { remember: '1', last_activity: long(SECONDS) }),
      stays('is an app password', { type: '1', last_activity: long(SECONDS) }),
      stays('is of the first version', { version: '1', last_activity: long(SECONDS) }),
    ],
  },
  'nextcloud-remembered-sessions': {
    ddl: DDL.nextcloud,
    always: { ...NEXTCLOUD, remember: '1' },
    rows: [
      ...around('last_activity', SECONDS, '360 hours'),
      stays('is not remembered', { remember: '0', last_activity: long(SECONDS) }),
      stays('is an app password', { type: '1', last_activity: long(SECONDS) }),
    ],
  },
  'nextcloud-wipe-tokens': {
    ddl: DDL.nextcloud,
    always: { ...NEXTCLOUD, type: '2' },
    rows: [
      ...around('last_activity', SECONDS, '1440 hours'),
      stays('is a session', { type: '0', last_activity: long(SECONDS) }),
    ],
  },
  'nextcloud-app-passwords': {
    ddl: DDL.nextcloud,
    always: { ...NEXTCLOUD, type: '1' },
    rows: [
      ...around('last_activity', SECONDS, '8760 hours'),
      stays('is a session', { type: '0', last_activity: long(SECONDS) }),
      stays('is a wipe token', { type: '2', last_activity: long(SECONDS) }),
    ],
  },

  // Go
  scs: {
    ddl: DDL.scs,
    always: { token: NAME, data: "''::bytea" },
    rows: around('expiry', TIMESTAMPTZ),
  },
  'gorilla-pgstore': {
    ddl: DDL.pgstore,
    rows: [...around('expires_on', TIMESTAMPTZ), neverNull('expires_on')],
  },
  gitea: {
    ddl: DDL.gitea,
    always: { key: NAME },
    rows: [...around('expiry', SECONDS, '86400 seconds'), neverNull('expiry')],
  },
  'grafana-idle-sessions': {
    ddl: DDL.grafana,
    always: GRAFANA,
    rows: around('rotated_at', SECONDS, '168 hours'),
  },
  'grafana-old-sessions': {
    ddl: DDL.grafana,
    always: GRAFANA,
    rows: around('created_at', SECONDS, '720 hours'),
  },
  mattermost: {
    ddl: DDL.mattermost,
    always: { id: NAME, token: NAME },
    rows: [
      ...around('expiresat', MILLISECONDS),
      stays('never expires', { expiresat: '0' }),
      neverNull('expiresat'),
      goes('expired in the first millisecond', { expiresat: '1' }),
    ],
  },
  kratos: {
    ddl: DDL.kratos,
    always: { id: UUID, identity_id: ONE },
    rows: [
      ...around('expires_at', UTC),
      goes(
        'has a device and has expired',
        { expires_at: long(UTC) },
        `insert into session_devices (session_id) values (${UUID});
         insert into identity_pending_traits_changes (session_id) values (${UUID})`,
      ),
      stays(
        'has a device and lives',
        { expires_at: UTC.write(LATER) },
        `insert into session_devices (session_id) values (${UUID})`,
      ),
    ],
    left: { session_devices: 1, identity_pending_traits_changes: 1 },
  },
  'hydra-access-tokens': {
    ddl: DDL.hydra,
    always: { signature: NAME, request_id: "'r'", client_id: "'c'", session_data: "''" },
    rows: around('requested_at', UTC, '1 hour'),
  },
  'hydra-refresh-tokens': {
    ddl: DDL.hydra,
    always: { signature: NAME, request_id: "'r'", client_id: "'c'", session_data: "''" },
    rows: around('requested_at', UTC, '720 hours'),
  },
  'hatchet-sessions': {
    ddl: DDL.hatchet,
    always: { id: UUID },
    rows: around('expiresAt', timestampIn('UTC', '1 millisecond')),
  },
  'hatchet-anonymous-sessions': {
    ddl: DDL.hatchet,
    always: { id: UUID, expiresAt: UTC.write(LATER) },
    rows: [
      ...around('createdAt', timestampIn('UTC', '1 millisecond'), '24 hours'),
      stays('belongs to a user', { createdAt: long(UTC), userId: UUID }),
    ],
  },
  coder: {
    ddl: DDL.coder,
    always: { id: NAME, user_id: ONE, hashed_secret: "''::bytea" },
    rows: [
      ...around('expires_at', TIMESTAMPTZ),
      stays(
        'has expired and can be refreshed',
        { expires_at: long(TIMESTAMPTZ) },
        `insert into oauth2_provider_app_tokens (id, expires_at, api_key_id) values (${UUID}, ${LATER}, 'k' || :n)`,
      ),
    ],
    left: { oauth2_provider_app_tokens: 1 },
  },
  'goalert-sessions': {
    ddl: DDL.goalert,
    always: { id: UUID },
    rows: around('last_access_at', TIMESTAMPTZ, '720 hours'),
  },
  'supabase-sessions': {
    ddl: DDL.supabase,
    always: { id: UUID, user_id: ONE },
    rows: [
      ...around('not_after', TIMESTAMPTZ),
      neverNull('not_after'),
      goes('has tokens and has expired', { not_after: long(TIMESTAMPTZ) }, amrClaim),
      stays('has tokens and lives', { not_after: LATER }, amrClaim),
    ],
    left: { 'auth.refresh_tokens': 1, 'auth.mfa_amr_claims': 1 },
  },
  'supabase-refresh-tokens': {
    ddl: DDL.supabase,
    always: { token: NAME, revoked: 'true' },
    rows: [
      ...around('updated_at', TIMESTAMPTZ, '24 hours'),
      neverNull('updated_at'),
      stays('is not revoked', { updated_at: long(TIMESTAMPTZ), revoked: 'false' }),
      stays('may be valid', { updated_at: long(TIMESTAMPTZ), revoked: 'null' }),
    ],
  },
  'supabase-flow-states': {
    ddl: DDL.supabase,
    always: { id: UUID },
    rows: [
      ...around('created_at', TIMESTAMPTZ, '24 hours'),
      neverNull('created_at'),
      goes('has a relay state and has expired', { created_at: long(TIMESTAMPTZ) }, relayState),
      stays('has a relay state and lives', { created_at: ':deadline' }, relayState),
    ],
    left: { 'auth.saml_relay_states': 1 },
  },
  'supabase-saml-relay-states': {
    ddl: DDL.supabase,
    always: { id: UUID, request_id: "'r'" },
    rows: [...around('created_at', TIMESTAMPTZ, '24 hours'), neverNull('created_at')],
  },
  'supabase-oauth-client-states': {
    ddl: DDL.supabase,
    always: { id: UUID, provider_type: "'p'" },
    rows: around('created_at', TIMESTAMPTZ, '24 hours'),
  },
  'supabase-mfa-challenges': {
    ddl: DDL.supabase,
    always: { id: UUID, factor_id: "'00000000-0000-0000-0000-000000000002'" },
    rows: around('created_at', TIMESTAMPTZ, '24 hours'),
    left: { 'auth.mfa_factors': 1 },
  },
  'supabase-unverified-mfa-factors': {
    // The verified factor of the other presets is not in the way.
    ddl: `${DDL.supabase}; delete from auth.mfa_factors`,
    always: { id: UUID, user_id: ONE, status: "'unverified'" },
    rows: [
      ...around('created_at', TIMESTAMPTZ, '24 hours'),
      stays('is verified', { status: "'verified'", created_at: long(TIMESTAMPTZ) }, challenge),
      goes('has a challenge and has expired', { created_at: long(TIMESTAMPTZ) }, challenge),
    ],
    left: { 'auth.mfa_challenges': 1 },
  },
  'supabase-webauthn-challenges': {
    ddl: DDL.supabase,
    always: { id: UUID, user_id: ONE, challenge_type: "'login'", session_data: "'{}'" },
    rows: around('expires_at', TIMESTAMPTZ),
  },

  // Elixir
  'phoenix-sessions': {
    ddl: DDL.phoenix,
    always: PHOENIX,
    rows: [
      ...around('inserted_at', timestampIn('UTC', '1 second'), '1440 hours'),
      stays('is a magic link', { context: "'login'", inserted_at: long(UTC) }),
      stays('is an API token', { context: "'api-token'", inserted_at: long(UTC) }),
    ],
  },
  'phoenix-magic-links': {
    ddl: DDL.phoenix,
    always: { ...PHOENIX, context: "'login'" },
    rows: [
      ...around('inserted_at', timestampIn('UTC', '1 second'), '15 minutes'),
      stays('is a session', { context: "'session'", inserted_at: long(UTC) }),
    ],
  },
  'phoenix-email-changes': {
    ddl: DDL.phoenix,
    always: { ...PHOENIX, context: "'change:old@example.org'" },
    rows: [
      ...around('inserted_at', timestampIn('UTC', '1 second'), '168 hours'),
      goes('changes from an empty address', { context: "'change:'", inserted_at: long(UTC) }),
      stays('is a session', { context: "'session'", inserted_at: long(UTC) }),
      stays('only resembles a change', { context: "'Change:x'", inserted_at: long(UTC) }),
      stays('has the prefix further on', { context: "'exchange:x'", inserted_at: long(UTC) }),
    ],
  },
  'hexpm-sessions': {
    ddl: DDL.hexpm,
    always: { token: "''::bytea", data: "'{}'", inserted_at: long(UTC) },
    rows: around('updated_at', UTC, '720 hours'),
  },

  // Others
  'tower-sessions': {
    ddl: DDL.towerSessions,
    always: { id: NAME, data: "''::bytea" },
    rows: around('expiry_date', TIMESTAMPTZ),
  },
  adonisjs: {
    ddl: DDL.adonisjs,
    always: { tokenable_id: '1', type: "'auth_token'", hash: NAME, abilities: "'[]'" },
    rows: [...around('expires_at', TIMESTAMPTZ), neverNull('expires_at')],
  },
};

/** Presets whose table comes with an index that finds expired rows. */
export const INDEXED: ReadonlySet<string> = new Set(
  `authentik-tokens connect-pg-simple connect-session-knex connect-typeorm
   django-sessions gorilla-pgstore hydra-access-tokens hydra-refresh-tokens
   laravel-sessions mattermost nextcloud-app-passwords nextcloud-remembered-sessions
   nextcloud-sessions nextcloud-wipe-tokens rails-sessions sanctum
   scs spring-session supabase-flow-states supabase-mfa-challenges
   supabase-refresh-tokens supabase-saml-relay-states supabase-sessions supabase-webauthn-challenges
   superset symfony-sessions`.split(/\s+/),
);
