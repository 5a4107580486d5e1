import type { TargetConfig } from '../config/config.ts';
import { targetSettings } from '../config/settings.ts';
import { FAILURE, RETRYABLE_FAILURE } from '../contract/failures.ts';
import { quoteName, quoteTable } from '../database/sql.ts';
import { LEDGER_TABLE } from '../database/entities/ledger-entry.ts';

/** What an error means for the run. */
export interface Meaning {
  readonly type:
    | (typeof FAILURE)[keyof typeof FAILURE]
    | (typeof RETRYABLE_FAILURE)[keyof typeof RETRYABLE_FAILURE];
  /** What happened, and what to do. Never the error's own text, which may hold a row's values. */
  readonly advice: string;
  /** What becomes of the slice that met it; of no use to a command, which has none. */
  readonly outlook?: string;
}

const TRIED_AGAIN = 'The slice is tried again and goes on from its last commit.';

/** An error, as far as it can be told without repeating what is in it. */
export interface Symptom {
  readonly error: Error;
  /** SQLSTATE, or the code of a network error; empty if there is none. */
  readonly code: string;
  readonly target: TargetConfig;
}

/** 28xxx, or a login without its password. */
export function wrongLogin(): Meaning {
  return {
    type: FAILURE.wrongLogin,
    advice: 'PostgreSQL refused the login. Correct user and password in DATABASE_URL.',
  };
}

/** 3D000. */
export function noDatabase(): Meaning {
  return {
    type: FAILURE.noDatabase,
    advice: 'There is no such database. Correct its name in DATABASE_URL, or create it.',
  };
}

/** 42P01, 3F000: the target's table, or the ledger's. */
export function noTable({ error, target }: Symptom): Meaning {
  // Only looked at, never repeated. Names stay as they are in every language of the server.
  if (error.message.includes(LEDGER_TABLE)) return noLedger();
  const { table } = targetSettings(target.name);
  return {
    type: FAILURE.noTable,
    advice:
      `Target "${target.name}": there is no table ${quoteTable(target)}. Set ${table.name} to the ` +
      'table of sessions, or let "session-cleanup migrate" create one.',
  };
}

/** 42703: the target's column, or one of a ledger that was not migrated. */
export function noColumn({ error, target }: Symptom): Meaning {
  if (!error.message.includes(target.expiresColumn)) return noLedger();
  const { expiresColumn } = targetSettings(target.name);
  return {
    type: FAILURE.noColumn,
    advice:
      `Target "${target.name}": table ${quoteTable(target)} has no column ` +
      `"${target.expiresColumn}". Set ${expiresColumn.name} to the column that holds the expiry.`,
  };
}

function noLedger(): Meaning {
  return {
    type: FAILURE.noLedger,
    advice:
      'The ledger is missing or of an older version, and nothing is deleted without it. Run ' +
      '"session-cleanup migrate".',
  };
}

/** 42501. */
export function noRight({ target }: Symptom): Meaning {
  return {
    type: FAILURE.noRight,
    advice:
      `Target "${target.name}": the database role lacks a right. It needs USAGE on the schemas, ` +
      `SELECT, DELETE and UPDATE (${quoteName(target.expiresColumn)}) on ${quoteTable(target)}, and ` +
      `SELECT, INSERT, UPDATE and DELETE on the ledger, "${LEDGER_TABLE}". Run "session-cleanup ` +
      'check": it prints the missing GRANT.',
  };
}

/** 42804, 42846, 42883: the column's type takes no part in the comparison. */
export function wrongColumnType({ target }: Symptom): Meaning {
  const { expiresType } = targetSettings(target.name);
  return {
    type: FAILURE.wrongColumnType,
    advice:
      `Target "${target.name}": column "${target.expiresColumn}" is not of the type that was told. ` +
      `Correct ${expiresType.name}.`,
  };
}

