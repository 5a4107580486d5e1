/**
 * Types of the failures that a run can end with. The tables of docs/operations.md are made from the
 * comments: the first sentence is the meaning, the rest is the remedy.
 */

/** Stable `type` of each final failure, so that alerts and tools can distinguish them. */
export const FAILURE = {
  /** The run's input is not understood. Correct the field that the message names. */
  invalidInput: 'InvalidInput',
  /** The cut-off is not an instant, or lies in the future. Correct `cutoff`. */
  invalidCutoff: 'InvalidCutoff',
  /** No target has this name. Correct the input, or the configuration of the workers. */
  unknownTarget: 'UnknownTarget',
  /** PostgreSQL refuses the login. Correct the user and the password in `DATABASE_URL`. */
  wrongLogin: 'WrongLogin',
  /** The database does not exist. Correct its name in `DATABASE_URL`. */
  noDatabase: 'NoDatabase',
  /** The table does not exist. Set `SESSION_CLEANUP_TABLE`. */
  noTable: 'NoTable',
  /** The column does not exist. Set `SESSION_CLEANUP_EXPIRES_COLUMN`. */
  noColumn: 'NoColumn',
  /** The role lacks a right. `session-cleanup check` prints the missing `GRANT`. */
  noRight: 'NoRight',
  /** The ledger is missing, or of an older version. Run `session-cleanup migrate`. */
  noLedger: 'NoLedger',
  /** The column has another type. Correct `SESSION_CLEANUP_EXPIRES_TYPE`. */
  wrongColumnType: 'WrongColumnType',
  /** A value is no expiry. Correct it, or `SESSION_CLEANUP_EXPIRES_TYPE`. */
  unreadableExpiry: 'UnreadableExpiry',
  /** The kind of table, a rule or a publication refuses deletes. Name an ordinary table. */
  unsupportedTable: 'UnsupportedTable',
  /** The server is too old, or refuses a time zone. Upgrade it, or correct the setting. */
  unsupportedServer: 'UnsupportedServer',
  /** A foreign key refuses the deletion. Change the foreign key that the message names. */
  referenced: 'Referenced',
  /** The expiries lie decades away. Correct `SESSION_CLEANUP_EXPIRES_TYPE`. */
  implausibleExpiry: 'ImplausibleExpiry',
  /** A cascade may delete live rows. Change it, or set `SESSION_CLEANUP_CASCADE=allow`. */
  unsafeCascade: 'UnsafeCascade',
  /** Row-level security may hide expired rows. Give the role `BYPASSRLS`. */
  hiddenRows: 'HiddenRows',
  /** A setting makes transactions read-only. Remove `default_transaction_read_only`. */
  readOnly: 'ReadOnly',
  /** A trigger or a child table fails. Repair the object that the message names. */
  dependentObject: 'DependentObject',
  /** The server refuses a parameter of the connection. Correct `DATABASE_URL`. */
  refusedConnection: 'RefusedConnection',
  /** The server reports a damaged table, index or file. See the server's log. */
  corruptedData: 'CorruptedData',
  /** The time zone of a `timestamp` column is unknown. Set `SESSION_CLEANUP_TIME_ZONE`. */
  unclearTimeZone: 'UnclearTimeZone',
} as const;

/** Stable `type` of each failure that is retried. */
export const RETRYABLE_FAILURE = {
  /** The database is down, read-only, full or unreachable. The message says which. */
  databaseUnavailable: 'DatabaseUnavailable',
  /** Other sessions hold a lock, or a deadlock was broken. None needed; logged at debug level. */
  contended: 'Contended',
  /** Another attempt has taken over the slice. None needed; logged at debug level. */
  superseded: 'Superseded',
  /** A statement was cancelled, by a timeout or a person. Raise the timeout if this repeats. */
  cancelled: 'StatementCancelled',
  /** An error that is not known, most likely a defect of the program. Report it. */
  unexpected: 'Unexpected',
} as const;

/** `type` of the failure of a target whose slice did not end within the 24 hours that it has. */
export const TIMEOUT_FAILURE = 'Timeout';

/** Types of the failures that the workflow itself finds; all others are those of attempts at a slice. */
export const FAILURES_OF_WORKFLOW = [
  FAILURE.invalidInput,
  FAILURE.invalidCutoff,
  FAILURE.unknownTarget,
  RETRYABLE_FAILURE.unexpected,
  TIMEOUT_FAILURE,
] as const;
