import { DEFAULT_TARGET } from '../contract/names.ts';
import { ConfigError, type Config, type TargetConfig, type VersioningSettings } from './config.ts';
import { schemaInUrl } from './database-url.ts';
import { didYouMean } from './did-you-mean.ts';
import {
  CONTROLLER_VERSION,
  DATABASE_URL,
  DELETION,
  PREFIX,
  RENAMED,
  SCHEDULE,
  SETTINGS,
  targetSettings,
} from './settings.ts';
import type { Setting, Values } from './settings.ts';

/** The configuration of a command that only talks to Temporal. */
export type ConfigWithoutDatabase = Omit<Config, 'database'>;

/**
 * Reads the whole configuration from environment variables. Pure: opens no connection.
 *
 * @throws {@link ConfigError} with all problems
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
    targets: rest.targets.map((target) => ({ ...target, schema: target.schema ?? defaultSchema })),
    database: {
      url: url ?? '',
      ledgerSchema,
      defaultSchema,
      ownsSessionsTable: ownsSessionsTable(environment, rest.targets),
    },
  };
}

/**
 * The same for a command that needs no database. Ignores `DATABASE_URL`, so that a schedule can be
 * paused from a machine that has no access to the sessions.
 *
 * @throws {@link ConfigError} with all problems
 */
export function loadConfigWithoutDatabase(environment: NodeJS.ProcessEnv): ConfigWithoutDatabase {
  const reader = new SettingsReader(environment);
  const config = readAllButDatabase(reader);
  reader.read(SETTINGS.ledgerSchema);
  reader.throwProblems();
  return config;
}

/** A setting's text in the environment; an empty variable counts as not set. */
export function givenText(environment: NodeJS.ProcessEnv, name: string): string | undefined {
  return environment[name] === '' ? undefined : environment[name];
}

function readAllButDatabase(reader: SettingsReader): ConfigWithoutDatabase {
  const targetNames = reader.read(SETTINGS.targets);
  reader.problems.push(...findUnknownSettings(reader.environment, targetNames));
  const targets = targetNames.flatMap((name) => readTarget(reader, name));
  reader.problems.push(...findRepeatedTables(targets));
  const schedule = reader.readAll(SCHEDULE);
  if (schedule.offsetSeconds >= schedule.intervalSeconds) {
    reader.problems.push(
      `${SCHEDULE.offsetSeconds.name}: ${schedule.offsetSeconds} s is not less than ` +
        `${SCHEDULE.intervalSeconds.name}, ${schedule.intervalSeconds} s. Correct one of them.`,
    );
  }
  return {
    targets,
    deletion: reader.readAll(DELETION),
    schedule,
    taskQueue: reader.read(SETTINGS.taskQueue),
    versioning: readVersioning(reader),
    logLevel: reader.read(SETTINGS.logLevel),
    healthAddress: reader.read(SETTINGS.healthAddress),
  };
}

/**
 * Both settings of one source or neither: one alone would leave versioning off silently, and a build id of
 * another source would name a version that nobody deployed.
 */
function readVersioning(reader: SettingsReader): VersioningSettings | undefined {
  const own = { deploymentName: SETTINGS.deploymentName, buildId: SETTINGS.buildId };
  const isOwn = Object.values(own).some((setting) => reader.isSet(setting));
  const source = isOwn ? own : CONTROLLER_VERSION;
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

/** None when its table is unknown, which is a problem. */
function readTarget(reader: SettingsReader, name: string): readonly TargetConfig[] {
  const settings = targetSettings(name);
  const { table: given, ...rest } = reader.readAll(settings);
  const isDefault = name === DEFAULT_TARGET;
  if (!isDefault) reader.require(settings.table);
  const table = given ?? (isDefault ? { schema: undefined, table: DEFAULT_TARGET } : undefined);
  return table === undefined ? [] : [{ name, ...rest, ...table }];
}

/** Two targets may share a table, but not the column of the expiry too. */
function findRepeatedTables(targets: readonly TargetConfig[]): readonly string[] {
  return targets.flatMap((target, index) => {
    const owner = targets
      .slice(0, index)
      .find(
        ({ schema, table, expiresColumn }) =>
          schema === target.schema &&
          table === target.table &&
          expiresColumn === target.expiresColumn,
      );
    if (owner === undefined) return [];
    return (
      `${targetSettings(target.name).table.name}: the target "${owner.name}" cleans this table by ` +
      `the same column. Name another, or remove "${target.name}" from ${SETTINGS.targets.name}.`
    );
  });
}

/** Only a table that no setting describes is ours to create. */
function ownsSessionsTable(
  environment: NodeJS.ProcessEnv,
  targets: readonly TargetConfig[],
): boolean {
  const { table, expiresColumn, expiresType } = targetSettings(DEFAULT_TARGET);
  return (
    targets.some(({ name }) => name === DEFAULT_TARGET) &&
    [table, expiresColumn, expiresType].every(
      ({ name }) => givenText(environment, name) === undefined,
    )
  );
}

/** A typing error in a name would otherwise leave a default in force silently. */
function findUnknownSettings(
  environment: NodeJS.ProcessEnv,
  targetNames: readonly string[],
): readonly string[] {
  const groups = [SETTINGS, DELETION, SCHEDULE, ...targetNames.map(targetSettings)];
  const known = groups.flatMap((group) =>
    Object.values(group).map(({ name }: Setting<unknown>) => name),
  );
  return Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX) && givenText(environment, name) !== undefined)
    .filter((name) => !known.includes(name))
    .toSorted()
    .map((name) => `${name}: ${explainUnknown(name, known)}`);
}

