import { ApplicationFailure } from '@temporalio/workflow';
import { FAILURE } from '../src/contract/failures.ts';
import type { SessionCleanupInput } from '../src/contract/run.ts';

/** The workflow's input after it has been checked. */
export interface CheckedInput {
  /** Undefined: all configured targets. */
  readonly targets: readonly string[] | undefined;
  /** As given; {@link resolveCutoff} reads it. */
  readonly cutoff: string | undefined;
  readonly dryRun: boolean;
}

/** What each field of the input must be; the compiler sees to it that none is forgotten. */
const FIELDS: Readonly<Record<keyof SessionCleanupInput, (value: unknown) => string | undefined>> =
  {
    targets: problemOfTargets,
    cutoff: (value) => (typeof value === 'string' ? undefined : 'must be text in ISO 8601'),
    dryRun: (value) => (typeof value === 'boolean' ? undefined : 'must be true or false'),
  };

/**
 * Checks what the run was started with, by a schedule, a command or a person at the Web UI. Nothing
 * at all is fine; what is not understood is refused, since ignoring a misspelt `dryRun` would delete.
 *
 * @throws ApplicationFailure `InvalidInput`, naming every problem at once
 */
export function checkInput(input: unknown): CheckedInput {
  if (input === undefined || input === null) {
    return { targets: undefined, cutoff: undefined, dryRun: false };
  }
  assertIsInput(input);
  return { targets: input.targets, cutoff: input.cutoff, dryRun: input.dryRun ?? false };
}

/**
 * Tells whether a run goes on with what another one carried over.
 *
 * @throws ApplicationFailure `InvalidInput` for a second argument that no run handed on
 */
export function isContinued<Carried>(
  carried: Carried | null | undefined,
  continuedFrom: string | undefined,
): carried is Carried {
  if (carried === undefined || carried === null) return false;
  if (continuedFrom === undefined) throw invalidInput(['it is one argument, and there were two']);
  return true;
}

function assertIsInput(input: unknown): asserts input is SessionCleanupInput {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw invalidInput([`it must be one JSON object or nothing, and was ${nameOf(input)}`]);
  }
  const problems = Object.entries(input)
    .map(([key, value]) => problemOf(key, value))
    .filter((problem) => problem !== undefined);
  if (problems.length > 0) throw invalidInput(problems);
}

function problemOf(key: string, value: unknown): string | undefined {
  if (!isField(key)) {
    return `${shorten(JSON.stringify(key))} is unknown; known are ${Object.keys(FIELDS).join(', ')}`;
  }
  const problem = value === undefined ? undefined : FIELDS[key](value);
  return problem === undefined ? undefined : `${key} ${problem}, and was ${nameOf(value)}`;
}

function problemOfTargets(value: unknown): string | undefined {
  if (!Array.isArray(value)) return 'must be a list of target names';
  if (value.length === 0) return 'must name a target, or be left out to clean all of them';
  if (!value.every((name) => typeof name === 'string' && name !== '')) {
    return 'must hold target names only';
  }
  return new Set(value).size < value.length ? 'must name each target once' : undefined;
}

function isField(key: string): key is keyof SessionCleanupInput {
  return Object.hasOwn(FIELDS, key);
}

function nameOf(value: unknown): string {
  return shorten(JSON.stringify(value) ?? typeof value);
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function invalidInput(problems: readonly string[]): ApplicationFailure {
  return ApplicationFailure.nonRetryable(
    `The workflow's input was refused and nothing was deleted: ${problems.join('; ')}. ` +
      'An example: {"targets": ["sessions"], "cutoff": "2026-11-20T06:00:00Z", "dryRun": true}',
    FAILURE.invalidInput,
  );
}
