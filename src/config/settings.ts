import type { z } from 'zod';

import { MOST_LANES, MOST_ROWS_PER_SECOND } from '../contract/limits.ts';
import { DEFAULT_TASK_QUEUE, SCHEDULE_ID } from '../contract/names.ts';
import { maskDatabaseUrl } from './database-url.ts';
import { EXPIRY_TYPES } from './expiry-types.ts';
import {
  BOOLEAN,
  BUILD_ID,
  COLUMN_NAME,
  DATABASE_ADDRESS,
  DEPLOYMENT_NAME,
  durationIn,
  FILE_PATH,
  GRACE,
  HEADERS,
  LIFETIME,
  LISTEN_ADDRESS,
  oneOf,
  OWN_SCHEMA_NAME,
  PRESET_NAME,
  SHARE_OR_OFF,
  TABLE_NAME,
  temporalName,
  TIME_ZONE,
  WEB_ADDRESS,
  wholeNumberBetween,
} from './value-kinds.ts';
import type { ValueKind } from './value-kinds.ts';

/** One environment variable: parsing, `--help` and the table in the docs all come from this. */
export interface Setting<Value> extends Omit<ValueKind<Value>, 'schema'> {
  readonly name: string;
  /** Turns undefined into the default. */
  readonly schema: z.ZodType<Value, string | undefined>;
  /** What it does, in a few words, beginning with a capital letter. */
  readonly meaning: string;
  /** The default as it would be written; undefined: there is none. */
  readonly default: string | undefined;
  /** What happens without a value, for a setting that has no default. */
  readonly unset?: string;
  /** Gives the text a form that may be printed; for secrets. */
  readonly mask?: (text: string) => string;
}

/** The values of a group of settings. */
export type Values<Group> = {
  readonly [Key in keyof Group]: Group[Key] extends Setting<infer Value> ? Value : never;
};

/** Every variable whose name begins so belongs to this program; an unknown one is refused. */
export const PREFIX = 'SESSION_CLEANUP_';

/** The only setting whose value is secret. */
export const DATABASE_URL = withoutDefault({
  name: 'DATABASE_URL',
  meaning: 'Address of the database that holds the sessions',
  unset: 'required by every command that uses the database',
  mask: maskDatabaseUrl,
  ...DATABASE_ADDRESS,
});

/**
 * The settings that describe one table, and the key of each in the configuration file. Their values are read
 * as that key's are.
 */
export const ONE_TABLE = {
  preset: {
    key: 'preset',
    ...withoutDefault({
      name: `${PREFIX}PRESET`,
      meaning: 'A known store, whose table, column, type and rule the preset gives',
      unset: 'the settings below describe the table',
      ...PRESET_NAME,
    }),
  },
  table: {
    key: 'table',
    ...withoutDefault({
      name: `${PREFIX}TABLE`,
      meaning: 'Table to clean',
      unset: '`sessions`, created by `migrate`',
      ...TABLE_NAME,
    }),
  },
  expiresColumn: {
    key: 'expires.column',
    ...withDefault({
      name: `${PREFIX}EXPIRES_COLUMN`,
      meaning: 'Column with the expiry of a row; NULL: never expires',
      default: 'expires_at',
      ...COLUMN_NAME,
    }),
  },
  expiresType: {
    key: 'expires.type',
    ...withoutDefault({
      name: `${PREFIX}EXPIRES_TYPE`,
      meaning: 'How that column stores the expiry; required for numbers and text',
      unset: 'the type of the column, if it is a timestamp',
      ...oneOf(EXPIRY_TYPES),
    }),
  },
  lifetime: {
    key: 'expires.lifetime',
    ...withoutDefault({
      name: `${PREFIX}LIFETIME`,
      meaning: 'That column holds a start, such as the last use; a row expires so long after it',
      unset: 'the column holds the expiry',
      ...LIFETIME,
    }),
  },
  timeZone: {
    key: 'timeZone',
    ...withoutDefault({
      name: `${PREFIX}TIME_ZONE`,
      meaning: 'Time zone of expiries without one',
      unset: 'UTC, if every connection to the database gets UTC; refused otherwise',
      ...TIME_ZONE,
    }),
  },
  cascade: {
    key: 'cascade',
    ...withDefault({
      name: `${PREFIX}CASCADE`,
      meaning:
        'Whether ON DELETE CASCADE may delete rows that may be live; refuse fails the target',
      default: 'refuse',
      ...oneOf(['refuse', 'allow']),
    }),
  },
} as const;

