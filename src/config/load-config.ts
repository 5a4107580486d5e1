import type {
  Config,
  DatabaseSettings,
  OtlpSettings,
  TargetConfig,
  VersioningSettings,
} from './config.ts';
import { schemaInUrl } from './database-url.ts';
import { didYouMean } from './did-you-mean.ts';
import { readTargets } from './read-targets.ts';
import { replacedVariables } from './replaced-variables.ts';
import { givenText, SettingsReader } from './settings-reader.ts';
import {
  CONTROLLER_VERSION,
  DATABASE_URL,
  DELETION,
  ONE_TABLE,
  OTLP,
  PREFIX,
  RENAMED,
  SCHEDULE,
  SETTINGS,
  settingsReference,
} from './settings.ts';

/** The configuration of a command that only talks to Temporal. */
export type ConfigWithoutDatabase = Omit<Config, 'database'>;

/**
 * Reads the whole configuration from environment variables. Pure: opens no connection.
 *
 * @throws ConfigError with all problems
 */
export function loadConfig(environment: NodeJS.ProcessEnv): Config {
  const reader = new SettingsReader(environment);
  const url = reader.read(DATABASE_URL);
  reader.require(DATABASE_URL);
  const rest = readAllButDatabase(reader);
  const ledgerSchema = reader.read(SETTINGS.ledgerSchema);
  reader.throwProblems();
  const defaultSchema = schemaInUrl(url ?? '');
  return {
    ...rest,
    targets: rest.targets.map((target) => withSchema(target, defaultSchema)),
    database: {
      url: url ?? '',
      ledgerSchema,
      defaultSchema,
      ownsSessionsTable: ownsSessionsTable(reader, rest.targets),
    },
  };
}

/**
 * The same for a command that needs no database. Ignores `DATABASE_URL`, so that a schedule can be
 * paused from a machine that has no access to the sessions.
 *
 * @throws ConfigError with all problems
 */
export function loadConfigWithoutDatabase(environment: NodeJS.ProcessEnv): ConfigWithoutDatabase {
  const reader = new SettingsReader(environment);
  const config = readAllButDatabase(reader);
  reader.read(SETTINGS.ledgerSchema);
  reader.throwProblems();
  return config;
}

/**
 * The database alone, for a command that needs no targets, and so not a valid file either.
 *
 * @throws ConfigError with all problems
 */
export function loadDatabaseSettings(
  environment: NodeJS.ProcessEnv,
): Omit<DatabaseSettings, 'ownsSessionsTable'> {
  const reader = new SettingsReader(environment);
  const url = reader.read(DATABASE_URL) ?? '';
  reader.require(DATABASE_URL);
  const ledgerSchema = reader.read(SETTINGS.ledgerSchema);
  reader.throwProblems();
  return { url, ledgerSchema, defaultSchema: schemaInUrl(url) };
}

/**
 * The tables alone, for a command that names them and opens no connection. Of `DATABASE_URL` it needs only the
 * schema, if the address has one.
 *
 * @throws ConfigError with all problems
 */
export function loadTables(
  environment: NodeJS.ProcessEnv,
): Pick<Config, 'targets'> & Pick<DatabaseSettings, 'ledgerSchema'> {
  const reader = new SettingsReader(environment);
  const defaultSchema = schemaInUrl(reader.read(DATABASE_URL) ?? '');
  const { targets } = readAllButDatabase(reader);
  const ledgerSchema = reader.read(SETTINGS.ledgerSchema);
  reader.throwProblems();
  return { targets: targets.map((target) => withSchema(target, defaultSchema)), ledgerSchema };
}

/**
 * Where a worker sends its metrics, by OpenTelemetry's own variables; undefined: none names an endpoint. Not for an
 * application's worker, whose runtime is its own.
 *
 * @throws ConfigError with all problems
 */
export function loadOtlpSettings(environment: NodeJS.ProcessEnv): OtlpSettings | undefined {
  const reader = new SettingsReader(environment);
  if (!reader.isSet(OTLP.endpoint) && !reader.isSet(OTLP.metricsEndpoint)) return undefined;
  const otlp = reader.readAll(OTLP);
  reader.throwProblems();
  const isHttp = otlp.protocol === 'http/protobuf';
  const base = (otlp.endpoint ?? '').replace(/\/$/, '');
  return {
    url: otlp.metricsEndpoint ?? `${base}${isHttp ? '/v1/metrics' : ''}`,
    isHttp,
    headers: otlp.headers ?? {},
    intervalMilliseconds: otlp.exportIntervalMilliseconds,
  };
}

