import { ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import type { TargetConfig } from '../config/config.ts';
import { RETRYABLE_FAILURE } from '../contract/failures.ts';
import type { SliceFailureDetails } from '../contract/slice.ts';
import { FinalDeletionError, SupersededError } from '../targets/errors.ts';
import { isConnectionError } from '../database/connections.ts';
import { dependentObject } from './dependent-objects.ts';
import { originOf } from './origin.ts';
import {
  noDatabase,
  refusedConnection,
  unexpected,
  unreachable,
  untrusted,
  wrongLogin,
  type Meaning,
  type Symptom,
} from './meanings.ts';
import { decisionFor } from './sqlstates.ts';

/** What a failure is about. */
export interface FailureContext {
  readonly target: TargetConfig;
  readonly details: SliceFailureDetails;
}

/** Failures that solve themselves: logged quietly, and kept out of the worker's failure metric. */
const BENIGN: ReadonlySet<string> = new Set([
  RETRYABLE_FAILURE.contended,
  RETRYABLE_FAILURE.superseded,
]);

const RETRYABLE: ReadonlySet<string> = new Set(Object.values(RETRYABLE_FAILURE));

/** A failure in words for somebody who runs a command, and so has no slice that is tried again. */
export interface ExplainedError {
  /** Stable: one of the contract's failure types. */
  readonly type: string;
  /** What happened, and what to do. */
  readonly message: string;
}

/**
 * Puts whatever went wrong with the database in words. As in {@link toApplicationFailure}, nothing of
 * the original is in them but its code.
 */
export function explainError(error: unknown, target: TargetConfig): ExplainedError {
  const symptom = symptomOf(error, target);
  const { type, advice } = meaningOf(symptom);
  return { type, message: withCode(advice, symptom) };
}

/**
 * Turns whatever went wrong in a slice into a failure that fits into a history: with a stable type,
 * advice for people, and whether it is worth trying again.
 *
 * Messages, causes and fields of the original are left behind, since PostgreSQL's hold values of
 * rows (`Key (token)=(…)`, `invalid input syntax …: "…"`) and a driver's may hold the address it
 * connected to. Its code and the places in its stack remain.
 */
export function toApplicationFailure(error: unknown, context: FailureContext): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  const symptom = symptomOf(error, context.target);
  const { type, advice, outlook } = meaningOf(symptom);
  const failure = ApplicationFailure.create({
    message: withCode(outlook === undefined ? advice : `${advice} ${outlook}`, symptom),
    type,
    nonRetryable: !RETRYABLE.has(type),
    details: [context.details],
    ...(BENIGN.has(type) ? { category: ApplicationFailureCategory.BENIGN } : {}),
  });
  failure.stack = [`ApplicationFailure: ${failure.message}`, ...placesIn(symptom.error)].join('\n');
  return failure;
}

function symptomOf(error: unknown, target: TargetConfig): Symptom {
  return { error: asError(error), code: codeOf(error), target };
}

function withCode(text: string, { code }: Symptom): string {
  return code === '' ? text : `${text} (${code})`;
}

function meaningOf(symptom: Symptom): Meaning {
  const { error, code } = symptom;
  if (error instanceof FinalDeletionError) return { type: error.failure, advice: error.message };
  if (error instanceof SupersededError) {
    return {
      type: RETRYABLE_FAILURE.superseded,
      advice: 'Another attempt has taken this slice over; it goes on from the ledger.',
    };
  }
  const isAtConnect = isConnectionError(error);
  const vocabulary = [...(isAtConnect ? PGBOUNCER : []), ...(SQLSTATE.test(code) ? [] : DRIVER)];
  const words = vocabulary.find(([pattern]) => pattern.test(error.message));
  if (words !== undefined) return words[1](symptom);
  const network = NETWORK.find(([codes]) => codes.test(code));
  if (network !== undefined) return network[1](symptom);
  const decision = decisionFor(code, isAtConnect);
  if (decision?.passes === true) return decision.mean(symptom);
  if (SQLSTATE.test(code) && isBehind(symptom)) return dependentObject(symptom);
  return (decision?.mean ?? unexpected)(symptom);
}

/** Whether something behind the table failed. A foreign key that refuses at the end of a cascade is no such thing. */
function isBehind({ error, code }: Symptom): boolean {
  const origin = originOf(error);
  if (origin === undefined) return false;
  const isReference = code === '23001' || code === '23503';
  return !isReference || origin.function !== undefined || origin.action !== 'delete';
}

type Rule = readonly [RegExp, (symptom: Symptom) => Meaning];

const SQLSTATE = /^[0-9A-Z]{5}$/;

/** By the code of a network error. */
const NETWORK: readonly Rule[] = [
  [/^E(CONN|PIPE|TIMEDOUT|HOST|NET|AI_|NOTFOUND|ADDR|NOTCONN|MFILE)/, unreachable],
  // Files are read for certificates only.
  [/^ERR_(TLS|SSL|SOCKET|OSSL)|^EPROTO|CERT|SELF_SIGNED|^UNABLE_TO_/, untrusted],
  [/^(ENOENT|EACCES|EISDIR)$/, untrusted],
];

/** The driver's own errors have no code; these words of theirs are fixed. */
const DRIVER: readonly Rule[] = [
  [/^SASL/, wrongLogin],
  [/does not support SSL/, untrusted],
  [
    /^Connection (terminated|ended)|timeout|^Client (was closed|has encountered)|not queryable/,
    unreachable,
  ],
];

/** PgBouncer gives all errors at connecting one code (08P01); its words are in no other language. */
const PGBOUNCER: readonly Rule[] = [
  [/^unsupported startup parameter/, refusedConnection],
  [/^no such database/, noDatabase],
];

/** The error's code, or that of what caused it. */
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
