import { MOST_LANES, MOST_ROWS_PER_SECOND } from '../contract/limits.ts';
import { DEFAULT_TARGET, DEFAULT_TASK_QUEUE, SCHEDULE_ID } from '../contract/names.ts';
import { CASCADES, EXPIRY_TYPES } from './config.ts';
import type { ExpiryType } from './config.ts';
import { maskDatabaseUrl } from './database-url.ts';
import type { Setting, SettingWithDefault } from './setting.ts';
import type { TableName } from './sql-name.ts';
import { targetNames } from './target-names.ts';
import {
  buildId,
  columnName,
  databaseUrl,
  deploymentName,
  durationIn,
  oneOf,
  ownSchemaName,
  shareOrOff,
  tableName,
  taskQueueName,
  temporalId,
  timeZone,
  truth,
  wholeNumberBetween,
} from './value-kinds.ts';

/** Every variable whose name begins so is ours; an unknown one is refused. */
export const PREFIX = 'SESSION_CLEANUP_';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Where the sessions are. The one setting whose value is secret. */
export const DATABASE_URL: Setting<string> = {
  name: 'DATABASE_URL',
  meaning: 'Address of the database that holds the sessions',
  default: undefined,
  unset: 'required by whatever uses the database',
  mask: maskDatabaseUrl,
  ...databaseUrl(),
};

/** The settings that describe one table; a further target has its own set of them. */
export interface TargetSettings {
  readonly table: Setting<TableName>;
  readonly expiresColumn: SettingWithDefault<string>;
  readonly expiresType: Setting<ExpiryType>;
  readonly timeZone: Setting<string>;
  readonly cascade: SettingWithDefault<(typeof CASCADES)[number]>;
}

/**
 * The settings of a target: `SESSION_CLEANUP_TABLE` … for the target `sessions`,
 * `SESSION_CLEANUP_<NAME>_TABLE` … for every other.
 */
export function targetSettings(target: string): TargetSettings {
  const prefix =
    target === DEFAULT_TARGET ? PREFIX : `${PREFIX}${target.toUpperCase().replaceAll('-', '_')}_`;
  return {
    table: {
      name: `${prefix}TABLE`,
      meaning: 'Table to clean',
      default: undefined,
      unset: '`sessions`, made by `migrate`',
      ...tableName(),
    },
    expiresColumn: {
      name: `${prefix}EXPIRES_COLUMN`,
      meaning: 'Column that says when a row expires; NULL never does',
      default: 'expires_at',
      ...columnName(),
    },
    expiresType: {
      name: `${prefix}EXPIRES_TYPE`,
      meaning: 'What that column holds; must be told for numbers and text',
      default: undefined,
      unset: 'the type of the column, where it is a timestamp',
      ...oneOf(EXPIRY_TYPES),
    },
    timeZone: {
      name: `${prefix}TIME_ZONE`,
      meaning: 'Zone of expiries that name none',
      default: undefined,
      unset: 'UTC, where every connection to the database gets UTC; refused elsewhere',
      ...timeZone(),
    },
    cascade: {
      name: `${prefix}CASCADE`,
      meaning: 'Target whose ON DELETE CASCADE would delete rows that may be live',
      default: 'refuse',
      ...oneOf(CASCADES),
    },
  };
}

