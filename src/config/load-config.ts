import { DEFAULT_TARGET } from '../contract/names.ts';
import { ConfigError } from './config-error.ts';
import { schemaInUrl } from './database-url.ts';
import type {
  Config,
  DatabaseSettings,
  DeletionSettings,
  TargetConfig,
  VersioningSettings,
} from './config.ts';
import {
  describeMissing,
  givenText,
  readSetting,
  readSettingOrDefault,
  type SettingWithDefault,
} from './setting.ts';
import { DATABASE_URL, SETTINGS, targetSettings } from './settings.ts';
import { formatTableName } from './sql-name.ts';
import { findUnknownSettings } from './unknown-settings.ts';

/** The configuration of a command that only talks to Temporal. */
export type ConfigWithoutDatabase = Omit<Config, 'database'>;

/**
 * Reads the whole configuration from environment variables. Pure: nothing is connected to.
 *
 * @throws {@link ConfigError} listing every problem there is.
 */
export function loadConfig(environment: NodeJS.ProcessEnv): Config {
  const problems: string[] = [];
  const url = readSetting(environment, DATABASE_URL, problems);
  if (givenText(environment, DATABASE_URL.name) === undefined) {
    problems.push(describeMissing(DATABASE_URL));
  }
  const rest = readAllButDatabase(environment, problems);
  const ledgerSchema = readSettingOrDefault(environment, SETTINGS.ledgerSchema, problems);
  if (problems.length > 0 || url === undefined) throw new ConfigError(problems);
  const defaultSchema = schemaInUrl(url);
  const database: DatabaseSettings = {
    url,
    ledgerSchema,
    defaultSchema,
    ownsSessionsTable: ownsSessionsTable(environment, rest.targets),
  };
  const targets = rest.targets.map((target) => ({
    ...target,
    schema: target.schema ?? defaultSchema,
  }));
  return { database, ...rest, targets };
}

/**
 * Reads the configuration of a command that needs no database. `DATABASE_URL` is not looked at, so
 * that a schedule can be paused from a machine that has no access to the sessions.
 *
 * @throws {@link ConfigError} listing every problem there is.
 */
