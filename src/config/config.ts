import type { ExpiryType, LifetimeUnit } from './expiry-types.ts';
import type { DELETION, SCHEDULE, SETTINGS, Values } from './settings.ts';

/** A value of a condition, as written in the file; compared in the column's own type. */
export type Scalar = string | number | boolean;

/** What a column's value has to meet. NULL meets `anyOf` with a null only, and no negation. */
export type Condition =
  | { readonly anyOf: readonly (Scalar | null)[] }
  | { readonly not: Condition }
  | { readonly startsWith: string }
  | { readonly above: Scalar };

/** A condition on one column. */
export interface ColumnCondition {
  readonly column: string;
  readonly condition: Condition;
}

/** A table whose rows refer to the target's, and by which columns. */
export interface ChildTable {
  /** Undefined leaves it to the connection's `search_path`. */
  readonly schema: string | undefined;
  readonly table: string;
  /** `parent` undefined: the key that the child's foreign key names, else a primary key of one column. */
  readonly columns: readonly { readonly child: string; readonly parent: string | undefined }[];
}

/** One set of rows to clean: a table and a rule. */
export interface TargetConfig {
  /** Name of the target in inputs, results and the ledger. */
  readonly name: string;
  /** The file that describes the target, as in messages; undefined: environment variables do. */
  readonly file: string | undefined;
  /** Schema of the table; undefined leaves it to the connection's `search_path`. */
  readonly schema: string | undefined;
  readonly table: string;
  /**
   * Columns with the expiry or, where there is a lifetime, with the start of it. Of several, the latest counts, and
   * NULL does not. None: rows that meet `where` expire at once.
   */
  readonly expiresColumns: readonly string[];
  /** Undefined: taken from the catalogue, which is enough for `timestamptz` and `timestamp` only. */
  readonly expiresType: ExpiryType | undefined;
  /** Zone of a `timestamp`, or of ISO 8601 text without one. */
  readonly timeZone: string | undefined;
  /** A row expires so long after the value of its column; 0: at it. */
  readonly lifetimeSeconds: number;
  /** The column that holds each row's own lifetime. NULL or negative: the row never expires. */
  readonly lifetimeColumn:
    { readonly column: string; readonly unit: LifetimeUnit | undefined } | undefined;
  /** Values of the expiry's columns that mean "never", besides NULL. */
  readonly never: readonly Scalar[];
  /** All must hold. */
  readonly where: readonly ColumnCondition[];
  /** How long a row is kept after its expiry. */
  readonly graceSeconds: number;
  /** Share of the target's rows from which a run waits for approval; null: it never does. */
  readonly approvalShare: number | null;
  /** Whether rows stay while a foreign key refers to them, those of `dependents` and `unlink` apart. */
  readonly unlessReferenced: boolean;
  /** Rows of these tables are deleted before those to which they refer. */
  readonly dependents: readonly ChildTable[];
  /** References of these tables are set to NULL before the rows to which they refer are deleted. */
  readonly unlink: readonly ChildTable[];
  /** Whether ON DELETE CASCADE may delete rows that may be live, uncounted. */
  readonly cascade: 'refuse' | 'allow';
  /** How a partitioned table is cleaned; undefined: the table is not partitioned. */
  readonly partitions: 'rows' | undefined;
}

/** What a target has that says nothing else. */
export const TARGET_DEFAULTS: Omit<TargetConfig, 'name' | 'table'> = {
  file: undefined,
  schema: undefined,
  expiresColumns: ['expires_at'],
  expiresType: undefined,
  timeZone: undefined,
  lifetimeSeconds: 0,
  lifetimeColumn: undefined,
  never: [],
  where: [],
  graceSeconds: 0,
  approvalShare: 1,
  unlessReferenced: false,
  dependents: [],
  unlink: [],
  cascade: 'refuse',
  partitions: undefined,
};

/** How rows are deleted; `settings.ts` describes each field. */
export type DeletionSettings = Values<typeof DELETION>;

/** What the schedule should be. */
export type ScheduleSettings = Values<typeof SCHEDULE>;

/**
 * Version of a worker within its Worker Deployment. Runs are pinned: each stays with the version on
 * which it started.
 */
export interface VersioningSettings {
  readonly deploymentName: string;
  readonly buildId: string;
}

export interface DatabaseSettings {
  /** A `postgres://` address. Secret: it never reaches a log line, an error or a history. */
  readonly url: string;
  /** Schema of the ledger and of the table of applied migrations. */
  readonly ledgerSchema: string;
  /** Schema of tables whose name has none, from the address; undefined leaves it to the `search_path`. */
  readonly defaultSchema: string | undefined;
  /** True when `migrate` may create the default `sessions` table: no setting names another. */
  readonly ownsSessionsTable: boolean;
}

/** A collector of OpenTelemetry. */
export interface OtlpSettings {
  readonly url: string;
  /** False: gRPC. */
  readonly isHttp: boolean;
  /** Secret. */
  readonly headers: Readonly<Record<string, string>>;
  readonly intervalMilliseconds: number;
}

/** The configuration as the rest of the program sees it. */
export interface Config {
  readonly database: DatabaseSettings;
  readonly targets: readonly TargetConfig[];
  readonly deletion: DeletionSettings;
  readonly schedule: ScheduleSettings;
  readonly taskQueue: string;
  /** Undefined: workers have no version, and any of them continues any run. */
  readonly versioning: VersioningSettings | undefined;
  readonly logLevel: Values<typeof SETTINGS>['logLevel'];
  /** Undefined: the worker opens no port. */
  readonly healthAddress: Values<typeof SETTINGS>['healthAddress'];
  /** Undefined: the worker opens no port. */
  readonly metricsAddress: Values<typeof SETTINGS>['metricsAddress'];
}

/**
 * The configuration cannot be used. Thrown with all problems together, before any connection is
 * opened; a command then exits with code 2.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** Each says: the setting, its value (secrets masked), what is wrong, what is allowed, the remedy. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const heading =
      problems.length === 1
        ? 'The configuration has a problem:'
        : `The configuration has ${problems.length} problems:`;
    super([heading, ...problems.map((problem) => `  - ${problem}`)].join('\n'));
    this.problems = problems;
  }
}
