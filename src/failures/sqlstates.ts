import { dependentObject, referenced } from './dependent-objects.ts';
import {
  cancelled,
  contended,
  corrupted,
  noColumn,
  noDatabase,
  noRight,
  noTable,
  notAllowedToConnect,
  refusedByServer,
  refusedByTable,
  refusedConnection,
  unavailable,
  unknownTimeZone,
  unreadableExpiry,
  wrongColumnType,
  wrongLogin,
  type Meaning,
  type Symptom,
} from './meanings.ts';

/** What a SQLSTATE means for a run. */
export interface Decision {
  /** True for what passes by itself, wherever it occurs. False: somebody has to change something first. */
  readonly passes: boolean;
  readonly mean: (symptom: Symptom) => Meaning;
}

const final = (mean: Decision['mean']): Decision => ({ passes: false, mean });
const passing = (mean: Decision['mean']): Decision => ({ passes: true, mean });

const BROKEN_OFF = passing(unavailable('The database broke off the work'));
const REFUSED = final(refusedByServer);
const BEHIND = final(dependentObject);

/**
 * The decision for each SQLSTATE, by its code, else by its class (the first two characters). A class that no
 * statement, commit or connection of ours can produce is an error in a statement, which no retry corrects.
 * Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const SQLSTATES: Readonly<Record<string, Decision>> = {
  // Completion, warning and no data: only a function behind the table can raise them as errors.
  '00': BEHIND,
  '01': BEHIND,
  '02': BEHIND,
  '03': REFUSED,
  // PgBouncer reports everything as 08P01, a server that is down included.
  '08': BROKEN_OFF,
  '09': BEHIND,
  '0A': final(refusedByTable),
  '0B': REFUSED,
  '0F': REFUSED,
  '0L': REFUSED,
  '0P': REFUSED,
  '0Z': BEHIND,
  '10': BEHIND,
  '20': BEHIND,
  '21': BEHIND,
  '22': final(unreadableExpiry),
  '22023': final(unknownTimeZone),
  // A deletion inserts nothing: rows of another table violate their constraints.
  '23': BEHIND,
  '23001': final(referenced),
  '23503': final(referenced),
  '24': REFUSED,
  '25': REFUSED,
  // A role or a database that is read-only is refused before; this is a standby or a server that was switched over.
  '25006': passing(unavailable('The database only reads: a standby, or switched to read-only')),
  '25P01': BROKEN_OFF,
  '25P02': BROKEN_OFF,
  '25P03': BROKEN_OFF,
  '25P04': BROKEN_OFF,
  // PgBouncer may have handed on another connection, with other prepared statements.
  '26': BROKEN_OFF,
  '27': BEHIND,
  '28': final(wrongLogin),
  '2B': REFUSED,
  '2D': REFUSED,
  '2F': BEHIND,
  '34': REFUSED,
  '38': BEHIND,
  '39': BEHIND,
  '3B': REFUSED,
  '3D000': final(noDatabase),
  '3F000': final(noTable),
  '40': passing(contended),
  '42': REFUSED,
  '42501': final(noRight),
  '42703': final(noColumn),
  '42704': BEHIND,
  '42804': final(wrongColumnType),
  '42809': final(refusedByTable),
  '42846': final(wrongColumnType),
  '42883': final(wrongColumnType),
  '42P01': final(noTable),
  '42P05': BROKEN_OFF,
  // A publication's row filter or column list has columns that are not in the replica identity.
  '42P10': final(refusedByTable),
  // A policy or a rule that refers to itself.
  '42P17': BEHIND,
  '44': final(refusedByTable),
  '53': passing(unavailable('The database server lacks resources')),
  '53100': passing(unavailable("The database server's disk is full")),
  '53200': passing(unavailable('The database server is out of memory')),
  '53300': passing(unavailable('The database has no connection left')),
  // Statements as simple as ours reach no limit; cascades and triggers that call each other do.
  '54': BEHIND,
  // From a deletion: a published table without replica identity.
  '55': final(refusedByTable),
  '55006': passing(contended),
  '55P02': REFUSED,
  '55P03': passing(contended),
  '57': BROKEN_OFF,
  '57014': passing(cancelled),
  '58': BROKEN_OFF,
  '58P01': final(corrupted),
  '58P02': final(corrupted),
  '72': BROKEN_OFF,
  F0: BROKEN_OFF,
  HV: BEHIND,
  HV001: BROKEN_OFF,
  HV00N: BROKEN_OFF,
  P0: BEHIND,
  // An internal error: most are races with a change of the schema, and pass.
  XX: BROKEN_OFF,
  XX001: final(corrupted),
  XX002: final(corrupted),
};

/** The same for errors at connecting, where they differ. */
const SQLSTATES_AT_CONNECT: Readonly<Record<string, Decision>> = {
  '0A': final(refusedConnection),
  '22': final(refusedConnection),
  '42': final(refusedConnection),
  '42501': final(notAllowedToConnect),
  // Such as ALTER DATABASE … ALLOW_CONNECTIONS false, for maintenance.
  '55': passing(unavailable('The database accepts no connections')),
  '55P02': final(refusedConnection),
};

/** The decision for a code; undefined for one that PostgreSQL does not have. */
export function decisionFor(code: string, isAtConnect = false): Decision | undefined {
  const of = (table: Readonly<Record<string, Decision>>): Decision | undefined =>
    table[code] ?? table[code.slice(0, 2)];
  return (isAtConnect ? of(SQLSTATES_AT_CONNECT) : undefined) ?? of(SQLSTATES);
}