/** All other settings. */
export const SETTINGS = {
  targets: withDefault({
    name: `${PREFIX}TARGETS`,
    meaning: 'Names of the tables to clean, in this order',
    default: DEFAULT_TARGET,
    ...targetNames(),
  }),
  ledgerSchema: withDefault({
    name: `${PREFIX}LEDGER_SCHEMA`,
    meaning: 'Schema of the ledger, which `migrate` creates',
    default: 'session_cleanup',
    ...ownSchemaName(),
  }),
  graceSeconds: withDefault({
    name: `${PREFIX}GRACE`,
    meaning: 'How long a row stays after its expiry',
    default: '0s',
    ...durationIn('s', '0s', '3650d'),
  }),
  lanes: withDefault({
    name: `${PREFIX}LANES`,
    meaning: 'Database connections that delete side by side',
    default: '2',
    ...wholeNumberBetween(1, MOST_LANES),
  }),
  lanesBesideOthers: withDefault({
    name: `${PREFIX}LANES_BESIDE_OTHERS`,
    meaning: 'Of them, how many go on while others are at work on the server',
    default: '1',
    ...wholeNumberBetween(1, MOST_LANES),
  }),
  chunkMilliseconds: withDefault({
    name: `${PREFIX}CHUNK_TIME`,
    meaning: 'How long one transaction should take',
    default: '20ms',
    ...durationIn('ms', '10ms', '1s'),
  }),
  lockTimeoutMilliseconds: withDefault({
    name: `${PREFIX}LOCK_TIMEOUT`,
    meaning: 'Longest wait for a locked row before it is left to a later pass',
    default: '20ms',
    ...durationIn('ms', '1ms', '100ms'),
  }),
  sliceSeconds: withDefault({
    name: `${PREFIX}SLICE_TIME`,
    meaning: 'How long one activity works before the workflow decides how to go on',
    default: '5m',
    ...durationIn('s', '1s', '10m'),
  }),
  asynchronousCommit: withDefault({
    name: `${PREFIX}ASYNC_COMMIT`,
    meaning: 'Do not wait for the disk after each chunk; the last of a slice always waits',
    default: 'true',
    ...truth(),
  }),
  rowsPerSecond: withoutDefault({
    name: `${PREFIX}ROWS_PER_SECOND`,
    meaning: 'Delete no more rows a second than this, on average',
    default: undefined,
    unset: 'as many as possible',
    ...wholeNumberBetween(1, MOST_ROWS_PER_SECOND),
  }),
  maxReplicaLagSeconds: withDefault({
    name: `${PREFIX}MAX_REPLICA_LAG`,
    meaning: 'Wait while a replica is further behind than this; 0s: never',
    default: '10s',
    ...durationIn('s', '0s', '1d'),
  }),
  maxTransactionAgeSeconds: withDefault({
    name: `${PREFIX}MAX_TRANSACTION_AGE`,
    meaning:
      'Wait while a transaction older than this keeps dead rows from being removed; 0s: never',
    default: '1h',
    ...durationIn('s', '0s', '7d'),
  }),
  runBudgetSeconds: withoutDefault({
    name: `${PREFIX}RUN_BUDGET`,
    meaning: 'A run stops after this time; the next one goes on',
    default: undefined,
    unset: 'a run ends when nothing is left',
    ...durationIn('s', '1s', '7d'),
  }),
  brakeShare: withDefault({
    name: `${PREFIX}BRAKE`,
    meaning:
      'A run that would delete this share of a table of more than 1,000 rows waits for approval',
    default: '100%',
    ...shareOrOff(),
  }),
  plausibility: withDefault({
    name: `${PREFIX}PLAUSIBILITY`,
    meaning: 'Fail a target whose numbers lie decades away when read in the configured unit',
    default: 'check',
    ...oneOf(['check', 'off']),
  }),
  ledgerRetentionDays: withDefault({
    name: `${PREFIX}LEDGER_RETENTION`,
    meaning: 'How long the ledger remembers a run',
    default: '30d',
    ...durationIn('d', '2d', '3650d'),
  }),
  intervalSeconds: withDefault({
    name: `${PREFIX}INTERVAL`,
    meaning: 'Time from one scheduled run to the next',
    default: '6h',
    ...durationIn('s', '1s', '365d', { bareNumber: true }),
  }),
  offsetSeconds: withDefault({
    name: `${PREFIX}OFFSET`,
    meaning: 'Shifts the runs: every 6h with 1h runs at 01:00, 07:00 … UTC; less than the interval',
    default: '0s',
    ...durationIn('s', '0s', '365d'),
  }),
  scheduleAtWorkerStart: withDefault({
    name: `${PREFIX}SCHEDULE`,
    meaning:
      'What a starting worker does to the schedule: make it so, report differences, or nothing',
    default: 'apply',
    ...oneOf(['apply', 'check', 'off']),
  }),
  scheduleId: withDefault({
    name: `${PREFIX}SCHEDULE_ID`,
    meaning: 'Id of the Temporal Schedule; one for each installation in a namespace',
    default: SCHEDULE_ID,
    ...temporalId(),
  }),
  taskQueue: withDefault({
    name: `${PREFIX}TASK_QUEUE`,
    meaning: 'Temporal task queue of worker and schedule',
    default: DEFAULT_TASK_QUEUE,
    ...taskQueueName(),
  }),
  deploymentName: withoutDefault({
    name: `${PREFIX}DEPLOYMENT`,
    meaning: 'Worker Deployment in Temporal; turns its versioning on, together with the build id',
    default: undefined,
    unset: 'workers have no version',
    ...deploymentName(),
  }),
  buildId: withoutDefault({
    name: `${PREFIX}BUILD_ID`,
    meaning: 'Version of this worker within the deployment; runs stay with the one they began on',
    default: undefined,
    unset: 'workers have no version',
    ...buildId(),
  }),
  logLevel: withDefault({
    name: `${PREFIX}LOG_LEVEL`,
    meaning: 'How much is logged',
    default: 'info',
    ...oneOf(LOG_LEVELS),
  }),
};

/** Keeps the type of the value, which a plain annotation of the record would lose. */
function withDefault<Value>(setting: SettingWithDefault<Value>): SettingWithDefault<Value> {
  return setting;
}

/** The same for a setting that may be left out altogether. */
function withoutDefault<Value>(setting: Setting<Value>): Setting<Value> {
  return setting;
}