export function loadConfigWithoutDatabase(environment: NodeJS.ProcessEnv): ConfigWithoutDatabase {
  const problems: string[] = [];
  const config = readAllButDatabase(environment, problems);
  readSetting(environment, SETTINGS.ledgerSchema, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

function readAllButDatabase(
  environment: NodeJS.ProcessEnv,
  problems: string[],
): ConfigWithoutDatabase {
  const targetNames = readSettingOrDefault(environment, SETTINGS.targets, problems);
  problems.push(...findUnknownSettings(environment, targetNames));
  const targets = targetNames
    .map((name) => readTarget(environment, name, problems))
    .filter((target) => target !== undefined);
  problems.push(...findRepeatedTables(targets));

  const intervalSeconds = readSettingOrDefault(environment, SETTINGS.intervalSeconds, problems);
  const offsetSeconds = readSettingOrDefault(environment, SETTINGS.offsetSeconds, problems);
  if (offsetSeconds >= intervalSeconds) {
    const { name } = SETTINGS.offsetSeconds;
    problems.push(
      `${name} is ${offsetSeconds} s, which is not less than the interval of ${intervalSeconds} s. ` +
        `Allowed: less than ${SETTINGS.intervalSeconds.name}. Correct one of them.`,
    );
  }
  return {
    targets,
    deletion: readDeletion(environment, problems),
    schedule: {
      scheduleId: readSettingOrDefault(environment, SETTINGS.scheduleId, problems),
      intervalSeconds,
      offsetSeconds,
      atWorkerStart: readSettingOrDefault(environment, SETTINGS.scheduleAtWorkerStart, problems),
    },
    taskQueue: readSettingOrDefault(environment, SETTINGS.taskQueue, problems),
    versioning: readVersioning(environment, problems),
    logLevel: readSettingOrDefault(environment, SETTINGS.logLevel, problems),
  };
}

/** Both settings or none: one alone would leave versioning off without a word. */
function readVersioning(
  environment: NodeJS.ProcessEnv,
  problems: string[],
): VersioningSettings | undefined {
  const settings = [SETTINGS.deploymentName, SETTINGS.buildId] as const;
  const [deploymentName, buildId] = [
    readSetting(environment, settings[0], problems),
    readSetting(environment, settings[1], problems),
  ];
  const missing = settings.find(({ name }) => givenText(environment, name) === undefined);
  const given = settings.find(({ name }) => givenText(environment, name) !== undefined);
  if (missing !== undefined && given !== undefined) {
    problems.push(
      `${missing.name} is not set, but ${given.name} is. Allowed: both, or neither. Set ` +
        `${missing.name} too, or unset ${given.name} to have workers without a version.`,
    );
  }
  return deploymentName === undefined || buildId === undefined
    ? undefined
    : { deploymentName, buildId };
}

function readDeletion(environment: NodeJS.ProcessEnv, problems: string[]): DeletionSettings {
  const read = <Value>(setting: SettingWithDefault<Value>): Value =>
    readSettingOrDefault(environment, setting, problems);
  return {
    graceSeconds: read(SETTINGS.graceSeconds),
    lanes: read(SETTINGS.lanes),
    lanesWhenBusy: read(SETTINGS.lanesWhenBusy),
    chunkMilliseconds: read(SETTINGS.chunkMilliseconds),
    lockTimeoutMilliseconds: read(SETTINGS.lockTimeoutMilliseconds),
    sliceSeconds: read(SETTINGS.sliceSeconds),
    asynchronousCommit: read(SETTINGS.asynchronousCommit),
    rowsPerSecond: readSetting(environment, SETTINGS.rowsPerSecond, problems),
    maxReplicaLagSeconds: read(SETTINGS.maxReplicaLagSeconds),
    maxTransactionAgeSeconds: read(SETTINGS.maxTransactionAgeSeconds),
    runBudgetSeconds: readSetting(environment, SETTINGS.runBudgetSeconds, problems),
    approvalShare: read(SETTINGS.approvalShare),
    plausibility: read(SETTINGS.plausibility),
    ledgerRetentionDays: read(SETTINGS.ledgerRetentionDays),
  };
}

function readTarget(
  environment: NodeJS.ProcessEnv,
  name: string,
  problems: string[],
): TargetConfig | undefined {
  const settings = targetSettings(name);
  const given = readSetting(environment, settings.table, problems);
  const table =
    given ?? (name === DEFAULT_TARGET ? { schema: undefined, table: DEFAULT_TARGET } : undefined);
  if (table === undefined && givenText(environment, settings.table.name) === undefined) {
    problems.push(describeMissing(settings.table));
  }
  const rest = {
    name,
    expiresColumn: readSettingOrDefault(environment, settings.expiresColumn, problems),
    expiresType: readSetting(environment, settings.expiresType, problems),
    timeZone: readSetting(environment, settings.timeZone, problems),
    cascade: readSettingOrDefault(environment, settings.cascade, problems),
  };
  return table === undefined ? undefined : { ...rest, ...table };
}

/** Two targets may share a table (two kinds of expiry), but not its column too. */
function findRepeatedTables(targets: readonly TargetConfig[]): readonly string[] {
  const owners = new Map<string, TargetConfig>();
  const problems: string[] = [];
  for (const target of targets) {
    const key = JSON.stringify([target.schema, target.table, target.expiresColumn]);
    const owner = owners.get(key);
    if (owner === undefined) {
      owners.set(key, target);
    } else {
      problems.push(
        `${targetSettings(target.name).table.name} is ${JSON.stringify(formatTableName(target))}, which ` +
          `the target "${owner.name}" cleans by the same column. Allowed: a table and column of its ` +
          `own for each target. Leave "${target.name}" out of ${SETTINGS.targets.name}.`,
      );
    }
  }
  return problems;
}

/** Only a table that nobody described otherwise is ours to create. */
function ownsSessionsTable(
  environment: NodeJS.ProcessEnv,
  targets: readonly TargetConfig[],
): boolean {
  const { table, expiresColumn, expiresType } = targetSettings(DEFAULT_TARGET);
  return (
    targets.some((target) => target.name === DEFAULT_TARGET) &&
    [table, expiresColumn, expiresType].every(
      (setting) => givenText(environment, setting.name) === undefined,
    )
  );
}