/** The target with its tables in a schema, unless they name another. */
export function withSchema(target: TargetConfig, defaultSchema: string | undefined): TargetConfig {
  const inSchema = <Named extends { readonly schema: string | undefined }>(
    table: Named,
  ): Named => ({
    ...table,
    schema: table.schema ?? defaultSchema,
  });
  return {
    ...inSchema(target),
    dependents: target.dependents.map(inSchema),
    unlink: target.unlink.map(inSchema),
  };
}

function readAllButDatabase(reader: SettingsReader): ConfigWithoutDatabase {
  reader.problems.push(...findUnknownSettings(reader.environment));
  const { targets } = readTargets(reader);
  const schedule = reader.readAll(SCHEDULE);
  if (schedule.offsetSeconds >= schedule.intervalSeconds) {
    reader.problems.push(
      `${SCHEDULE.offsetSeconds.name}: ${schedule.offsetSeconds} s is not less than ` +
        `${SCHEDULE.intervalSeconds.name}, ${schedule.intervalSeconds} s. Correct one of them.`,
    );
  }
  return {
    targets: targets.map(({ config }) => config),
    deletion: reader.readAll(DELETION),
    schedule,
    taskQueue: reader.read(SETTINGS.taskQueue),
    versioning: readVersioning(reader),
    logLevel: reader.read(SETTINGS.logLevel),
    healthAddress: reader.read(SETTINGS.healthAddress),
    metricsAddress: reader.read(SETTINGS.metricsAddress),
  };
}

/**
 * The two settings of a worker's version: ours if one of them is set, else those of the Worker Controller. One
 * of each would name a version that nobody has deployed.
 */
export function versionSettings(reader: SettingsReader): typeof CONTROLLER_VERSION {
  const own = { deploymentName: SETTINGS.deploymentName, buildId: SETTINGS.buildId };
  return Object.values(own).some((setting) => reader.isSet(setting)) ? own : CONTROLLER_VERSION;
}

/** Both settings or neither: one alone would leave versioning off silently. */
function readVersioning(reader: SettingsReader): VersioningSettings | undefined {
  const source = versionSettings(reader);
  const { deploymentName, buildId } = reader.readAll(source);
  const pair = Object.values(source);
  const given = pair.find((setting) => reader.isSet(setting));
  const missing = pair.find((setting) => !reader.isSet(setting));
  if (missing !== undefined && given !== undefined) {
    reader.problems.push(
      `${missing.name}: not set, but ${given.name} is. Set both for workers with a version, or neither.`,
    );
  }
  return deploymentName === undefined || buildId === undefined
    ? undefined
    : { deploymentName, buildId };
}

/** Only a table that nothing describes is ours to create. */
function ownsSessionsTable(reader: SettingsReader, targets: readonly TargetConfig[]): boolean {
  const { preset, table, expiresColumn, expiresType, lifetime } = ONE_TABLE;
  return (
    targets.every(({ file }) => file === undefined) &&
    ![preset, table, expiresColumn, expiresType, lifetime].some((setting) => reader.isSet(setting))
  );
}

/** A typing error in a name would otherwise leave a default in force silently. */
function findUnknownSettings(environment: NodeJS.ProcessEnv): readonly string[] {
  const known = settingsReference().map(({ name }) => name);
  const replaced = replacedVariables(environment);
  return Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX) && givenText(environment, name) !== undefined)
    .filter((name) => !known.includes(name) && !replaced.includes(name))
    .toSorted()
    .map((name) => `${name}: ${explainUnknown(name, known)}`);
}

function explainUnknown(name: string, known: readonly string[]): string {
  const renamed = RENAMED[name];
  if (renamed !== undefined) return `this setting is called ${renamed} now. Rename it.`;
  const meant = didYouMean(
    name.slice(PREFIX.length),
    known.filter((candidate) => candidate.startsWith(PREFIX)).map((it) => it.slice(PREFIX.length)),
  );
  return meant === undefined
    ? 'unknown setting. Unset it; `session-cleanup help settings` lists all.'
    : `unknown setting. Did you mean ${PREFIX}${meant}?`;
}
