import type { TargetConfig } from '../config/config.ts';
import { settingOf, type TargetKey } from '../config/setting-of.ts';
import { FAILURE, RETRYABLE_FAILURE } from '../contract/failures.ts';
import { quoteName, quoteTable } from '../database/sql.ts';
import { LEDGER_TABLE } from '../database/entities/ledger-entry.ts';
import type { Origin } from './origin.ts';

/** Objects in the database that an error names. Never the error's own text, which may hold a row's values. */
export interface NamedObjects extends Origin {
  readonly constraint?: string | undefined;
  readonly column?: string | undefined;
  /** The table that PostgreSQL names, quoted, with its schema. */
  readonly namedTable?: string | undefined;
}

/** The target that a text is about. */
export type Subject = Pick<TargetConfig, 'name' | 'file' | 'table'> &
  Partial<
    Pick<TargetConfig, 'schema' | 'timeZone' | 'expiresColumns' | 'lifetimeColumn' | 'where'>
  >;

/** The target, with its table quoted, and what the error names. */
type TargetFacts = Subject &
  NamedObjects & {
    /** The name of a key of the target. */
    readonly setting: (key: TargetKey) => string;
    /** The columns of its expiry. */
    readonly columns: string;
  };

/** A kind of error of the database or the network. */
export interface Kind {
  readonly type:
    | (typeof FAILURE)[keyof typeof FAILURE]
    | (typeof RETRYABLE_FAILURE)[keyof typeof RETRYABLE_FAILURE];
  /** Codes that mean it: whole ones, or classes (the first two characters) for all codes that no kind names. */
  readonly sqlStates?: string;
  /** The same for errors while a connection is made, where these differ. */
  readonly atConnect?: string;
  /** `<object>: <what is wrong>. <remedy>.`; of a target, what follows its name. */
  readonly text: string | ((facts: TargetFacts) => string);
}

const unavailable = (text: string, sqlStates = ''): Kind => ({
  type: RETRYABLE_FAILURE.databaseUnavailable,
  sqlStates,
  text: `PostgreSQL: ${text}.`,
});

