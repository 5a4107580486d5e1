/** Tables as the stores create them on PostgreSQL, reduced to what has to do with expiry and references. */

/** The tables of a store, by a name of their own; several presets may share one. */
export const DDL = {
  connectPgSimple: `
    CREATE TABLE "session" ("sid" varchar NOT NULL COLLATE "default", "sess" json NOT NULL, "expire" timestamp(6) NOT NULL);
    ALTER TABLE "session" ADD CONSTRAINT "session_pkey" PRIMARY KEY ("sid") NOT DEFERRABLE INITIALLY IMMEDIATE;
    CREATE INDEX "IDX_session_expire" ON "session" ("expire")`,

  connectSessionKnex: `
    CREATE TABLE sessions (sid varchar(255) PRIMARY KEY, sess json NOT NULL, expired timestamptz NOT NULL);
    CREATE INDEX ON sessions (expired)`,

  connectTypeorm: `
    CREATE TABLE "session" ("id" varchar(255) PRIMARY KEY, "expiredAt" bigint NOT NULL, "json" text NOT NULL, "destroyedAt" timestamp);
    CREATE INDEX ON "session" ("expiredAt")`,

  authjs: `
    CREATE TABLE verification_token (identifier TEXT NOT NULL, expires TIMESTAMPTZ NOT NULL, token TEXT NOT NULL, PRIMARY KEY (identifier, token));
    CREATE TABLE sessions (id SERIAL, "userId" INTEGER NOT NULL, expires TIMESTAMPTZ NOT NULL, "sessionToken" VARCHAR(255) NOT NULL, PRIMARY KEY (id))`,

  authjsMikroOrm: `
    CREATE TABLE "user" ("id" varchar(255) PRIMARY KEY);
    CREATE TABLE "session" ("id" varchar(255) PRIMARY KEY, "user_id" varchar(255) NOT NULL REFERENCES "user" ("id") ON UPDATE CASCADE ON DELETE CASCADE,
      "expires" timestamptz(0) NOT NULL, "session_token" varchar(255) NOT NULL UNIQUE);
    INSERT INTO "user" VALUES ('u')`,

  betterAuth: `
    CREATE TABLE "user" ("id" text PRIMARY KEY);
    CREATE TABLE "session" ("id" text PRIMARY KEY, "expiresAt" timestamptz NOT NULL, "token" text NOT NULL UNIQUE, "createdAt" timestamptz NOT NULL DEFAULT now(),
      "updatedAt" timestamptz NOT NULL DEFAULT now(), "userId" text NOT NULL REFERENCES "user" ("id") ON DELETE CASCADE);
    CREATE INDEX ON "session" ("userId");
    CREATE TABLE "verification" ("id" text PRIMARY KEY, "identifier" text NOT NULL, "value" text NOT NULL, "expiresAt" timestamptz NOT NULL);
    INSERT INTO "user" VALUES ('u')`,

  lucia: `
    CREATE TABLE auth_user (id TEXT PRIMARY KEY);
    CREATE TABLE user_session (id TEXT NOT NULL PRIMARY KEY, expires_at TIMESTAMPTZ NOT NULL, user_id TEXT NOT NULL REFERENCES auth_user(id));
    INSERT INTO auth_user VALUES ('u')`,

  directus: `
    CREATE TABLE directus_users (id uuid PRIMARY KEY);
    CREATE TABLE directus_sessions (token varchar(64) PRIMARY KEY, "user" uuid REFERENCES directus_users ON DELETE CASCADE, expires timestamptz NOT NULL, share uuid)`,

  payload: `
    CREATE TABLE "users" ("id" integer PRIMARY KEY);
    CREATE TABLE "users_sessions" ("_order" integer NOT NULL, "_parent_id" integer NOT NULL REFERENCES "users" ("id") ON DELETE CASCADE, "id" varchar PRIMARY KEY,
      "created_at" timestamp(3) with time zone, "expires_at" timestamp(3) with time zone NOT NULL);
    CREATE INDEX ON "users_sessions" ("_order"); CREATE INDEX ON "users_sessions" ("_parent_id");
    INSERT INTO "users" VALUES (1)`,

  n8n: `
    CREATE TABLE invalid_auth_token (token varchar(512) PRIMARY KEY, "expiresAt" timestamp(3) NOT NULL)`,

  strapi: `
    CREATE TABLE strapi_sessions (id serial PRIMARY KEY, user_id varchar(255), session_id varchar(255), child_id varchar(255), type varchar(255), status varchar(255),
      expires_at timestamp(6), absolute_expires_at timestamp(6), created_at timestamp(6), updated_at timestamp(6))`,

  rafiki: `
    CREATE TABLE "accessTokens" (id uuid PRIMARY KEY, value varchar(255) NOT NULL UNIQUE, "expiresIn" integer, "createdAt" timestamptz NOT NULL)`,

  springSession: `
    CREATE TABLE SPRING_SESSION (PRIMARY_ID CHAR(36) NOT NULL, SESSION_ID CHAR(36) NOT NULL, CREATION_TIME BIGINT NOT NULL, LAST_ACCESS_TIME BIGINT NOT NULL,
      MAX_INACTIVE_INTERVAL INT NOT NULL, EXPIRY_TIME BIGINT NOT NULL, PRINCIPAL_NAME VARCHAR(100), CONSTRAINT SPRING_SESSION_PK PRIMARY KEY (PRIMARY_ID));
    CREATE UNIQUE INDEX SPRING_SESSION_IX1 ON SPRING_SESSION (SESSION_ID);
    CREATE INDEX SPRING_SESSION_IX2 ON SPRING_SESSION (EXPIRY_TIME);
    CREATE TABLE SPRING_SESSION_ATTRIBUTES (SESSION_PRIMARY_ID CHAR(36) NOT NULL, ATTRIBUTE_NAME VARCHAR(200) NOT NULL, ATTRIBUTE_BYTES BYTEA NOT NULL,
      CONSTRAINT SPRING_SESSION_ATTRIBUTES_PK PRIMARY KEY (SESSION_PRIMARY_ID, ATTRIBUTE_NAME),
      CONSTRAINT SPRING_SESSION_ATTRIBUTES_FK FOREIGN KEY (SESSION_PRIMARY_ID) REFERENCES SPRING_SESSION(PRIMARY_ID) ON DELETE CASCADE)`,

  springSession1: `
    CREATE TABLE SPRING_SESSION (SESSION_ID CHAR(36), CREATION_TIME BIGINT NOT NULL, LAST_ACCESS_TIME BIGINT NOT NULL, MAX_INACTIVE_INTERVAL INT NOT NULL,
      PRINCIPAL_NAME VARCHAR(100), CONSTRAINT SPRING_SESSION_PK PRIMARY KEY (SESSION_ID));
    CREATE INDEX SPRING_SESSION_IX1 ON SPRING_SESSION (LAST_ACCESS_TIME);
    CREATE TABLE SPRING_SESSION_ATTRIBUTES (SESSION_ID CHAR(36), ATTRIBUTE_NAME VARCHAR(200), ATTRIBUTE_BYTES BYTEA,
      CONSTRAINT SPRING_SESSION_ATTRIBUTES_PK PRIMARY KEY (SESSION_ID, ATTRIBUTE_NAME),
      CONSTRAINT SPRING_SESSION_ATTRIBUTES_FK FOREIGN KEY (SESSION_ID) REFERENCES SPRING_SESSION(SESSION_ID) ON DELETE CASCADE)`,

  springAuthorizationServer: `
    CREATE TABLE oauth2_authorization (id varchar(100) NOT NULL, registered_client_id varchar(100) NOT NULL, principal_name varchar(200) NOT NULL,
      authorization_grant_type varchar(100) NOT NULL, state varchar(500) DEFAULT NULL,
      authorization_code_issued_at timestamp DEFAULT NULL, authorization_code_expires_at timestamp DEFAULT NULL,
      access_token_issued_at timestamp DEFAULT NULL, access_token_expires_at timestamp DEFAULT NULL,
      oidc_id_token_issued_at timestamp DEFAULT NULL, oidc_id_token_expires_at timestamp DEFAULT NULL,
      refresh_token_issued_at timestamp DEFAULT NULL, refresh_token_expires_at timestamp DEFAULT NULL,
      user_code_issued_at timestamp DEFAULT NULL, user_code_expires_at timestamp DEFAULT NULL,
      device_code_issued_at timestamp DEFAULT NULL, device_code_expires_at timestamp DEFAULT NULL,
      PRIMARY KEY (id))`,

  keycloak: `
    CREATE TABLE offline_user_session (user_session_id varchar(36) NOT NULL, offline_flag varchar(4) NOT NULL, realm_id varchar(36) NOT NULL, user_id varchar(255),
      created_on integer NOT NULL, last_session_refresh integer NOT NULL DEFAULT 0, broker_session_id varchar(1024), version integer, data text, remember_me boolean,
      PRIMARY KEY (user_session_id, offline_flag));
    CREATE INDEX ON offline_user_session (realm_id, offline_flag, last_session_refresh);
    CREATE TABLE offline_client_session (user_session_id varchar(36) NOT NULL, client_id varchar(255) NOT NULL, client_storage_provider varchar(36) NOT NULL DEFAULT 'local',
      external_client_id varchar(255) NOT NULL DEFAULT 'local', offline_flag varchar(4) NOT NULL, "timestamp" integer, data text, version integer,
      PRIMARY KEY (user_session_id, client_id, client_storage_provider, external_client_id, offline_flag))`,

  metabase: `
    CREATE TABLE core_user (id integer PRIMARY KEY);
    CREATE TABLE core_session (id varchar(254) PRIMARY KEY, user_id integer NOT NULL REFERENCES core_user ON DELETE CASCADE, created_at timestamptz NOT NULL, anti_csrf_token text);
    INSERT INTO core_user VALUES (1)`,

  django: `
    CREATE TABLE django_session (session_key varchar(40) PRIMARY KEY, session_data text NOT NULL, expire_date timestamptz NOT NULL);
    CREATE INDEX django_session_expire_date_a5c62663 ON django_session (expire_date);
    CREATE INDEX ON django_session (session_key varchar_pattern_ops)`,

  knox: `
    CREATE TABLE auth_user (id integer PRIMARY KEY);
    CREATE TABLE knox_authtoken (digest varchar(128) PRIMARY KEY, token_key varchar(25) NOT NULL, created timestamptz NOT NULL, expiry timestamptz,
      user_id integer NOT NULL REFERENCES auth_user DEFERRABLE INITIALLY DEFERRED);
    INSERT INTO auth_user VALUES (1)`,

  simplejwt: `
    CREATE TABLE auth_user (id integer PRIMARY KEY);
    CREATE TABLE token_blacklist_outstandingtoken (id bigserial PRIMARY KEY, user_id int REFERENCES auth_user DEFERRABLE INITIALLY DEFERRED, jti varchar(255) NOT NULL UNIQUE,
      token text NOT NULL, created_at timestamptz, expires_at timestamptz NOT NULL);
    CREATE TABLE token_blacklist_blacklistedtoken (id bigserial PRIMARY KEY, blacklisted_at timestamptz NOT NULL DEFAULT now(),
      token_id bigint NOT NULL UNIQUE REFERENCES token_blacklist_outstandingtoken (id) DEFERRABLE INITIALLY DEFERRED)`,

  djangoOauthToolkit: `
    CREATE TABLE oauth2_provider_application (id bigserial PRIMARY KEY);
    CREATE TABLE oauth2_provider_grant (id bigserial PRIMARY KEY, code varchar(255) NOT NULL UNIQUE, expires timestamptz NOT NULL,
      application_id bigint REFERENCES oauth2_provider_application DEFERRABLE INITIALLY DEFERRED);
    CREATE TABLE oauth2_provider_idtoken (id bigserial PRIMARY KEY, jti uuid NOT NULL UNIQUE, expires timestamptz NOT NULL);
    CREATE TABLE oauth2_provider_accesstoken (id bigserial PRIMARY KEY, token text NOT NULL, token_checksum varchar(64) NOT NULL UNIQUE, expires timestamptz NOT NULL,
      scope text NOT NULL DEFAULT '', source_refresh_token_id bigint UNIQUE,
      id_token_id bigint UNIQUE REFERENCES oauth2_provider_idtoken DEFERRABLE INITIALLY DEFERRED);
    CREATE TABLE oauth2_provider_refreshtoken (id bigserial PRIMARY KEY, token text NOT NULL, revoked timestamptz, token_family uuid,
      access_token_id bigint UNIQUE REFERENCES oauth2_provider_accesstoken DEFERRABLE INITIALLY DEFERRED, UNIQUE (token, revoked));
    ALTER TABLE oauth2_provider_accesstoken ADD FOREIGN KEY (source_refresh_token_id) REFERENCES oauth2_provider_refreshtoken DEFERRABLE INITIALLY DEFERRED`,

  flaskSession: `
    CREATE TABLE sessions (id serial PRIMARY KEY, session_id varchar(255) UNIQUE, data bytea, expiry timestamp)`,

  superset: `
    CREATE TABLE ab_user (id integer PRIMARY KEY);
    CREATE TABLE key_value (id serial PRIMARY KEY, resource varchar(32) NOT NULL, value bytea NOT NULL, uuid uuid UNIQUE, created_on timestamp, changed_on timestamp,
      expires_on timestamp, created_by_fk integer REFERENCES ab_user);
    CREATE INDEX ON key_value (expires_on)`,

  authentik: `
    CREATE TABLE authentik_core_token (token_uuid uuid PRIMARY KEY, managed text UNIQUE, expires timestamptz, expiring boolean NOT NULL, identifier varchar(255) NOT NULL UNIQUE,
      key text NOT NULL, intent text NOT NULL, user_id integer, description text NOT NULL DEFAULT '');
    CREATE INDEX ON authentik_core_token (expires); CREATE INDEX ON authentik_core_token (expiring, expires);
    CREATE TABLE authentik_flows_flowtoken (token_ptr_id uuid PRIMARY KEY REFERENCES authentik_core_token DEFERRABLE INITIALLY DEFERRED, _plan text NOT NULL DEFAULT '')`,

  synapse: `
    CREATE TABLE refresh_tokens (id bigint PRIMARY KEY, user_id text NOT NULL, device_id text NOT NULL, token text NOT NULL UNIQUE,
      next_token_id bigint REFERENCES refresh_tokens (id) ON DELETE CASCADE, expiry_ts bigint, ultimate_session_expiry_ts bigint);
    CREATE TABLE access_tokens (id bigint PRIMARY KEY, user_id text NOT NULL, device_id text, token text NOT NULL UNIQUE, valid_until_ms bigint, puppets_user_id text,
      last_validated bigint, refresh_token_id bigint REFERENCES refresh_tokens (id) ON DELETE CASCADE, used boolean)`,

  rails: `
    CREATE TABLE sessions (id bigserial PRIMARY KEY, session_id varchar NOT NULL, data text, created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);
    CREATE UNIQUE INDEX ON sessions (session_id); CREATE INDEX ON sessions (updated_at)`,

  doorkeeper: `
    CREATE TABLE oauth_applications (id bigserial PRIMARY KEY);
    CREATE TABLE oauth_access_tokens (id bigserial PRIMARY KEY, resource_owner_id bigint, application_id bigint NOT NULL REFERENCES oauth_applications, token varchar NOT NULL UNIQUE,
      refresh_token varchar UNIQUE, expires_in integer, scopes varchar, created_at timestamp NOT NULL, revoked_at timestamp, previous_refresh_token varchar NOT NULL DEFAULT '');
    CREATE TABLE oauth_access_grants (id bigserial PRIMARY KEY, resource_owner_id bigint NOT NULL, application_id bigint NOT NULL REFERENCES oauth_applications,
      token varchar NOT NULL UNIQUE, expires_in integer NOT NULL, redirect_uri text NOT NULL, created_at timestamp NOT NULL, revoked_at timestamp);
    INSERT INTO oauth_applications VALUES (1)`,

  discourse: `
    CREATE TABLE user_auth_tokens (id serial PRIMARY KEY, user_id integer NOT NULL, auth_token varchar NOT NULL UNIQUE, prev_auth_token varchar NOT NULL UNIQUE,
      auth_token_seen boolean NOT NULL DEFAULT false, rotated_at timestamp NOT NULL, created_at timestamp NOT NULL DEFAULT now(), seen_at timestamp);
    CREATE TABLE user_auth_token_logs (id serial PRIMARY KEY, action varchar NOT NULL, user_auth_token_id integer, created_at timestamp NOT NULL)`,

  symfonySession: `
    CREATE TABLE sessions (sess_id VARCHAR(128) NOT NULL PRIMARY KEY, sess_data BYTEA NOT NULL, sess_lifetime INTEGER NOT NULL, sess_time INTEGER NOT NULL);
    CREATE INDEX sess_lifetime_idx ON sessions (sess_lifetime)`,

  symfonyCache: `
    CREATE TABLE cache_items (item_id VARCHAR(255) NOT NULL PRIMARY KEY, item_data BYTEA NOT NULL, item_lifetime INTEGER, item_time INTEGER NOT NULL)`,

  laravel: `
    CREATE TABLE sessions (id varchar(255) PRIMARY KEY, user_id bigint, ip_address varchar(45), user_agent text, payload text NOT NULL, last_activity integer NOT NULL);
    CREATE INDEX ON sessions (user_id); CREATE INDEX ON sessions (last_activity);
    CREATE TABLE password_reset_tokens (email varchar(255) PRIMARY KEY, token varchar(255) NOT NULL, created_at timestamp(0));
    CREATE TABLE cache (key varchar(255) PRIMARY KEY, value text NOT NULL, expiration integer NOT NULL);
    CREATE TABLE cache_locks (key varchar(255) PRIMARY KEY, owner varchar(255) NOT NULL, expiration integer NOT NULL)`,

  sanctum: `
    CREATE TABLE personal_access_tokens (id bigserial PRIMARY KEY, tokenable_type varchar(255) NOT NULL, tokenable_id bigint NOT NULL, name text NOT NULL,
      token varchar(64) NOT NULL UNIQUE, abilities text, last_used_at timestamp(0), expires_at timestamp(0), created_at timestamp(0), updated_at timestamp(0));
    CREATE INDEX ON personal_access_tokens (expires_at)`,

  passport: `
    CREATE TABLE oauth_access_tokens (id varchar(100) PRIMARY KEY, user_id bigint, client_id uuid NOT NULL, name varchar(255), scopes text, revoked boolean NOT NULL,
      created_at timestamp(0), updated_at timestamp(0), expires_at timestamp(0));
    CREATE TABLE oauth_refresh_tokens (id varchar(100) PRIMARY KEY, access_token_id varchar(100) NOT NULL, revoked boolean NOT NULL, expires_at timestamp(0));
    CREATE INDEX ON oauth_refresh_tokens (access_token_id);
    CREATE TABLE oauth_auth_codes (id varchar(100) PRIMARY KEY, user_id bigint NOT NULL, client_id uuid NOT NULL, scopes text, revoked boolean NOT NULL, expires_at timestamp(0))`,

  leagueOauth2: `
    CREATE TABLE oauth2_access_token (identifier char(80) PRIMARY KEY, client varchar(32) NOT NULL, expiry timestamp(0) NOT NULL, user_identifier varchar(128), scopes text, revoked boolean NOT NULL);
    CREATE TABLE oauth2_refresh_token (identifier char(80) PRIMARY KEY, access_token char(80) REFERENCES oauth2_access_token (identifier) ON DELETE SET NULL, expiry timestamp(0) NOT NULL, revoked boolean NOT NULL);
    CREATE INDEX ON oauth2_refresh_token (access_token);
    CREATE TABLE oauth2_authorization_code (identifier char(80) PRIMARY KEY, client varchar(32) NOT NULL, expiry timestamp(0) NOT NULL, user_identifier varchar(128), scopes text, revoked boolean NOT NULL)`,

  simplesamlphpOidc: `
    CREATE TABLE oidc_access_token (id varchar(191) PRIMARY KEY NOT NULL, scopes text, expires_at timestamp NOT NULL, user_id varchar(191) NOT NULL, client_id varchar(191) NOT NULL, is_revoked boolean NOT NULL DEFAULT false);
    CREATE TABLE oidc_refresh_token (id varchar(191) PRIMARY KEY NOT NULL, expires_at timestamp NOT NULL,
      access_token_id varchar(191) NOT NULL REFERENCES oidc_access_token (id) ON DELETE CASCADE, is_revoked boolean NOT NULL DEFAULT false)`,

  nextcloud: `
    CREATE TABLE oc_authtoken (id bigserial PRIMARY KEY, uid varchar(64) NOT NULL DEFAULT '', login_name varchar(255) NOT NULL DEFAULT '', password text, name text NOT NULL DEFAULT '',
      token varchar(200) NOT NULL UNIQUE, type smallint DEFAULT 0, remember smallint DEFAULT 0, last_activity integer DEFAULT 0, last_check integer DEFAULT 0, scope text, expires integer,
      private_key text, public_key text, version smallint NOT NULL DEFAULT 1, password_invalid boolean DEFAULT false);
    CREATE INDEX ON oc_authtoken (last_activity)`,

  scs: `
    CREATE TABLE sessions (token TEXT PRIMARY KEY, data BYTEA NOT NULL, expiry TIMESTAMPTZ NOT NULL);
    CREATE INDEX sessions_expiry_idx ON sessions (expiry)`,

  pgstore: `
    CREATE TABLE http_sessions (id BIGSERIAL PRIMARY KEY, key BYTEA, data BYTEA, created_on TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP, modified_on TIMESTAMPTZ, expires_on TIMESTAMPTZ);
    CREATE INDEX ON http_sessions (expires_on); CREATE INDEX ON http_sessions (key)`,

  gitea: `
    CREATE TABLE session (key char(16) PRIMARY KEY, data bytea, expiry bigint)`,

  grafana: `
    CREATE TABLE user_auth_token (id bigserial PRIMARY KEY, user_id bigint NOT NULL, auth_token varchar(100) NOT NULL UNIQUE, prev_auth_token varchar(100) NOT NULL UNIQUE,
      user_agent varchar(255) NOT NULL DEFAULT '', auth_token_seen boolean NOT NULL DEFAULT false, seen_at integer, rotated_at integer NOT NULL, created_at integer NOT NULL,
      updated_at integer NOT NULL DEFAULT 0, revoked_at integer)`,

  mattermost: `
    CREATE TABLE sessions (id varchar(26) PRIMARY KEY, token varchar(26), createat bigint, expiresat bigint, lastactivityat bigint, userid varchar(26), deviceid varchar(512),
      roles varchar(256), isoauth boolean, props jsonb, expirednotify boolean);
    CREATE INDEX ON sessions (expiresat); CREATE INDEX ON sessions (createat); CREATE INDEX ON sessions (lastactivityat)`,

  kratos: `
    CREATE TABLE identities (id uuid PRIMARY KEY);
    CREATE TABLE sessions (id uuid PRIMARY KEY, issued_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, expires_at timestamp NOT NULL, authenticated_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
      identity_id uuid NOT NULL REFERENCES identities ON DELETE CASCADE, created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, token varchar(39) UNIQUE, active boolean DEFAULT false, nid uuid);
    CREATE INDEX ON sessions (nid, expires_at, active, created_at DESC, id);
    CREATE TABLE session_devices (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), nid uuid, session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE);
    CREATE INDEX ON session_devices (session_id, nid);
    CREATE TABLE identity_pending_traits_changes (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), nid uuid, session_id uuid REFERENCES sessions ON DELETE SET NULL);
    CREATE INDEX ON identity_pending_traits_changes (nid, session_id);
    INSERT INTO identities VALUES ('00000000-0000-0000-0000-000000000001')`,

  hydra: `
    CREATE TABLE hydra_oauth2_flow (login_challenge varchar(40) PRIMARY KEY, requested_at timestamp NOT NULL DEFAULT now(), state integer NOT NULL DEFAULT 0);
    CREATE TABLE hydra_oauth2_access (signature varchar(255) PRIMARY KEY, request_id varchar(40) NOT NULL, requested_at timestamp NOT NULL DEFAULT now(), client_id varchar(255) NOT NULL,
      session_data text NOT NULL, active boolean NOT NULL DEFAULT true, challenge_id varchar(40) REFERENCES hydra_oauth2_flow ON DELETE CASCADE, nid uuid, expires_at timestamp);
    CREATE INDEX ON hydra_oauth2_access (requested_at, nid);
    CREATE TABLE hydra_oauth2_refresh (signature varchar(255) PRIMARY KEY, request_id varchar(40) NOT NULL, requested_at timestamp NOT NULL DEFAULT now(), client_id varchar(255) NOT NULL,
      session_data text NOT NULL, active boolean NOT NULL DEFAULT true, challenge_id varchar(40) REFERENCES hydra_oauth2_flow ON DELETE CASCADE, nid uuid, expires_at timestamp);
    CREATE INDEX ON hydra_oauth2_refresh (requested_at, nid)`,

  hatchet: `
    CREATE TABLE "UserSession" ("id" uuid PRIMARY KEY, "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, "updatedAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
      "userId" uuid, "data" jsonb, "expiresAt" timestamp(3) NOT NULL)`,

  coder: `
    CREATE TABLE users (id uuid PRIMARY KEY);
    CREATE TABLE api_keys (id text PRIMARY KEY, hashed_secret bytea NOT NULL, user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE, last_used timestamptz NOT NULL DEFAULT now(),
      expires_at timestamptz NOT NULL, created_at timestamptz NOT NULL DEFAULT now(), lifetime_seconds bigint NOT NULL DEFAULT 86400, token_name text NOT NULL DEFAULT '');
    CREATE TABLE oauth2_provider_app_tokens (id uuid PRIMARY KEY, created_at timestamptz NOT NULL DEFAULT now(), expires_at timestamptz NOT NULL,
      api_key_id text NOT NULL REFERENCES api_keys (id) ON DELETE CASCADE);
    INSERT INTO users VALUES ('00000000-0000-0000-0000-000000000001')`,

  goalert: `
    CREATE TABLE users (id uuid PRIMARY KEY);
    CREATE TABLE auth_user_sessions (id uuid PRIMARY KEY, created_at timestamptz NOT NULL DEFAULT now(), user_agent text NOT NULL DEFAULT '', user_id uuid REFERENCES users ON DELETE CASCADE,
      last_access_at timestamptz NOT NULL DEFAULT now())`,

  supabase: `
    CREATE SCHEMA auth;
    CREATE TYPE auth.factor_status AS ENUM ('unverified', 'verified');
    CREATE TABLE auth.users (id uuid PRIMARY KEY);
    CREATE TABLE auth.sessions (id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE, created_at timestamptz, updated_at timestamptz, factor_id uuid,
      not_after timestamptz, refreshed_at timestamp, user_agent text);
    CREATE INDEX ON auth.sessions (not_after DESC);
    CREATE TABLE auth.refresh_tokens (instance_id uuid, id bigserial PRIMARY KEY, token varchar(255) UNIQUE, user_id varchar(255), revoked boolean, created_at timestamptz, updated_at timestamptz,
      parent varchar(255), session_id uuid REFERENCES auth.sessions ON DELETE CASCADE);
    CREATE INDEX ON auth.refresh_tokens (session_id, revoked); CREATE INDEX ON auth.refresh_tokens (updated_at DESC);
    CREATE TABLE auth.mfa_amr_claims (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), session_id uuid NOT NULL REFERENCES auth.sessions ON DELETE CASCADE, created_at timestamptz NOT NULL DEFAULT now());
    CREATE TABLE auth.flow_state (id uuid PRIMARY KEY, user_id uuid, auth_code text, created_at timestamptz, updated_at timestamptz);
    CREATE INDEX ON auth.flow_state (created_at DESC);
    CREATE TABLE auth.saml_relay_states (id uuid PRIMARY KEY, request_id text NOT NULL, flow_state_id uuid REFERENCES auth.flow_state ON DELETE CASCADE, created_at timestamptz, updated_at timestamptz);
    CREATE INDEX ON auth.saml_relay_states (created_at DESC);
    CREATE TABLE auth.oauth_client_states (id uuid PRIMARY KEY, provider_type text NOT NULL, code_verifier text, created_at timestamptz NOT NULL);
    CREATE TABLE auth.mfa_factors (id uuid PRIMARY KEY, user_id uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE, status auth.factor_status NOT NULL, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL DEFAULT now());
    CREATE TABLE auth.mfa_challenges (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), factor_id uuid NOT NULL REFERENCES auth.mfa_factors ON DELETE CASCADE, created_at timestamptz NOT NULL, verified_at timestamptz, ip_address inet);
    CREATE INDEX ON auth.mfa_challenges (created_at DESC);
    CREATE TABLE auth.webauthn_challenges (id uuid PRIMARY KEY, user_id uuid REFERENCES auth.users ON DELETE CASCADE, challenge_type text NOT NULL, session_data jsonb NOT NULL, created_at timestamptz NOT NULL DEFAULT now(),
      expires_at timestamptz NOT NULL);
    CREATE INDEX ON auth.webauthn_challenges (expires_at);
    INSERT INTO auth.users VALUES ('00000000-0000-0000-0000-000000000001');
    INSERT INTO auth.mfa_factors VALUES ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000001', 'verified', '2020-01-01')`,

  phoenix: `
    CREATE TABLE users (id bigserial PRIMARY KEY);
    CREATE TABLE users_tokens (id bigserial PRIMARY KEY, user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE, token bytea NOT NULL, context varchar(255) NOT NULL, sent_to varchar(255),
      authenticated_at timestamp(0), inserted_at timestamp(0) NOT NULL);
    CREATE INDEX ON users_tokens (user_id); CREATE UNIQUE INDEX ON users_tokens (context, token);
    INSERT INTO users VALUES (1)`,

  hexpm: `
    CREATE TABLE sessions (id bigserial PRIMARY KEY, token bytea NOT NULL, data jsonb NOT NULL, inserted_at timestamp NOT NULL, updated_at timestamp NOT NULL)`,

  towerSessions: `
    CREATE SCHEMA tower_sessions;
    CREATE TABLE tower_sessions.session (id text PRIMARY KEY NOT NULL, data bytea NOT NULL, expiry_date timestamptz NOT NULL)`,

  adonisjs: `
    CREATE TABLE users (id serial PRIMARY KEY);
    CREATE TABLE auth_access_tokens (id serial PRIMARY KEY, tokenable_id integer NOT NULL REFERENCES users ON DELETE CASCADE, type varchar(255) NOT NULL, name varchar(255), hash varchar(255) NOT NULL,
      abilities text NOT NULL, created_at timestamptz, updated_at timestamptz, last_used_at timestamptz, expires_at timestamptz);
    INSERT INTO users VALUES (1)`,
} as const;