/** Defaults of keys that each target may set for itself, and those keys. */
export const FOR_ALL_TARGETS = {
  grace: {
    key: 'grace',
    ...withDefault({
      name: `${PREFIX}GRACE`,
      meaning: 'How long a row is kept after its expiry, unless its target says otherwise',
      default: '0s',
      ...GRACE,
    }),
  },
  approval: {
    key: 'approval',
    ...withDefault({
      name: `${PREFIX}APPROVAL`,
      meaning:
        'A run that would delete this share of a target waits for approval, unless the target says otherwise',
      default: '100%',
      ...SHARE_OR_OFF,
    }),
  },
} as const;

/** How rows are deleted; the unit of a number is part of its key. */
export const DELETION = {
  lanes: withDefault({
    name: `${PREFIX}LANES`,
    meaning: 'Database connections that delete in parallel',
    default: '2',
    ...wholeNumberBetween(1, MOST_LANES),
  }),
  lanesWhenBusy: withDefault({
    name: `${PREFIX}LANES_WHEN_BUSY`,
    meaning: 'Lanes that keep running while other sessions are active on the server',
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
    meaning: 'Longest wait for a row lock before the row is left for a later pass',
    default: '20ms',
    ...durationIn('ms', '1ms', '100ms'),
  }),
  sliceSeconds: withDefault({
    name: `${PREFIX}SLICE_TIME`,
    meaning: 'How long one activity works before it returns to the workflow',
    default: '5m',
    ...durationIn('s', '1s', '10m'),
  }),
  asynchronousCommit: withDefault({
    name: `${PREFIX}ASYNC_COMMIT`,
    meaning: 'Commit chunks without waiting for the disk; the last commit of a slice always waits',
    default: 'true',
    ...BOOLEAN,
  }),
  rowsPerSecond: withoutDefault({
    name: `${PREFIX}ROWS_PER_SECOND`,
    meaning: 'Highest average rate of deletion',
    unset: 'no limit',
    ...wholeNumberBetween(1, MOST_ROWS_PER_SECOND),
  }),
  maxReplicaLagSeconds: withDefault({
    name: `${PREFIX}MAX_REPLICA_LAG`,
    meaning: 'Wait while a replica lags by more than this; 0s: never',
    default: '10s',
    ...durationIn('s', '0s', '1d'),
  }),
  maxTransactionAgeSeconds: withDefault({
    name: `${PREFIX}MAX_TRANSACTION_AGE`,
    meaning:
      'Wait while a transaction older than this keeps vacuum from removing dead rows; 0s: never',
    default: '1h',
    ...durationIn('s', '0s', '7d'),
  }),
  runBudgetSeconds: withoutDefault({
    name: `${PREFIX}RUN_BUDGET`,
    meaning: 'A run stops after this time; the next one continues',
    unset: 'no limit: a run ends when no expired rows remain',
    ...durationIn('s', '1s', '7d'),
  }),
  plausibility: withDefault({
    name: `${PREFIX}PLAUSIBILITY`,
    meaning: 'Fail a target whose numbers lie decades away when read in the configured unit',
    default: 'check',
    ...oneOf(['check', 'off']),
  }),
  ledgerRetentionDays: withDefault({
    name: `${PREFIX}LEDGER_RETENTION`,
    meaning: 'How long the ledger keeps the rows of a run',
    default: '30d',
    ...durationIn('d', '2d', '3650d'),
  }),
};

/** What the schedule should be. */
export const SCHEDULE = {
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
  atWorkerStart: withDefault({
    name: `${PREFIX}SCHEDULE`,
    meaning: 'What a starting worker does: apply the schedule, only report differences, nothing',
    default: 'apply',
    ...oneOf(['apply', 'check', 'off']),
  }),
  scheduleId: withDefault({
    name: `${PREFIX}SCHEDULE_ID`,
    meaning: 'Id of the Temporal Schedule; one for each installation in a namespace',
    default: SCHEDULE_ID,
    // Temporal allows 1,000 bytes; runs append their start time.
    ...temporalName(900),
  }),
};

