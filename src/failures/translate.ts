import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { TargetConfig } from '../config/config.ts';
import { RETRYABLE_FAILURE } from '../contract/failures.ts';
import type { SliceFailureDetails } from '../contract/slice.ts';
import { isConnectionError } from '../database/connections.ts';
import { LEDGER_TABLE } from '../database/entities/ledger-entry.ts';
import { quoteTable } from '../database/sql.ts';
import { aboutTarget, DatabaseProblem, FinalDeletionError, SupersededError } from './errors.ts';
import { KINDS, kindOfSqlState, textOf, type Kind, type Subject } from './kinds.ts';
import { objectOf, originOf } from './origin.ts';

const RETRYABLE: ReadonlySet<string> = new Set(Object.values(RETRYABLE_FAILURE));

/** Failures that solve themselves: logged quietly, and kept out of the worker's failure metric. */
const BENIGN: ReadonlySet<string> = new Set([
  RETRYABLE_FAILURE.contended,
  RETRYABLE_FAILURE.superseded,
]);

/** What an error means, in words. */
export interface ExplainedError {
  /** Stable: one of the contract's failure types. */
  readonly type: string;
  /** `<object>: <what is wrong>. <remedy>.`, with the error's code. */
  readonly message: string;
  /** The message without the target's name, where it is about the target. */
  readonly text: string;
}

/**
 * Says what an error of the database means, for a command. As in {@link toApplicationFailure}, the text holds nothing
 * of the original but its code and names of objects.
 */
export function explainError(thrown: unknown, config: Subject): ExplainedError {
  return explain(asError(thrown), config, '');
}

/** Explains an error of the database to a person; a {@link DatabaseProblem} stays as it is. */
export function toDatabaseProblem(
  error: unknown,
  [target]: readonly TargetConfig[],
): DatabaseProblem {
  if (error instanceof DatabaseProblem) return error;
  if (target === undefined) throw new TypeError('there is no configuration without a target');
  const { type, message } = explainError(error, target);
  return new DatabaseProblem(message, type);
}

/**
 * Turns any error of a slice into a failure that is safe in a history, with a stable type, and retryable or not.
 *
 * Messages, causes and fields of the original are left out, since PostgreSQL's hold values of rows
 * (`Key (token)=(…)`, `invalid input syntax …: "…"`) and a driver's may hold the address it connected to. Its code and
 * the places in its stack remain.
 */
export function toApplicationFailure(
  thrown: unknown,
  config: Subject,
  details: SliceFailureDetails,
): ApplicationFailure {
  if (thrown instanceof ApplicationFailure) return thrown;
  const error = asError(thrown);
  const { type, message } = explain(error, config, ' The slice is retried from its last commit.');
  const failure = ApplicationFailure.create({
    message,
    type,
    nonRetryable: !RETRYABLE.has(type),
    details: [details],
    ...(BENIGN.has(type) ? { category: ApplicationFailureCategory.BENIGN } : {}),
  });
  failure.stack = [`ApplicationFailure: ${message}`, ...placesIn(error)].join('\n');
  return failure;
}

/** @param outlook - follows the text of an error that is retried */
function explain(error: Error, config: Subject, outlook: string): ExplainedError {
  if (error instanceof FinalDeletionError) {
    return { type: error.failure, message: error.message, text: error.text };
  }
  const code = codeOf(error);
  const kind = kindOf(error, code, config);
  const origin = originOf(error);
  const table = objectOf(error, 'table');
  const named = {
    ...origin,
    constraint: objectOf(error, 'constraint'),
    column:
      objectOf(error, 'column') ??
      (kind === KINDS.noColumn ? columnIn(error.message, config) : undefined),
    namedTable: table && quoteTable({ schema: objectOf(error, 'schema'), table }),
  };
  const isRetried = RETRYABLE.has(kind.type) && kind !== KINDS.superseded;
  const suffix = code === '' && kind === KINDS.unexpected ? error.name : code;
  const text = `${textOf(kind, config, named)}${isRetried ? outlook : ''}${suffix && ` (${suffix})`}`;
  const message = typeof kind.text === 'string' ? text : aboutTarget(config, text);
  return { type: kind.type, message, text };
}

