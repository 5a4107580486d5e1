/** The configuration as the rest of the program sees it; `load-config.ts` makes it from the environment. */

/** Representations of an expiry that a column may hold. Epoch units are told, never guessed. */
export const EXPIRY_TYPES = [
  'timestamptz',
  'timestamp',
  'epoch-seconds',
  'epoch-milliseconds',
  'iso8601',
] as const;
export type ExpiryType = (typeof EXPIRY_TYPES)[number];

/** What to do when ON DELETE CASCADE would delete rows of other rules along: refuse the target, or allow it. */
export const CASCADES = ['refuse', 'allow'] as const;

/** One table to clean. */
export interface TargetConfig {
  /** Name of the target in inputs, results and the ledger. */
  readonly name: string;
  /** Schema of the table; undefined leaves it to the connection's `search_path`. */
  readonly schema: string | undefined;
  readonly table: string;
  readonly expiresColumn: string;
  /** Undefined: taken from the catalogue, which is enough for `timestamptz` and `timestamp` only. */
  readonly expiresType: ExpiryType | undefined;
  /**
   * Zone of a `timestamp`, or of ISO 8601 text without one; an IANA name. Undefined: UTC, where every connection
   * to the database gets UTC.
   */
  readonly timeZone: string | undefined;
  /** Whether ON DELETE CASCADE may delete rows that may be live, uncounted. Default `refuse`. */
  readonly cascade: (typeof CASCADES)[number];
}

/** How rows are deleted. */
export interface DeletionSettings {
  /** A row stays this long after its expiry. Seconds. */
  readonly graceSeconds: number;
  /** Database connections that delete side by side. */
  readonly lanes: number;
  /** Lanes that keep running while other sessions are active on the database server. */
  readonly lanesWhenBusy: number;
  /** Time that one chunk's transaction should take. Milliseconds. */
  readonly chunkMilliseconds: number;
  /** Longest wait for a row lock before the row is left to a later pass. Milliseconds. */
  readonly lockTimeoutMilliseconds: number;
  /** Time after which a slice ends and the workflow decides how to go on. Seconds. */
  readonly sliceSeconds: number;
  /** True: chunks commit without waiting for the disk; the last commit of a slice always waits. */
  readonly asynchronousCommit: boolean;
  /** Rows deleted a second, on average; undefined: as many as possible. */
  readonly rowsPerSecond: number | undefined;
  /** A replica further behind than this makes the clean-up wait; 0: never. Seconds. */
  readonly maxReplicaLagSeconds: number;
  /** A transaction older than this, which keeps dead rows from being removed, makes it wait; 0: never. Seconds. */
  readonly maxTransactionAgeSeconds: number;
  /** A run stops after this time and leaves the rest to the next one; undefined: never. Seconds. */
  readonly runBudgetSeconds: number | undefined;
  /** A run that would delete this share of a table or more waits for approval; null: never. */
  readonly approvalShare: number | null;
  /** Whether a unit of the expiry that the data contradict fails a target. */
  readonly plausibility: 'check' | 'off';
  /** Ledger rows of runs older than this are removed. Days. */
  readonly ledgerRetentionDays: number;
}

/** What the one schedule should look like. */
export interface ScheduleSettings {
  /** Differs between installations that share a Temporal namespace. */
  readonly scheduleId: string;
  readonly intervalSeconds: number;
  readonly offsetSeconds: number;
  /** Whether a starting worker makes the schedule so, only reports differences, or leaves it alone. */
  readonly atWorkerStart: 'apply' | 'check' | 'off';
}

/**
 * Which version of which Worker Deployment a worker is. Runs are pinned: each stays with the version
 * that it began on.
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
  /** Schema of tables whose name has none, by the address; undefined leaves it to the `search_path`. */
  readonly defaultSchema: string | undefined;
  /** True when `migrate` may create the default `sessions` table (nobody named another). */
  readonly ownsSessionsTable: boolean;
}

export interface Config {
  readonly database: DatabaseSettings;
  readonly targets: readonly TargetConfig[];
  readonly deletion: DeletionSettings;
  readonly schedule: ScheduleSettings;
  readonly taskQueue: string;
  /** Undefined: workers have no version, and any of them goes on with any run. */
  readonly versioning: VersioningSettings | undefined;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
}