/**
 * Every kind of error, with its codes, the type of its failure and its text. Source of the codes:
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export const KINDS = {
  wrongLogin: {
    type: FAILURE.wrongLogin,
    sqlStates: '28',
    text: 'PostgreSQL: the login is refused. Correct the user and the password in DATABASE_URL.',
  },
  noDatabase: {
    type: FAILURE.noDatabase,
    sqlStates: '3D000',
    text: 'PostgreSQL: the database that DATABASE_URL names does not exist. Correct the name, or create it.',
  },
  noTable: {
    type: FAILURE.noTable,
    sqlStates: '3F000 42P01',
    text: ({ table, setting }) =>
      `table ${table} does not exist. Set ${setting('table')} to the table to clean; "session-cleanup migrate" creates ` +
      'the default one.',
  },
  noColumn: {
    type: FAILURE.noColumn,
    sqlStates: '42703',
    text: ({ table, column, setting }) =>
      `table ${table} has no ${column === undefined ? 'such column' : `column ${quoteName(column)}`}. Correct ` +
      `${setting('expires.column')}, or the other key that names it.`,
  },
  noLedger: {
    type: FAILURE.noLedger,
    text: 'Ledger: its table is missing or outdated, and nothing is deleted without it. Run "session-cleanup migrate".',
  },
  noRight: {
    type: FAILURE.noRight,
    sqlStates: '42501',
    text: ({ table }) =>
      'the database role lacks a privilege. It needs USAGE on the schemas, SELECT, DELETE and UPDATE of one column on ' +
      `${table}, and SELECT, INSERT, UPDATE and DELETE on the ledger, "${LEDGER_TABLE}": ` +
      'grant what "session-cleanup grants" prints.',
  },
  mayNotConnect: {
    type: FAILURE.noRight,
    atConnect: '42501',
    text: 'PostgreSQL: the role may not connect. GRANT CONNECT ON DATABASE … to it.',
  },
  wrongColumnType: {
    type: FAILURE.wrongColumnType,
    sqlStates: '42804 42846 42883',
    text: ({ columns, setting }) =>
      `${columns} does not have the configured type. Correct ${setting('expires.type')}.`,
  },
  unreadableExpiry: {
    type: FAILURE.unreadableExpiry,
    sqlStates: '22',
    text: ({ table, columns, setting }) =>
      `${columns} of ${table} holds a value that cannot be read as an expiry. Correct the value, or ` +
      `${setting('expires.type')}.`,
  },
  unknownTimeZone: {
    type: FAILURE.unsupportedServer,
    // The only value of ours that a server may not know.
    sqlStates: '22023',
    text: ({ timeZone, setting }) =>
      `the server does not know the time zone ${timeZone}, or another value in a statement. Set ` +
      `${setting('timeZone')} to a name from pg_timezone_names.`,
  },
  unsupportedTable: {
    type: FAILURE.unsupportedTable,
    // 42P10: a publication's row filter or column list has columns outside the replica identity. 55: from a deletion, a
    // published table without replica identity.
    sqlStates: '0A 42809 42P10 44 55',
    text: ({ table }) =>
      `PostgreSQL refuses deletions from ${table}, because of the kind of table, a rule, or a publication without a suitable ` +
      'replica identity. Remove that obstacle, or use an ordinary table.',
  },
  unsupportedServer: {
    type: FAILURE.unsupportedServer,
    // Classes that no statement, commit or connection of ours can produce, so a statement is wrong.
    sqlStates: '03 0B 0F 0L 0P 24 25 2B 2D 34 3B 42 55P02',
    text: 'PostgreSQL: the server refuses a statement. Use PostgreSQL 14 or later; if it is, report this code.',
  },
  refusedConnection: {
    type: FAILURE.refusedConnection,
    atConnect: '0A 22 42 55P02',
    text:
      'PostgreSQL: the server refuses a connection parameter. Correct the parameters in DATABASE_URL, "options" first of ' +
      'all; PgBouncer needs them in ignore_startup_parameters.',
  },
  corruptedData: {
    type: FAILURE.corruptedData,
    sqlStates: '58P01 58P02 XX001 XX002',
    text:
      "PostgreSQL: the server reports that a table, an index or a file is damaged or missing. See the server's log; REINDEX " +
      'repairs an index, and amcheck finds further damage.',
  },
  referenced: {
    type: FAILURE.referenced,
    sqlStates: '23001 23503',
    text: ({ name, table, namedTable = 'another table', constraint }) =>
      `rows of ${table} cannot be deleted while rows of ${namedTable} refer to them` +
      `${constraint === undefined ? '' : ` (foreign key ${quoteName(constraint)})`}. Delete those first, for example by a ` +
      `target of their own before "${name}" in session-cleanup.yaml, or as its dependents.`,
  },
  dependentObject: {
    type: FAILURE.dependentObject,
    // 00 to 02 (completion, warning, no data): only a function can raise them as errors. 23: a deletion inserts nothing, so
    // rows of another table violate their constraints. 42P17: a policy or a rule that refers to itself. 54: statements as
    // simple as ours reach no limit; cascades and triggers that call each other do.
    sqlStates: '00 01 02 09 0Z 10 20 21 23 27 2F 38 39 42704 42P17 54 HV P0',
    text: (facts) =>
      `deleting rows of ${facts.table} fails in a dependent object, ` +
      `${describeObject(facts)}. Correct that object, or the rights and data that it needs; the target's own rights and ` +
      'settings are not the cause.',
  },
  superseded: {
    type: RETRYABLE_FAILURE.superseded,
    text: 'Slice: another attempt has taken it over. That attempt continues from the ledger.',
  },
  contended: {
    type: RETRYABLE_FAILURE.contended,
    sqlStates: '40 55006 55P03',
    text: () => 'other sessions hold locks that conflict.',
  },
  cancelled: {
    type: RETRYABLE_FAILURE.cancelled,
    sqlStates: '57014',
    text: 'PostgreSQL: a statement was cancelled, by a statement_timeout or by a user.',
  },
  // 08: PgBouncer reports everything as 08P01, a server that is down included. 26, 42P05: it may have switched to a
  // connection with other prepared statements. XX, internal errors: most are races with a change of the schema.
  interrupted: unavailable(
    'the server interrupted the work',
    '08 25P01 25P02 25P03 25P04 26 42P05 57 58 72 F0 HV001 HV00N XX',
  ),
  // A role or a database that is read-only is refused earlier.
  serverReadOnly: unavailable(
    'the server is read-only: a standby, or a server after a failover',
    '25006',
  ),
  lacksResources: unavailable('the server lacks resources', '53'),
  diskFull: unavailable("the server's disk is full", '53100'),
  outOfMemory: unavailable('the server is out of memory', '53200'),
  tooManyConnections: unavailable('the server has no connection left', '53300'),
  // Such as ALTER DATABASE … ALLOW_CONNECTIONS false, for maintenance.
  acceptsNoConnections: { ...unavailable('the server accepts no connections'), atConnect: '55' },
  unreachable: unavailable(
    'the server cannot be reached. Check that it is running, and that DATABASE_URL names it',
  ),
  untrusted: unavailable(
    'no encrypted connection could be made. Check its certificate, and sslmode in DATABASE_URL',
  ),
  unexpected: {
    type: RETRYABLE_FAILURE.unexpected,
    text: 'session-cleanup: an unexpected error, most likely a defect. Report it.',
  },
} satisfies Readonly<Record<string, Kind>>;

/** The kind of error that an SQLSTATE means; undefined for a code that PostgreSQL does not have. */
export function kindOfSqlState(code: string, isAtConnect: boolean): Kind | undefined {
  const fields = isAtConnect ? (['atConnect', 'sqlStates'] as const) : (['sqlStates'] as const);
  for (const field of fields) {
    for (const wanted of [code, code.slice(0, 2)]) {
      const found = Object.values<Kind>(KINDS).find((kind) => {
        return kind[field]?.split(' ').includes(wanted) === true;
      });
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** The text of a kind of error; {@link aboutTarget} completes it where the kind's text is a function. */
export function textOf({ text }: Kind, subject: Subject, named: NamedObjects = {}): string {
  if (typeof text === 'string') return text;
  const table = quoteTable({ schema: subject.schema, table: subject.table });
  const columns = `column ${(subject.expiresColumns ?? []).map(quoteName).join(', ')}`;
  return text({ ...subject, ...named, table, columns, setting: (key) => settingOf(subject, key) });
}

function describeObject({
  function: name,
  constraint,
  column,
  child,
  namedTable,
}: NamedObjects): string {
  const table = child ?? namedTable;
  const parts = [
    ...(name === undefined ? [] : [`function ${name}()`]),
    ...(constraint === undefined ? [] : [`constraint ${quoteName(constraint)}`]),
    ...(column === undefined ? [] : [`column ${quoteName(column)}`]),
    ...(table === undefined ? [] : [`table ${table}`]),
  ];
  return parts.length === 0 ? 'such as a trigger or a policy' : parts.join(', ');
}