/** 22xxx: a value in the column is not what it was told to be. */
export function unreadableExpiry({ target }: Symptom): Meaning {
  const { expiresType } = targetSettings(target.name);
  return {
    type: FAILURE.unreadableExpiry,
    advice:
      `Target "${target.name}": column "${target.expiresColumn}" of ${quoteTable(target)} holds a ` +
      `value that cannot be read as an expiry. Correct the value, or ${expiresType.name}.`,
  };
}

/** 22023: the only value of a setting that the server may not know is a time zone. */
export function unknownTimeZone({ target }: Symptom): Meaning {
  const { timeZone } = targetSettings(target.name);
  return {
    type: FAILURE.unsupportedServer,
    advice:
      `Target "${target.name}": the server does not know the time zone ${target.timeZone}, or another value in a ` +
      `statement. Set ${timeZone.name} to a name from pg_timezone_names.`,
  };
}

/** Kinds of tables, publications. */
export function refusedByTable({ target }: Symptom): Meaning {
  return {
    type: FAILURE.unsupportedTable,
    advice:
      `Target "${target.name}": ${quoteTable(target)} refuses the deletion, by its kind, a rule, or a publication without ` +
      'a fitting replica identity. Run "session-cleanup check", and name an ordinary table.',
  };
}

/** A statement that this server does not take. */
export function refusedByServer(): Meaning {
  return {
    type: FAILURE.unsupportedServer,
    advice:
      'The server refuses a statement. PostgreSQL 14 or later is needed; if it is one, please report this code.',
  };
}

/** 42xxx, 22xxx … at connecting: a parameter in the address, or a setting of it. */
export function refusedConnection(): Meaning {
  return {
    type: FAILURE.refusedConnection,
    advice:
      'The server refuses a parameter of the connection. Correct the parameters of DATABASE_URL, "options" first of all; ' +
      'PgBouncer needs them in ignore_startup_parameters.',
  };
}

/** 42501 at connecting. */
export function notAllowedToConnect(): Meaning {
  return {
    type: FAILURE.noRight,
    advice: 'The role may not connect to the database. GRANT CONNECT ON DATABASE … to it.',
  };
}

/** XX001, XX002, 58P0x. */
export function corrupted(): Meaning {
  return {
    type: FAILURE.corruptedData,
    advice:
      "PostgreSQL reports that a table, an index or a file of the server is damaged or missing. See the server's log; " +
      'REINDEX repairs an index, and amcheck finds out more.',
  };
}

/** 40xxx, 55xxx: deadlocks and locks. */
export function contended(): Meaning {
  return {
    type: RETRYABLE_FAILURE.contended,
    advice: 'Others were using the table, and go first.',
    outlook: TRIED_AGAIN,
  };
}

/** 57014. */
export function cancelled(): Meaning {
  return {
    type: RETRYABLE_FAILURE.cancelled,
    advice: 'A statement was cancelled, by a statement_timeout or by somebody.',
    outlook: TRIED_AGAIN,
  };
}

/** All that passes when the database is well again. */
export function unavailable(what: string): () => Meaning {
  return () => ({
    type: RETRYABLE_FAILURE.databaseUnavailable,
    advice: `${what}.`,
    outlook: TRIED_AGAIN,
  });
}

/** Refused, reset or lost connections, unknown hosts. */
export function unreachable(): Meaning {
  return unavailable(
    'The database cannot be reached. See that it runs, and that DATABASE_URL names it',
  )();
}

/** TLS that does not come about. */
export function untrusted(): Meaning {
  return unavailable(
    'No encrypted connection to the database came about. See its certificate, and sslmode in DATABASE_URL',
  )();
}

/** Nothing known. */
export function unexpected({ error }: Symptom): Meaning {
  return {
    type: RETRYABLE_FAILURE.unexpected,
    advice: `Unexpected ${error.name}, most likely a defect of session-cleanup: please report it.`,
    outlook: 'The slice is tried again; the places in this failure belong into the report.',
  };
}
