import type { TargetEntry } from './target-entry.ts';

/** The rule of one set of rows of a known store. */
export interface Preset {
  /** The software that creates the table. */
  readonly store: string;
  /** Where that software defines the table or the rule. */
  readonly source: string;
  /** What the operator has to know or to decide. */
  readonly note?: string;
  /** Columns besides those of the rule by which `init` distinguishes the table from others of its name. */
  readonly columns?: readonly string[];
  /** Left out: a `timestamp` without a `timeZone` is written in the zone of a process, which no database knows. */
  readonly zone?: 'of-connections';
  /** What no default answers; `init` leaves the target off until the operator has. */
  readonly question?: string;
  /** As an entry below `targets:`; a target that uses the preset may override every key. */
  readonly target: TargetEntry;
}

/** For a lifetime that is a setting of the store: the default would delete live rows where the site has a longer one. */
const LIFETIME_OF_SITE = 'Is the lifetime at least the one that this site has set?';

/**
 * Rules of known stores, by name. A number that only the site knows is the store's own default, and `note` says so.
 * A `timestamp` that the store writes in the time zone of its process or connection has no `timeZone` here.
 */
export const PRESETS: Readonly<Record<string, Preset>> = {
  // Node.js
  'connect-pg-simple': {
    store: 'connect-pg-simple (Express)',
    source: 'https://github.com/voxpelli/node-connect-pg-simple/blob/main/table.sql',
    note: "`expire` is written in the time zone of the application's connections: set timeZone to it.",
    columns: ['sid', 'sess'],
    zone: 'of-connections',
    target: { table: 'session', expires: { column: 'expire' } },
  },
  'connect-session-knex': {
    store: 'connect-session-knex (Express)',
    source: 'https://github.com/gx0r/connect-session-knex/blob/master/src/index.ts',
    columns: ['sid', 'sess'],
    target: { table: 'sessions', expires: { column: 'expired' } },
  },
  'connect-typeorm': {
    store: 'connect-typeorm (Express, NestJS)',
    source: 'https://github.com/freshgiammi-lab/connect-typeorm/blob/master/README.md',
    note: 'The name of the table is that of the entity in the README.',
    columns: ['expiredAt', 'json'],
    target: { table: 'session', expires: { column: 'expiredAt', type: 'epoch-milliseconds' } },
  },
  'connect-typeorm-destroyed': {
    store: 'connect-typeorm (Express, NestJS): sessions destroyed before their expiry',
    source: 'https://github.com/freshgiammi-lab/connect-typeorm/blob/master/README.md',
    note: "`destroyedAt` is written in the time zone of the application's connections: set timeZone to it.",
    columns: ['expiredAt', 'json'],
    zone: 'of-connections',
    target: { table: 'session', expires: { column: 'destroyedAt' } },
  },
  'authjs-sessions': {
    store: 'Auth.js with @auth/pg-adapter',
    source: 'https://github.com/nextauthjs/next-auth/blob/main/packages/adapter-pg/schema.sql',
    note: 'The Drizzle adapter writes a `timestamp`: set timeZone.',
    columns: ['sessionToken', 'userId'],
    target: { table: 'sessions', expires: { column: 'expires' } },
  },
  'authjs-mikro-orm-sessions': {
    store: 'Auth.js with @auth/mikro-orm-adapter',
    source:
      'https://github.com/nextauthjs/next-auth/blob/main/packages/adapter-mikro-orm/src/lib/entities.ts',
    columns: ['session_token', 'user_id'],
    target: { table: 'session', expires: { column: 'expires' } },
  },
  'authjs-verification-tokens': {
    store: 'Auth.js with @auth/pg-adapter or @auth/mikro-orm-adapter',
    source: 'https://github.com/nextauthjs/next-auth/blob/main/packages/adapter-pg/schema.sql',
    columns: ['identifier', 'token'],
    target: { table: 'verification_token', expires: { column: 'expires' } },
  },
  'better-auth-sessions': {
    store: 'Better Auth',
    source:
      'https://github.com/better-auth/better-auth/blob/main/packages/core/src/db/get-tables.ts',
    note: 'A schema generated for Drizzle has the column `expires_at`, a `timestamp`: set expires.column and timeZone.',
    columns: ['token', 'userId'],
    target: { table: 'session', expires: { column: 'expiresAt' } },
  },
  'better-auth-verifications': {
    store: 'Better Auth',
    source:
      'https://github.com/better-auth/better-auth/blob/main/packages/core/src/db/get-tables.ts',
    note: 'A schema generated for Drizzle has the column `expires_at`, a `timestamp`: set expires.column and timeZone.',
    columns: ['identifier', 'value'],
    target: { table: 'verification', expires: { column: 'expiresAt' } },
  },
  lucia: {
    store: 'Lucia 3',
    source: 'https://github.com/lucia-auth/lucia/blob/v3/docs/pages/database/postgresql.md',
    columns: ['user_id'],
    target: { table: 'user_session', expires: { column: 'expires_at' } },
  },
  'directus-sessions': {
    store: 'Directus',
    source:
      'https://github.com/directus/directus/blob/main/api/src/database/seeds/12-sessions.yaml',
    target: { table: 'directus_sessions', expires: { column: 'expires' } },
  },
  'payload-sessions': {
    store: 'Payload CMS 3',
    source: 'https://payloadcms.com/docs/authentication/overview',
    note: 'The table of the collection `users`. Set table for a collection of another name, such as admins_sessions.',
    columns: ['_order', '_parent_id'],
    target: { table: 'users_sessions', expires: { column: 'expires_at' } },
  },
  'n8n-invalid-tokens': {
    store: 'n8n',
    source:
      'https://github.com/n8n-io/n8n/blob/master/packages/%40n8n/db/src/migrations/common/1723627610222-CreateInvalidAuthTokenTable.ts',
    note: 'A block list: deleting a row before its expiry admits the token again, hence the grace of a day. Where `expiresAt` is a `timestamp`, set timeZone to that of the n8n process.',
    target: { table: 'invalid_auth_token', expires: { column: 'expiresAt' }, grace: '1d' },
  },
  strapi: {
    store: 'Strapi 5',
    source:
      'https://github.com/strapi/strapi/blob/develop/packages/core/core/src/services/session-manager.ts',
    note: 'Written in the time zone of the Strapi process: set timeZone to it.',
    target: { table: 'strapi_sessions', expires: { column: 'absolute_expires_at' } },
  },
  'rafiki-access-tokens': {
    store: 'Rafiki auth server',
    source:
      'https://github.com/interledger/rafiki/blob/main/packages/auth/src/accessToken/model.ts',
    note: 'The grace of 30 days is the default of ACCESS_TOKEN_DELETION_DAYS.',
    columns: ['value'],
    target: {
      table: 'accessTokens',
      expires: { column: 'createdAt', lifetimeColumn: 'expiresIn', lifetimeUnit: 'seconds' },
      grace: '30d',
    },
  },

  // Java
  'spring-session': {
    store: 'Spring Session JDBC 2 and later',
    source:
      'https://github.com/spring-projects/spring-session/blob/main/spring-session-jdbc/src/main/resources/org/springframework/session/jdbc/schema-postgresql.sql',
    columns: ['expiry_time'],
    target: {
      table: 'spring_session',
      expires: { column: 'expiry_time', type: 'epoch-milliseconds' },
    },
  },
  'spring-session-1': {
    store: 'Spring Session JDBC 1',
    source:
      'https://github.com/spring-projects/spring-session/blob/1.3.x/spring-session/src/main/resources/org/springframework/session/jdbc/schema-postgresql.sql',
    note: 'Only for tables without the column `expiry_time`.',
    target: {
      table: 'spring_session',
      expires: {
        column: 'last_access_time',
        type: 'epoch-milliseconds',
        lifetimeColumn: 'max_inactive_interval',
        lifetimeUnit: 'seconds',
      },
    },
  },
  'spring-authorization-server': {
    store: 'Spring Authorization Server (JDBC)',
    source:
      'https://github.com/spring-projects/spring-authorization-server/blob/main/oauth2-authorization-server/src/main/resources/org/springframework/security/oauth2/server/authorization/oauth2-authorization-schema.sql',
    note: 'Written in the time zone of the Java process: set timeZone to it. An authorization that waits for consent has no expiry and stays.',
    target: {
      table: 'oauth2_authorization',
      expires: {
        latestOf: [
          'authorization_code_expires_at',
          'access_token_expires_at',
          'oidc_id_token_expires_at',
          'refresh_token_expires_at',
          'user_code_expires_at',
          'device_code_expires_at',
        ],
      },
    },
  },
  'keycloak-idle-sessions': {
    store: 'Keycloak 26.5 and later, persistent user sessions',
    source:
      'https://github.com/keycloak/keycloak/blob/main/model/jpa/src/main/java/org/keycloak/models/jpa/session/PersistentUserSessionEntity.java',
    note: '30 minutes is the default of SSO Session Idle. Realms with another value need a target each, with their realm_id in where. Remember-me sessions are left out: their timeout may be longer. Before 26.5 the column remember_me is missing, and every session counts: override where.',
    question: 'Is the lifetime at least the timeout of every realm and client?',
    target: {
      table: 'offline_user_session',
      expires: { column: 'last_session_refresh', type: 'epoch-seconds', lifetime: '30m' },
      where: { offline_flag: '0', remember_me: false },
      grace: '10m',
      dependents: [
        {
          table: 'offline_client_session',
          columns: { user_session_id: 'user_session_id', offline_flag: 'offline_flag' },
        },
      ],
    },
  },
  'keycloak-old-sessions': {
    store: 'Keycloak 26.5 and later, persistent user sessions',
    source:
      'https://github.com/keycloak/keycloak/blob/main/model/jpa/src/main/java/org/keycloak/models/jpa/session/PersistentUserSessionEntity.java',
    note: '10 hours is the default of SSO Session Max. Realms with another value need a target each, with their realm_id in where. Remember-me sessions are left out: their timeout may be longer.',
    question: 'Is the lifetime at least the timeout of every realm and client?',
    target: {
      table: 'offline_user_session',
      expires: { column: 'created_on', type: 'epoch-seconds', lifetime: '10h' },
      where: { offline_flag: '0', remember_me: false },
      grace: '10m',
      dependents: [
        {
          table: 'offline_client_session',
          columns: { user_session_id: 'user_session_id', offline_flag: 'offline_flag' },
        },
      ],
    },
  },
  'keycloak-idle-offline-sessions': {
    store: 'Keycloak, offline sessions',
    source:
      'https://github.com/keycloak/keycloak/blob/main/model/jpa/src/main/java/org/keycloak/models/jpa/session/PersistentUserSessionEntity.java',
    note: '30 days is the default of Offline Session Idle; Offline Session Max is off by default. Realms with another value need a target each, with their realm_id in where.',
    question: 'Is the lifetime at least the timeout of every realm and client?',
    target: {
      table: 'offline_user_session',
      expires: { column: 'last_session_refresh', type: 'epoch-seconds', lifetime: '30d' },
      where: { offline_flag: '1' },
      grace: '10m',
      dependents: [
        {
          table: 'offline_client_session',
          columns: { user_session_id: 'user_session_id', offline_flag: 'offline_flag' },
        },
      ],
    },
  },
  metabase: {
    store: 'Metabase',
    source: 'https://www.metabase.com/docs/latest/configuring-metabase/environment-variables',
    note: '14 days is the default of MAX_SESSION_AGE (20160 minutes).',
    columns: ['user_id'],
    question: LIFETIME_OF_SITE,
    target: { table: 'core_session', expires: { column: 'created_at', lifetime: '14d' } },
  },

  // Python
  'django-sessions': {
    store: 'Django',
    source: 'https://github.com/django/django/blob/main/django/contrib/sessions/base_session.py',
    target: { table: 'django_session', expires: { column: 'expire_date' } },
  },
  'django-rest-knox': {
    store: 'django-rest-knox',
    source: 'https://github.com/jazzband/django-rest-knox/blob/develop/knox/models.py',
    target: { table: 'knox_authtoken', expires: { column: 'expiry' } },
  },
  simplejwt: {
    store: 'djangorestframework-simplejwt, token blacklist',
    source:
      'https://github.com/jazzband/djangorestframework-simplejwt/blob/master/rest_framework_simplejwt/token_blacklist/models.py',
    target: {
      table: 'token_blacklist_outstandingtoken',
      expires: { column: 'expires_at' },
      dependents: [{ table: 'token_blacklist_blacklistedtoken', column: 'token_id' }],
    },
  },
  'django-oauth-toolkit-grants': {
    store: 'django-oauth-toolkit',
    source:
      'https://github.com/jazzband/django-oauth-toolkit/blob/master/oauth2_provider/models.py',
    target: { table: 'oauth2_provider_grant', expires: { column: 'expires' } },
  },
  'django-oauth-toolkit-refresh-tokens': {
    store: 'django-oauth-toolkit',
    source:
      'https://github.com/jazzband/django-oauth-toolkit/blob/master/oauth2_provider/models.py',
    note: 'Revoked tokens only: the expiry of the others is that of their access token, in another table. They serve to detect reuse: set grace to REFRESH_TOKEN_EXPIRE_SECONDS, which has no default.',
    target: {
      table: 'oauth2_provider_refreshtoken',
      expires: { column: 'revoked' },
      grace: '30d',
      unlink: [{ table: 'oauth2_provider_accesstoken', column: 'source_refresh_token_id' }],
    },
  },
  'django-oauth-toolkit-access-tokens': {
    store: 'django-oauth-toolkit',
    source:
      'https://github.com/jazzband/django-oauth-toolkit/blob/master/oauth2_provider/models.py',
    note: 'An access token stays while its refresh token exists.',
    target: {
      table: 'oauth2_provider_accesstoken',
      expires: { column: 'expires' },
      unlessReferenced: true,
    },
  },
  'django-oauth-toolkit-id-tokens': {
    store: 'django-oauth-toolkit',
    source:
      'https://github.com/jazzband/django-oauth-toolkit/blob/master/oauth2_provider/models.py',
    note: 'An ID token stays while its access token exists.',
    target: {
      table: 'oauth2_provider_idtoken',
      expires: { column: 'expires' },
      unlessReferenced: true,
    },
  },
  'flask-session': {
    store: 'Flask-Session with SQLAlchemy',
    source:
      'https://github.com/pallets-eco/flask-session/blob/development/src/flask_session/sqlalchemy/sqlalchemy.py',
    note: 'The sessions of Apache Airflow (FAB) are in the table `session`: set table.',
    columns: ['session_id', 'data'],
    target: { table: 'sessions', expires: { column: 'expiry' }, timeZone: 'UTC' },
  },
  'flask-session-without-expiry': {
    store: 'Flask-Session with SQLAlchemy: rows whose expiry is NULL count as expired',
    source:
      'https://github.com/pallets-eco/flask-session/blob/development/src/flask_session/sqlalchemy/sqlalchemy.py',
    columns: ['session_id', 'data'],
    target: { table: 'sessions', expires: 'immediately', where: { expiry: null } },
  },
  superset: {
    store: 'Apache Superset, key-value store',
    source: 'https://github.com/apache/superset/blob/master/superset/key_value/models.py',
    note: 'Written in the time zone of the Superset process: set timeZone to it.',
    columns: ['resource', 'value', 'uuid'],
    target: { table: 'key_value', expires: { column: 'expires_on' } },
  },
  'authentik-tokens': {
    store: 'authentik',
    source: 'https://github.com/goauthentik/authentik/blob/main/authentik/core/models.py',
    note: 'API tokens and app passwords are left out: authentik rotates some of them instead of deleting them.',
    target: {
      table: 'authentik_core_token',
      expires: { column: 'expires' },
      where: { expiring: true, intent: ['verification', 'recovery'] },
      unlessReferenced: true,
      dependents: [{ table: 'authentik_flows_flowtoken', column: 'token_ptr_id' }],
    },
  },
  'authentik-tokens-without-expiry': {
    store: 'authentik: expiring tokens whose expiry is NULL count as expired',
    source: 'https://github.com/goauthentik/authentik/blob/main/authentik/core/models.py',
    target: {
      table: 'authentik_core_token',
      expires: 'immediately',
      where: { expiring: true, expires: null, intent: ['verification', 'recovery'] },
      unlessReferenced: true,
      dependents: [{ table: 'authentik_flows_flowtoken', column: 'token_ptr_id' }],
    },
  },
  'synapse-access-tokens': {
    store: 'Synapse (Matrix)',
    source: 'https://github.com/element-hq/synapse/tree/develop/synapse/storage/schema/main/delta',
    note: 'Tokens without a refresh token. With an expired token a client is logged out softly, with a deleted one it discards its encryption keys: keep grace long.',
    columns: ['device_id'],
    target: {
      table: 'access_tokens',
      expires: { column: 'valid_until_ms', type: 'epoch-milliseconds' },
      where: { refresh_token_id: null },
      grace: '90d',
    },
  },
  'synapse-idle-refresh-tokens': {
    store: 'Synapse (Matrix)',
    source: 'https://github.com/element-hq/synapse/tree/develop/synapse/storage/schema/main/delta',
    note: 'Refresh tokens that were not used in time, with their access tokens. With an expired token a client is logged out softly, with a deleted one it discards its encryption keys: keep grace long.',
    target: {
      table: 'refresh_tokens',
      expires: { column: 'expiry_ts', type: 'epoch-milliseconds' },
      grace: '90d',
      unlessReferenced: true,
      dependents: [{ table: 'access_tokens', column: 'refresh_token_id' }],
    },
  },
  'synapse-old-refresh-tokens': {
    store: 'Synapse (Matrix)',
    source: 'https://github.com/element-hq/synapse/tree/develop/synapse/storage/schema/main/delta',
    note: 'Refresh tokens of sessions that have reached their end, with their access tokens. With an expired token a client is logged out softly, with a deleted one it discards its encryption keys: keep grace long.',
    target: {
      table: 'refresh_tokens',
      expires: { column: 'ultimate_session_expiry_ts', type: 'epoch-milliseconds' },
      grace: '90d',
      unlessReferenced: true,
      dependents: [{ table: 'access_tokens', column: 'refresh_token_id' }],
    },
  },

  // Ruby
  'rails-sessions': {
    store: 'Rails, activerecord-session_store',
    source:
      'https://github.com/rails/activerecord-session_store/blob/master/lib/tasks/database.rake',
    note: '30 days is the default of SESSION_DAYS_TRIM_THRESHOLD.',
    columns: ['session_id', 'data'],
    question: LIFETIME_OF_SITE,
    target: {
      table: 'sessions',
      expires: { column: 'updated_at', lifetime: '30d' },
      timeZone: 'UTC',
    },
  },
  'rails-sessions-created': {
    store: 'Rails, activerecord-session_store: sessions older than a fixed age',
    source:
      'https://github.com/rails/activerecord-session_store/blob/master/lib/tasks/database.rake',
    note: 'Ends sessions that are still in use: only for applications that want an absolute age. Set expires.lifetime to it.',
    columns: ['session_id', 'data'],
    question: 'Should sessions end at that age even while they are in use?',
    target: {
      table: 'sessions',
      expires: { column: 'created_at', lifetime: '30d' },
      timeZone: 'UTC',
    },
  },
  'doorkeeper-access-tokens': {
    store: 'Doorkeeper',
    source:
      'https://github.com/doorkeeper-gem/doorkeeper/blob/main/lib/doorkeeper/stale_records_cleaner.rb',
    note: 'Tokens with a refresh token are left out, as Doorkeeper does.',
    columns: ['application_id', 'resource_owner_id'],
    target: {
      table: 'oauth_access_tokens',
      expires: { column: 'created_at', lifetimeColumn: 'expires_in', lifetimeUnit: 'seconds' },
      timeZone: 'UTC',
      where: { refresh_token: null },
    },
  },
  'doorkeeper-revoked-access-tokens': {
    store: 'Doorkeeper',
    source:
      'https://github.com/doorkeeper-gem/doorkeeper/blob/main/lib/doorkeeper/stale_records_cleaner.rb',
    columns: ['application_id', 'resource_owner_id'],
    target: {
      table: 'oauth_access_tokens',
      expires: { column: 'revoked_at' },
      timeZone: 'UTC',
    },
  },
  'doorkeeper-access-grants': {
    store: 'Doorkeeper',
    source:
      'https://github.com/doorkeeper-gem/doorkeeper/blob/main/lib/doorkeeper/stale_records_cleaner.rb',
    columns: ['application_id', 'resource_owner_id'],
    target: {
      table: 'oauth_access_grants',
      expires: { column: 'created_at', lifetimeColumn: 'expires_in', lifetimeUnit: 'seconds' },
      timeZone: 'UTC',
    },
  },
  'doorkeeper-revoked-access-grants': {
    store: 'Doorkeeper',
    source:
      'https://github.com/doorkeeper-gem/doorkeeper/blob/main/lib/doorkeeper/stale_records_cleaner.rb',
    columns: ['application_id', 'resource_owner_id'],
    target: {
      table: 'oauth_access_grants',
      expires: { column: 'revoked_at' },
      timeZone: 'UTC',
    },
  },
  'discourse-auth-tokens': {
    store: 'Discourse',
    source: 'https://github.com/discourse/discourse/blob/main/app/models/user_auth_token.rb',
    note: '60 days is the default of the site setting maximum_session_age (1440 hours).',
    columns: ['auth_token', 'prev_auth_token'],
    question: LIFETIME_OF_SITE,
    target: {
      table: 'user_auth_tokens',
      expires: { column: 'rotated_at', lifetime: '60d' },
      timeZone: 'UTC',
      grace: '10m',
    },
  },
  'discourse-auth-token-logs': {
    store: 'Discourse',
    source: 'https://github.com/discourse/discourse/blob/main/app/models/user_auth_token.rb',
    note: '60 days is the default of the site setting maximum_session_age (1440 hours).',
    question: LIFETIME_OF_SITE,
    target: {
      table: 'user_auth_token_logs',
      expires: { column: 'created_at', lifetime: '60d' },
      timeZone: 'UTC',
      where: { action: { not: ['suspicious', 'generate'] } },
      grace: '10m',
    },
  },

  // PHP
  'symfony-sessions': {
    store: 'Symfony PdoSessionHandler 4.4 and later',
    source:
      'https://github.com/symfony/symfony/blob/7.4/src/Symfony/Component/HttpFoundation/Session/Storage/Handler/PdoSessionHandler.php',
    note: 'Rows written before 4.4 hold a length of time in sess_lifetime and are left out: see symfony-sessions-old.',
    columns: ['sess_id', 'sess_data', 'sess_time'],
    target: {
      table: 'sessions',
      expires: { column: 'sess_lifetime', type: 'epoch-seconds' },
      where: { sess_lifetime: { above: 315_576_000 } },
    },
  },
  'symfony-sessions-old': {
    store: 'Symfony PdoSessionHandler before 4.4',
    source:
      'https://github.com/symfony/symfony/blob/4.3/src/Symfony/Component/HttpFoundation/Session/Storage/Handler/PdoSessionHandler.php',
    note: 'Rows written by 4.4 and later hold an instant in sess_lifetime and are left out: see symfony-sessions.',
    columns: ['sess_id', 'sess_data', 'sess_time'],
    target: {
      table: 'sessions',
      expires: {
        column: 'sess_time',
        type: 'epoch-seconds',
        lifetimeColumn: 'sess_lifetime',
        lifetimeUnit: 'seconds',
      },
      where: { sess_lifetime: { not: { above: 315_576_000 } } },
    },
  },
  'symfony-cache': {
    store: 'Symfony Cache, PdoAdapter or DoctrineDbalAdapter',
    source:
      'https://github.com/symfony/symfony/blob/7.4/src/Symfony/Component/Cache/Adapter/PdoAdapter.php',
    target: {
      table: 'cache_items',
      expires: {
        column: 'item_time',
        type: 'epoch-seconds',
        lifetimeColumn: 'item_lifetime',
        lifetimeUnit: 'seconds',
      },
    },
  },
  'laravel-sessions': {
    store: 'Laravel',
    source:
      'https://github.com/laravel/framework/blob/12.x/src/Illuminate/Session/DatabaseSessionHandler.php',
    note: '2 hours is the default of SESSION_LIFETIME (120 minutes).',
    columns: ['payload'],
    question: LIFETIME_OF_SITE,
    target: {
      table: 'sessions',
      expires: { column: 'last_activity', type: 'epoch-seconds', lifetime: '2h' },
    },
  },
  'laravel-password-resets': {
    store: 'Laravel',
    source:
      'https://github.com/laravel/framework/blob/12.x/src/Illuminate/Auth/Passwords/DatabaseTokenRepository.php',
    note: 'An hour is the default of auth.passwords.users.expire. Written in the time zone of app.timezone: set timeZone to it. Before Laravel 10 the table is password_resets.',
    columns: ['email', 'token'],
    question: LIFETIME_OF_SITE,
    target: {
      table: 'password_reset_tokens',
      expires: { column: 'created_at', lifetime: '1h' },
    },
  },
  'laravel-cache': {
    store: 'Laravel, database cache',
    source: 'https://github.com/laravel/framework/blob/12.x/src/Illuminate/Cache/DatabaseStore.php',
    columns: ['key', 'value'],
    target: { table: 'cache', expires: { column: 'expiration', type: 'epoch-seconds' } },
  },
  'laravel-cache-locks': {
    store: 'Laravel, locks of the database cache',
    source: 'https://github.com/laravel/framework/blob/12.x/src/Illuminate/Cache/DatabaseLock.php',
    columns: ['key', 'owner'],
    target: { table: 'cache_locks', expires: { column: 'expiration', type: 'epoch-seconds' } },
  },
  sanctum: {
    store: 'Laravel Sanctum',
    source: 'https://github.com/laravel/sanctum/blob/4.x/src/Console/Commands/PruneExpired.php',
    note: 'Written in the time zone of app.timezone: set timeZone to it. A day is the default of sanctum:prune-expired --hours. Where sanctum.expiration is set, add a target on created_at, with lifetime: as many minutes.',
    columns: ['tokenable_type', 'tokenable_id'],
    target: {
      table: 'personal_access_tokens',
      expires: { column: 'expires_at' },
      grace: '1d',
    },
  },
  'passport-access-tokens': {
    store: 'Laravel Passport',
    source: 'https://github.com/laravel/passport/blob/13.x/src/Console/PurgeCommand.php',
    note: 'Written in the time zone of app.timezone: set timeZone to it. 7 days is the default of passport:purge --hours.',
    columns: ['client_id', 'revoked'],
    target: { table: 'oauth_access_tokens', expires: { column: 'expires_at' }, grace: '7d' },
  },
  'passport-revoked-access-tokens': {
    store: 'Laravel Passport',
    source: 'https://github.com/laravel/passport/blob/13.x/src/Console/PurgeCommand.php',
    columns: ['client_id', 'revoked'],
    target: { table: 'oauth_access_tokens', expires: 'immediately', where: { revoked: true } },
  },
  'passport-refresh-tokens': {
    store: 'Laravel Passport',
    source: 'https://github.com/laravel/passport/blob/13.x/src/Console/PurgeCommand.php',
    note: 'Written in the time zone of app.timezone: set timeZone to it. 7 days is the default of passport:purge --hours.',
    columns: ['access_token_id', 'revoked'],
    target: { table: 'oauth_refresh_tokens', expires: { column: 'expires_at' }, grace: '7d' },
  },
  'passport-revoked-refresh-tokens': {
    store: 'Laravel Passport',
    source: 'https://github.com/laravel/passport/blob/13.x/src/Console/PurgeCommand.php',
    columns: ['access_token_id', 'revoked'],
    target: { table: 'oauth_refresh_tokens', expires: 'immediately', where: { revoked: true } },
  },
  'passport-auth-codes': {
    store: 'Laravel Passport',
    source: 'https://github.com/laravel/passport/blob/13.x/src/Console/PurgeCommand.php',
    note: 'Written in the time zone of app.timezone: set timeZone to it. Revoked codes stay until they expire: before Passport 13 a deleted code counts as not revoked. 7 days is the default of passport:purge --hours.',
    columns: ['client_id', 'revoked'],
    target: { table: 'oauth_auth_codes', expires: { column: 'expires_at' }, grace: '7d' },
  },
  'league-oauth2-access-tokens': {
    store: 'league/oauth2-server-bundle and trikoder/oauth2-bundle (Symfony)',
    source:
      'https://github.com/thephpleague/oauth2-server-bundle/blob/master/src/Persistence/Mapping/Driver.php',
    note: 'Written in the time zone of the PHP process: set timeZone to it. An access token stays while its refresh token exists.',
    columns: ['identifier', 'revoked'],
    target: {
      table: 'oauth2_access_token',
      expires: { column: 'expiry' },
      unlessReferenced: true,
    },
  },
  'league-oauth2-refresh-tokens': {
    store: 'league/oauth2-server-bundle and trikoder/oauth2-bundle (Symfony)',
    source:
      'https://github.com/thephpleague/oauth2-server-bundle/blob/master/src/Persistence/Mapping/Driver.php',
    note: 'Written in the time zone of the PHP process: set timeZone to it.',
    columns: ['identifier', 'revoked'],
    target: { table: 'oauth2_refresh_token', expires: { column: 'expiry' } },
  },
  'league-oauth2-authorization-codes': {
    store: 'league/oauth2-server-bundle and trikoder/oauth2-bundle (Symfony)',
    source:
      'https://github.com/thephpleague/oauth2-server-bundle/blob/master/src/Persistence/Mapping/Driver.php',
    note: 'Written in the time zone of the PHP process: set timeZone to it.',
    columns: ['identifier', 'revoked'],
    target: { table: 'oauth2_authorization_code', expires: { column: 'expiry' } },
  },
  'simplesamlphp-oidc-access-tokens': {
    store: 'SimpleSAMLphp, module oidc',
    source:
      'https://github.com/simplesamlphp/simplesamlphp-module-oidc/blob/master/src/Repositories/AccessTokenRepository.php',
    note: 'An access token stays while its refresh token exists. Set table where database.prefix is set.',
    columns: ['client_id', 'is_revoked'],
    target: {
      table: 'oidc_access_token',
      expires: { column: 'expires_at' },
      timeZone: 'UTC',
      unlessReferenced: true,
    },
  },
  'simplesamlphp-oidc-refresh-tokens': {
    store: 'SimpleSAMLphp, module oidc',
    source:
      'https://github.com/simplesamlphp/simplesamlphp-module-oidc/blob/master/src/Repositories/RefreshTokenRepository.php',
    note: 'Set table where database.prefix is set.',
    columns: ['access_token_id', 'is_revoked'],
    target: {
      table: 'oidc_refresh_token',
      expires: { column: 'expires_at' },
      timeZone: 'UTC',
    },
  },
  'nextcloud-sessions': {
    store: 'Nextcloud',
    source:
      'https://github.com/nextcloud/server/blob/master/lib/private/Authentication/Token/PublicKeyTokenProvider.php',
    note: 'A day is the default of session_lifetime. The prefix oc_ is that of dbtableprefix.',
    question: LIFETIME_OF_SITE,
    target: {
      table: 'oc_authtoken',
      expires: { column: 'last_activity', type: 'epoch-seconds', lifetime: '1d' },
      where: { type: 0, remember: 0, version: 2 },
    },
  },
  'nextcloud-remembered-sessions': {
    store: 'Nextcloud',
    source:
      'https://github.com/nextcloud/server/blob/master/lib/private/Authentication/Token/PublicKeyTokenProvider.php',
    note: '15 days is the default of remember_login_cookie_lifetime. The prefix oc_ is that of dbtableprefix.',
    question: LIFETIME_OF_SITE,
    target: {
      table: 'oc_authtoken',
      expires: { column: 'last_activity', type: 'epoch-seconds', lifetime: '15d' },
      where: { type: 0, remember: 1, version: 2 },
    },
  },
  'nextcloud-wipe-tokens': {
    store: 'Nextcloud',
    source:
      'https://github.com/nextcloud/server/blob/master/lib/private/Authentication/Token/PublicKeyTokenProvider.php',
    note: '60 days is the default of token_auth_wipe_token_retention. The prefix oc_ is that of dbtableprefix.',
    question: LIFETIME_OF_SITE,
    target: {
      table: 'oc_authtoken',
      expires: { column: 'last_activity', type: 'epoch-seconds', lifetime: '60d' },
      where: { type: 2, version: 2 },
    },
  },
  'nextcloud-app-passwords': {
    store: 'Nextcloud: app passwords that nobody uses',
    source:
      'https://github.com/nextcloud/server/blob/master/lib/private/Authentication/Token/PublicKeyTokenProvider.php',
    note: '365 days is the default of token_auth_token_retention. The prefix oc_ is that of dbtableprefix.',
    question: LIFETIME_OF_SITE,
    target: {
      table: 'oc_authtoken',
      expires: { column: 'last_activity', type: 'epoch-seconds', lifetime: '365d' },
      where: { type: 1, version: 2 },
    },
  },

  // Go
  scs: {
    store: 'scs (Go)',
    source: 'https://github.com/alexedwards/scs/tree/master/postgresstore',
    columns: ['token', 'data'],
    target: { table: 'sessions', expires: { column: 'expiry' } },
  },
  'gorilla-pgstore': {
    store: 'pgstore for gorilla/sessions (Go)',
    source: 'https://github.com/antonlindstrom/pgstore/blob/master/pgstore.go',
    columns: ['key', 'data'],
    target: { table: 'http_sessions', expires: { column: 'expires_on' } },
  },
  gitea: {
    store: 'Gitea and Forgejo',
    source: 'https://github.com/go-gitea/gitea/blob/main/models/auth/session.go',
    note: '`expiry` holds the time of the last write. A day is the default of SESSION_LIFE_TIME (86400 seconds).',
    columns: ['key', 'data'],
    question: LIFETIME_OF_SITE,
    target: {
      table: 'session',
      expires: { column: 'expiry', type: 'epoch-seconds', lifetime: '1d' },
    },
  },
  'grafana-idle-sessions': {
    store: 'Grafana',
    source:
      'https://github.com/grafana/grafana/blob/main/pkg/services/auth/authimpl/token_cleanup.go',
    note: '7 days is the default of login_maximum_inactive_lifetime_duration.',
    question: LIFETIME_OF_SITE,
    target: {
      table: 'user_auth_token',
      expires: { column: 'rotated_at', type: 'epoch-seconds', lifetime: '7d' },
    },
  },
  'grafana-old-sessions': {
    store: 'Grafana',
    source:
      'https://github.com/grafana/grafana/blob/main/pkg/services/auth/authimpl/token_cleanup.go',
    note: '30 days is the default of login_maximum_lifetime_duration.',
    question: LIFETIME_OF_SITE,
    target: {
      table: 'user_auth_token',
      expires: { column: 'created_at', type: 'epoch-seconds', lifetime: '30d' },
    },
  },
  mattermost: {
    store: 'Mattermost',
    source:
      'https://github.com/mattermost/mattermost/blob/master/server/channels/store/sqlstore/session_store.go',
    columns: ['userid', 'createat'],
    target: {
      table: 'sessions',
      expires: { column: 'expiresat', type: 'epoch-milliseconds', never: [0] },
    },
  },
  kratos: {
    store: 'Ory Kratos',
    source: 'https://github.com/ory/kratos/tree/master/persistence/sql/migrations/sql',
    columns: ['identity_id', 'authenticated_at'],
    target: { table: 'sessions', expires: { column: 'expires_at' }, timeZone: 'UTC' },
  },
  'hydra-access-tokens': {
    store: 'Ory Hydra',
    source: 'https://github.com/ory/hydra/blob/master/persistence/sql/persister_oauth2.go',
    note: 'An hour is the default of ttl.access_token. Set expires.lifetime to the longest lifespan of all clients.',
    question: 'Is the lifetime at least the lifespan of every client?',
    target: {
      table: 'hydra_oauth2_access',
      expires: { column: 'requested_at', lifetime: '1h' },
      timeZone: 'UTC',
    },
  },
  'hydra-refresh-tokens': {
    store: 'Ory Hydra',
    source: 'https://github.com/ory/hydra/blob/master/persistence/sql/persister_oauth2.go',
    note: '30 days is the default of ttl.refresh_token (720h); not for -1, which means never. Set expires.lifetime to the longest lifespan of all clients.',
    question: 'Is the lifetime at least the lifespan of every client, and none is unlimited?',
    target: {
      table: 'hydra_oauth2_refresh',
      expires: { column: 'requested_at', lifetime: '30d' },
      timeZone: 'UTC',
    },
  },
  'hatchet-sessions': {
    store: 'Hatchet',
    source:
      'https://github.com/hatchet-dev/hatchet/tree/main/cmd/hatchet-migrate/migrate/migrations',
    columns: ['userId', 'data'],
    target: { table: 'UserSession', expires: { column: 'expiresAt' }, timeZone: 'UTC' },
  },
  'hatchet-anonymous-sessions': {
    store: 'Hatchet',
    source:
      'https://github.com/hatchet-dev/hatchet/tree/main/cmd/hatchet-migrate/migrate/migrations',
    columns: ['userId', 'data'],
    target: {
      table: 'UserSession',
      expires: { column: 'createdAt', lifetime: '1d' },
      timeZone: 'UTC',
      where: { userId: null },
    },
  },
  coder: {
    store: 'Coder',
    source: 'https://github.com/coder/coder/blob/main/coderd/database/queries/apikeys.sql',
    note: 'A key stays while an OAuth2 token refers to it: deleting it would delete a refresh token that may be live. 7 days is the default retention of Coder.',
    columns: ['hashed_secret', 'lifetime_seconds'],
    target: {
      table: 'api_keys',
      expires: { column: 'expires_at' },
      grace: '7d',
      unlessReferenced: true,
    },
  },
  'goalert-sessions': {
    store: 'GoAlert',
    source: 'https://github.com/target/goalert/tree/master/migrate/migrations',
    columns: ['user_id'],
    target: { table: 'auth_user_sessions', expires: { column: 'last_access_at', lifetime: '30d' } },
  },
  'supabase-sessions': {
    store: 'Supabase Auth (GoTrue)',
    source: 'https://github.com/supabase/auth/blob/master/internal/models/cleanup.go',
    note: "Takes the session's own refresh tokens and claims along. Where a time box or an inactivity timeout is set, add targets: created_at, and refreshed_at in UTC, with that lifetime and a grace of a day.",
    target: {
      table: 'auth.sessions',
      expires: { column: 'not_after' },
      grace: '3d',
      cascade: 'allow',
    },
  },
  'supabase-refresh-tokens': {
    store: 'Supabase Auth (GoTrue)',
    source: 'https://github.com/supabase/auth/blob/master/internal/models/cleanup.go',
    target: {
      table: 'auth.refresh_tokens',
      expires: { column: 'updated_at', lifetime: '1d' },
      where: { revoked: true },
    },
  },
  'supabase-flow-states': {
    store: 'Supabase Auth (GoTrue)',
    source: 'https://github.com/supabase/auth/blob/master/internal/models/cleanup.go',
    note: "Takes the flow's own SAML relay states along.",
    target: {
      table: 'auth.flow_state',
      expires: { column: 'created_at', lifetime: '1d' },
      cascade: 'allow',
    },
  },
  'supabase-saml-relay-states': {
    store: 'Supabase Auth (GoTrue)',
    source: 'https://github.com/supabase/auth/blob/master/internal/models/cleanup.go',
    target: {
      table: 'auth.saml_relay_states',
      expires: { column: 'created_at', lifetime: '1d' },
    },
  },
  'supabase-oauth-client-states': {
    store: 'Supabase Auth (GoTrue)',
    source: 'https://github.com/supabase/auth/blob/master/internal/models/cleanup.go',
    target: {
      table: 'auth.oauth_client_states',
      expires: { column: 'created_at', lifetime: '1d' },
    },
  },
  'supabase-mfa-challenges': {
    store: 'Supabase Auth (GoTrue)',
    source: 'https://github.com/supabase/auth/blob/master/internal/models/cleanup.go',
    target: {
      table: 'auth.mfa_challenges',
      expires: { column: 'created_at', lifetime: '1d' },
    },
  },
  'supabase-unverified-mfa-factors': {
    store: 'Supabase Auth (GoTrue)',
    source: 'https://github.com/supabase/auth/blob/master/internal/models/cleanup.go',
    note: "Takes the factor's own challenges along.",
    target: {
      table: 'auth.mfa_factors',
      expires: { column: 'created_at', lifetime: '1d' },
      where: { status: 'unverified' },
      cascade: 'allow',
    },
  },
  'supabase-webauthn-challenges': {
    store: 'Supabase Auth (GoTrue)',
    source: 'https://github.com/supabase/auth/tree/master/migrations',
    target: { table: 'auth.webauthn_challenges', expires: { column: 'expires_at' } },
  },

  // Elixir
  'phoenix-sessions': {
    store: 'Phoenix, phx.gen.auth',
    source:
      'https://github.com/phoenixframework/phoenix/blob/main/priv/templates/phx.gen.auth/schema_token.ex.eex',
    note: '60 days is the validity of sessions before Phoenix 1.8; since then it is 14 days: set expires.lifetime to @session_validity_in_days.',
    question: LIFETIME_OF_SITE,
    target: {
      table: 'users_tokens',
      expires: { column: 'inserted_at', lifetime: '60d' },
      timeZone: 'UTC',
      where: { context: 'session' },
    },
  },
  'phoenix-magic-links': {
    store: 'Phoenix 1.8, phx.gen.auth',
    source:
      'https://github.com/phoenixframework/phoenix/blob/main/priv/templates/phx.gen.auth/schema_token.ex.eex',
    target: {
      table: 'users_tokens',
      expires: { column: 'inserted_at', lifetime: '15m' },
      timeZone: 'UTC',
      where: { context: 'login' },
    },
  },
  'phoenix-email-changes': {
    store: 'Phoenix, phx.gen.auth',
    source:
      'https://github.com/phoenixframework/phoenix/blob/main/priv/templates/phx.gen.auth/schema_token.ex.eex',
    target: {
      table: 'users_tokens',
      expires: { column: 'inserted_at', lifetime: '7d' },
      timeZone: 'UTC',
      where: { context: { startsWith: 'change:' } },
    },
  },
  'hexpm-sessions': {
    store: 'hexpm (Plug session store)',
    source: 'https://github.com/hexpm/hexpm/pull/1507',
    columns: ['token', 'data', 'inserted_at'],
    target: {
      table: 'sessions',
      expires: { column: 'updated_at', lifetime: '30d' },
      timeZone: 'UTC',
    },
  },

  // Others
  'tower-sessions': {
    store: 'tower-sessions with sqlx (Rust)',
    source:
      'https://github.com/maxcountryman/tower-sessions-stores/blob/main/sqlx-store/src/postgres_store.rs',
    columns: ['data'],
    target: { table: 'tower_sessions.session', expires: { column: 'expiry_date' } },
  },
  adonisjs: {
    store: 'AdonisJS, access tokens',
    source: 'https://docs.adonisjs.com/guides/authentication/access-tokens-guard',
    columns: ['tokenable_id', 'hash'],
    target: { table: 'auth_access_tokens', expires: { column: 'expires_at' } },
  },
};

/** Tables that look like stores of sessions or tokens and must not be cleaned by their expiry, with the reason. */
export const NOT_A_TARGET: Readonly<Record<string, string>> = {
  'Zitadel: projections.sessions8':
    'is computed from the event store; deleted rows come back when the projection is built again',
  'Auth.js: accounts':
    'links users to their identity provider; expires_at is the expiry of the access token of that provider, not of the link',
  'simplejwt: token_blacklist_blacklistedtoken':
    'deleting an entry admits a revoked token again; entries go with their outstanding token (preset simplejwt)',
  'Ory Hydra: hydra_oauth2_flow':
    'the tokens of a flow, which may be live, are deleted by cascade; use `hydra janitor --requests`',
  'Supabase Auth: auth.users':
    'anonymous users are accounts: deleting one deletes what the application stores for it',
  'Supabase Auth: sessions without refreshed_at':
    'their last use is the time of their refresh token, in another table',
  'Omicron: console_session': 'is stored in CockroachDB, not in PostgreSQL',
};