function kindOf(error: Error, code: string, config: Subject): Kind {
  if (error instanceof SupersededError) return KINDS.superseded;
  const isSqlState = /^[0-9A-Z]{5}$/.test(code);
  const isAtConnect = isConnectionError(error);
  const messages = [...(isAtConnect ? PGBOUNCER : []), ...(isSqlState ? [] : DRIVER)];
  const known =
    messages.find(([pattern]) => pattern.test(error.message)) ??
    NETWORK.find(([codes]) => codes.test(code));
  if (known !== undefined) return known[1];
  if (!isSqlState) return KINDS.unexpected;
  const kind = kindOfSqlState(code, isAtConnect) ?? KINDS.unexpected;
  if (kind !== KINDS.unexpected && RETRYABLE.has(kind.type)) return kind;
  if (isInDependentObject(error, kind)) return KINDS.dependentObject;
  return isAboutLedger(error, kind, config) ? KINDS.noLedger : kind;
}

/** Only searched, never repeated. Names are the same in every language of the server. */
function isAboutLedger({ message }: Error, kind: Kind, config: Subject): boolean {
  if (kind === KINDS.noTable) return message.includes(LEDGER_TABLE);
  return kind === KINDS.noColumn && columnIn(message, config) === undefined;
}

/** The target's column that a message names. */
function columnIn(message: string, config: Subject): string | undefined {
  const { expiresColumns = [], lifetimeColumn, where = [] } = config;
  const columns = [...expiresColumns, lifetimeColumn?.column, ...where.map(({ column }) => column)];
  return columns.find((column) => column !== undefined && message.includes(column));
}

/** Whether a dependent object failed. A foreign key that refuses at the end of a cascade is none. */
function isInDependentObject(error: Error, kind: Kind): boolean {
  const origin = originOf(error);
  if (origin === undefined) return false;
  return kind !== KINDS.referenced || origin.function !== undefined || origin.action !== 'delete';
}

type Rule = readonly [RegExp, Kind];

/** By the code of a network error. */
const NETWORK: readonly Rule[] = [
  [/^E(CONN|PIPE|TIMEDOUT|HOST|NET|AI_|NOTFOUND|ADDR|NOTCONN|MFILE)/, KINDS.unreachable],
  [/^ERR_(TLS|SSL|SOCKET|OSSL)|^EPROTO|CERT|SELF_SIGNED|^UNABLE_TO_/, KINDS.untrusted],
  // Files are read for certificates only.
  [/^(ENOENT|EACCES|EISDIR)$/, KINDS.untrusted],
];

/** The driver's own errors have no code; these words of theirs are fixed. */
const DRIVER: readonly Rule[] = [
  [/^SASL/, KINDS.wrongLogin],
  [/does not support SSL/, KINDS.untrusted],
  [
    /^Connection (terminated|ended)|timeout|^Client (was closed|has encountered)|not queryable/,
    KINDS.unreachable,
  ],
];

/** PgBouncer gives all errors at connecting one code (08P01); its words are in no other language. */
const PGBOUNCER: readonly Rule[] = [
  [/^unsupported startup parameter/, KINDS.refusedConnection],
  [/^no such database/, KINDS.noDatabase],
];

/** The error's code, or that of its cause. */
function codeOf(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 4) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return codeOf(error.cause, depth + 1);
}

/** The lines of a stack that name places in the code, without the message above them. */
function placesIn({ message, stack = '' }: Error): readonly string[] {
  const places = stack.replace(message, '').split('\n');
  return places.filter((line) => /^ {4}at (?:.* \()?(?:file:|node:|\/).*:\d+:\d+\)?$/.test(line));
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new TypeError('thrown without being an error');
}
