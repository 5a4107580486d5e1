import type { DELETION, SCHEDULE, SETTINGS, TargetSettings, Values } from './settings.ts';

/** One table to clean. */
export interface TargetConfig extends Omit<Values<TargetSettings>, 'table'> {
  /** Name of the target in inputs, results and the ledger. */
  readonly name: string;
  /** Schema of the table; undefined leaves it to the connection's `search_path`. */
  readonly schema: string | undefined;
  readonly table: string;
}

/** How the expiry of a row is stored. */
export type ExpiryType = NonNullable<TargetConfig['expiresType']>;

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