function explainUnknown(name: string, known: readonly string[]): string {
  const renamed = RENAMED[name];
  if (renamed !== undefined) return `this setting is called ${renamed} now. Rename it.`;
  const { targets } = SETTINGS;
  if (Object.values(targetSettings(DEFAULT_TARGET)).some((setting) => setting.name === name)) {
    return (
      `describes the target "${DEFAULT_TARGET}", which ${targets.name} does not list. ` +
      `Add "${DEFAULT_TARGET}" to it, or unset ${name}.`
    );
  }
  const unprefixed = name.slice(PREFIX.length);
  const meant = didYouMean(
    unprefixed,
    known.map((candidate) => candidate.slice(PREFIX.length)),
  );
  if (meant !== undefined) return `unknown setting. Did you mean ${PREFIX}${meant}?`;
  const [, target] =
    /^(.+)_(?:TABLE|EXPIRES_COLUMN|EXPIRES_TYPE|TIME_ZONE)$/.exec(unprefixed) ?? [];
  return target === undefined
    ? 'unknown setting. Unset it; `session-cleanup help settings` lists all.'
    : `unknown setting. If it describes a target, add "${target.toLowerCase()}" to ${targets.name}.`;
}

/** Reads settings and collects the problems of all. */
class SettingsReader {
  readonly environment: NodeJS.ProcessEnv;
  readonly problems: string[] = [];

  constructor(environment: NodeJS.ProcessEnv) {
    this.environment = environment;
  }

  isSet({ name }: Pick<Setting<unknown>, 'name'>): boolean {
    return givenText(this.environment, name) !== undefined;
  }

  /** With a problem, this is the default, so that all problems can be reported together. */
  read<Value>(setting: Setting<Value>): Value {
    const text = givenText(this.environment, setting.name);
    const parsed = setting.schema.safeParse(text);
    if (parsed.success) return parsed.data;
    this.problems.push(describeProblem(setting, text ?? ''));
    return setting.schema.parse(undefined);
  }

  readAll<Group extends Readonly<Record<string, Setting<unknown>>>>(group: Group): Values<Group> {
    const values = Object.entries(group).map(
      ([key, setting]) => [key, this.read(setting)] as const,
    );
    // The keys are the group's own, and each value is what its setting reads.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return Object.fromEntries(values) as Values<Group>;
  }

  require(setting: Setting<unknown>): void {
    if (this.isSet(setting)) return;
    const meaning = setting.meaning.charAt(0).toLowerCase() + setting.meaning.slice(1);
    this.problems.push(
      `${setting.name}: not set. Allowed: ${setting.allowed}. Set it to the ${meaning}.`,
    );
  }

  throwProblems(): void {
    if (this.problems.length > 0) throw new ConfigError(this.problems);
  }
}

function describeProblem(setting: Setting<unknown>, text: string): string {
  const shown = setting.mask?.(text) ?? JSON.stringify(text);
  const problem = setting.problem?.(text) ?? 'is invalid';
  const remedy =
    setting.default === undefined
      ? 'Correct it.'
      : `Correct it, or unset it for the default, ${setting.default}.`;
  return `${setting.name}: ${shown} ${problem}. Allowed: ${setting.allowed}. ${remedy}`;
}
