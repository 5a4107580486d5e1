/** Types of the failures that a run can end with. */

/** Stable `type` of each final failure, so that alerts and tools can tell them apart. */
export const FAILURE = {
  invalidInput: 'InvalidInput',
  invalidCutoff: 'InvalidCutoff',
  unknownTarget: 'UnknownTarget',
  wrongLogin: 'WrongLogin',
  noDatabase: 'NoDatabase',
  noTable: 'NoTable',
  noColumn: 'NoColumn',
  noRight: 'NoRight',
  noLedger: 'NoLedger',
  wrongColumnType: 'WrongColumnType',
  unreadableExpiry: 'UnreadableExpiry',
  unsupportedTable: 'UnsupportedTable',
  unsupportedServer: 'UnsupportedServer',
  referenced: 'Referenced',
  implausibleExpiry: 'ImplausibleExpiry',
  /** A cascade would delete rows that may be live. */
  unsafeCascade: 'UnsafeCascade',
  /** Row-level security may hide expired rows. */
  hiddenRows: 'HiddenRows',
  /** Read-only by a setting of the role, the database or the connection. */
  readOnly: 'ReadOnly',
  /** A trigger, a child table or another object behind the table fails. */
  dependentObject: 'DependentObject',
  /** The server refuses the connection's parameters. */
  refusedConnection: 'RefusedConnection',
  /** The server reports a damaged table, index or file. */
  corruptedData: 'CorruptedData',
  /** The time zone of a column without one is not configured and not known. */
  unclearTimeZone: 'UnclearTimeZone',
} as const;

/** Stable `type` of each failure that is retried. */
export const RETRYABLE_FAILURE = {
  databaseUnavailable: 'DatabaseUnavailable',
  contended: 'Contended',
  superseded: 'Superseded',
  /** A statement was cancelled, by a timeout or by another session. */
  cancelled: 'StatementCancelled',
  /** An unknown error: most likely a defect of the program. */
  unexpected: 'Unexpected',
} as const;

/** `type` of a target's failure when its slice did not end in time. */
export const TIMEOUT_FAILURE = 'Timeout';