/** All other settings. */
export const SETTINGS = {
  config: withoutDefault({
    name: `${PREFIX}CONFIG`,
    meaning: 'Configuration file, which describes the targets',
    unset: '`session-cleanup.yaml` in the current folder, if it exists',
    ...FILE_PATH,
  }),
  ledgerSchema: withDefault({
    name: `${PREFIX}LEDGER_SCHEMA`,
    meaning: 'Schema of the ledger, created by `migrate`',
    default: 'session_cleanup',
    ...OWN_SCHEMA_NAME,
  }),
  taskQueue: withDefault({
    name: `${PREFIX}TASK_QUEUE`,
    meaning: 'Temporal task queue of worker and schedule',
    default: DEFAULT_TASK_QUEUE,
    ...temporalName(1_000),
  }),
  deploymentName: withoutDefault({
    name: `${PREFIX}DEPLOYMENT`,
    meaning: 'Worker Deployment in Temporal; with the build id, turns Worker Versioning on',
    unset: 'workers have no version',
    ...DEPLOYMENT_NAME,
  }),
  buildId: withoutDefault({
    name: `${PREFIX}BUILD_ID`,
    meaning: 'Version of this worker in the deployment; a run stays with the one it started on',
    unset: 'workers have no version',
    ...BUILD_ID,
  }),
  logLevel: withDefault({
    name: `${PREFIX}LOG_LEVEL`,
    meaning: 'Lowest level to log',
    default: 'info',
    ...oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
  }),
  healthAddress: withoutDefault({
    name: `${PREFIX}HEALTH_ADDRESS`,
    meaning: 'Where a worker answers /livez, /readyz and /startupz over HTTP',
    unset: 'no port is opened',
    ...LISTEN_ADDRESS,
  }),
  metricsAddress: withoutDefault({
    name: `${PREFIX}METRICS_ADDRESS`,
    meaning: 'Where a worker serves /metrics for Prometheus; wins over OTEL_EXPORTER_OTLP_…',
    unset: 'no port is opened',
    ...LISTEN_ADDRESS,
  }),
};

/** OpenTelemetry's own variables, as far as they concern metrics. A worker that has an endpoint exports there. */
export const OTLP = {
  endpoint: withoutDefault({
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    meaning: 'Collector to which a worker sends its metrics; over HTTP, /v1/metrics is appended',
    unset: 'nothing is sent',
    ...WEB_ADDRESS,
  }),
  metricsEndpoint: withoutDefault({
    name: 'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT',
    meaning: 'The same for metrics only, with the whole path',
    unset: 'nothing is sent',
    ...WEB_ADDRESS,
  }),
  protocol: withDefault({
    name: 'OTEL_EXPORTER_OTLP_PROTOCOL',
    meaning: 'How it is sent',
    default: 'grpc',
    ...oneOf(['grpc', 'http/protobuf']),
  }),
  headers: withoutDefault({
    name: 'OTEL_EXPORTER_OTLP_HEADERS',
    meaning: 'Headers of each request, such as a key; secret',
    unset: 'none',
    mask: () => '***',
    ...HEADERS,
  }),
  exportIntervalMilliseconds: withDefault({
    name: 'OTEL_METRIC_EXPORT_INTERVAL',
    meaning: 'Time between two exports, in milliseconds',
    default: '60000',
    ...wholeNumberBetween(1_000, 3_600_000),
  }),
};

/** What Temporal's Worker Controller sets; read when neither of our two settings for it is. */
export const CONTROLLER_VERSION = {
  deploymentName: withoutDefault({
    name: 'TEMPORAL_DEPLOYMENT_NAME',
    meaning: `Worker Deployment, set by Temporal's Worker Controller; ${SETTINGS.deploymentName.name} wins`,
    unset: 'workers have no version',
    ...DEPLOYMENT_NAME,
  }),
  buildId: withoutDefault({
    name: 'TEMPORAL_WORKER_BUILD_ID',
    meaning: `Build id, set by Temporal's Worker Controller; ${SETTINGS.buildId.name} wins`,
    unset: 'workers have no version',
    ...BUILD_ID,
  }),
};

/** Former names of settings, with their present ones. */
export const RENAMED: Readonly<Record<string, string>> = {
  [`${PREFIX}BRAKE`]: FOR_ALL_TARGETS.approval.name,
  [`${PREFIX}LANES_BESIDE_OTHERS`]: DELETION.lanesWhenBusy.name,
};

/** A setting as `--help` and the docs describe it. */
export type SettingReference = Omit<Setting<unknown>, 'schema'>;

/** Every setting, in the order of `--help` and the docs. */
export function settingsReference(): readonly SettingReference[] {
  const { config, ledgerSchema, ...others } = SETTINGS;
  return [
    DATABASE_URL,
    config,
    ...Object.values(ONE_TABLE),
    ...Object.values(FOR_ALL_TARGETS),
    ledgerSchema,
    ...Object.values({ ...DELETION, ...SCHEDULE, ...others }),
  ];
}

type Declared<Value> = ValueKind<Value> & Omit<Setting<Value>, 'schema' | 'default' | 'unset'>;

function withDefault<Value>(
  setting: Declared<Value> & { readonly default: string },
): Setting<Value> {
  return { ...setting, schema: setting.schema.prefault(setting.default) };
}

function withoutDefault<Value>(
  setting: Declared<Value> & { readonly unset: string },
): Setting<Value | undefined> {
  return { ...setting, schema: setting.schema.optional(), default: undefined };
}
