import { ApplicationFailure } from '@temporalio/workflow';
import { FAILURE } from '../src/contract/failures.ts';
import { parseInstant } from '../src/contract/instants.ts';
import type { SessionCleanupInput } from '../src/contract/run.ts';

/** For each field of an argument: what is wrong with a value, or undefined. */
export type FieldChecks<Name extends string = string> = Readonly<
  Record<Name, (value: unknown) => string | undefined>
>;

const INPUT: FieldChecks<keyof SessionCleanupInput> = {
  targets: problemOfTargets,
  cutoff: (value) => (typeof value === 'string' ? undefined : 'must be text in ISO 8601'),
  dryRun: (value) => (typeof value === 'boolean' ? undefined : 'must be true or false'),
};

/**
 * Checks what a schedule, a command or a person started the run with. No input is fine; unknown fields
 * are refused, since ignoring a misspelt `dryRun` would delete.
 *
 * @throws ApplicationFailure `InvalidInput`, naming every problem
 */
export function checkInput(input: unknown): SessionCleanupInput {
  assertIsInput(input);
  return input ?? {};
}

/** What is wrong with an argument, if it is neither left out nor an object with only these fields. */
export function problemsOf(argument: unknown, fields: FieldChecks): readonly string[] {
  if (argument === undefined || argument === null) return [];
  if (typeof argument !== 'object' || Array.isArray(argument)) {
    return [`must be one JSON object or left out, and was ${nameOf(argument)}`];
  }
  return Object.entries(argument).flatMap(([name, value]) => {
    if (!Object.hasOwn(fields, name)) {
      return [`${nameOf(name)} is unknown; known are ${Object.keys(fields).join(', ')}`];
    }
    const problem = value === undefined ? undefined : fields[name]?.(value);
    return problem === undefined ? [] : [`${name} ${problem}, and was ${nameOf(value)}`];
  });
}

/**
 * Whether a run continues another one.
 *
 * @throws ApplicationFailure `InvalidInput` for a second argument that no run carried over
 */
export function isContinued<Carried>(
  carried: Carried | null | undefined,
  continuedFrom: string | undefined,
): carried is Carried {
  if (carried === undefined || carried === null) return false;
  if (continuedFrom === undefined) throw invalidInput(['must be one argument, and there were two']);
  return true;
}

/** What the cut-off of a run is taken from. */
export interface CutoffSources {
  /** The input's `cutoff`. */
  readonly given: string | undefined;
  /** The slot a schedule started the run for; undefined for a run that no schedule started. */
  readonly scheduledStart: Date | undefined;
  readonly workflowStart: Date;
}

/**
 * The instant by which a row must have expired to be deleted by this run: the one given, else the
 * scheduled one, else the workflow's start.
 *
 * A scheduled instant may lie in the future (the Web UI's backfill form offers the next hour), and
 * would then delete live sessions, so the workflow's start is the latest.
 *
 * @returns ISO 8601 in UTC, with the microseconds of a given cut-off
 * @throws ApplicationFailure `InvalidCutoff` when the given one cannot be read or lies in the future
 */
export function resolveCutoff({ given, scheduledStart, workflowStart }: CutoffSources): string {
  if (given === undefined) {
    const scheduled = scheduledStart?.getTime() ?? Infinity;
    return new Date(Math.min(scheduled, workflowStart.getTime())).toISOString();
  }
  const cutoff = parseInstant(given);
  if (cutoff === undefined) {
    throw refusal(
      FAILURE.invalidCutoff,
      `cutoff ${nameOf(given)} cannot be read. Give a date, a time and a time zone in ISO 8601, such ` +
        'as "2026-11-20T06:00:00Z" or "2026-11-20T07:00:00+01:00".',
    );
  }
  if (cutoff.milliseconds > workflowStart.getTime()) {
    throw refusal(
      FAILURE.invalidCutoff,
      `cutoff ${nameOf(given)} is later than the start of the run, ${workflowStart.toISOString()}, ` +
        'and would delete live sessions. Give an instant in the past, or leave the cutoff out.',
    );
  }
  return cutoff.text;
}

function assertIsInput(input: unknown): asserts input is SessionCleanupInput | null | undefined {
  const problems = problemsOf(input, INPUT);
  if (problems.length > 0) throw invalidInput(problems);
}

function problemOfTargets(value: unknown): string | undefined {
  if (!Array.isArray(value)) return 'must be a list of target names';
  if (value.length === 0) return 'must name a target, or be left out to clean all of them';
  if (!value.every((name) => typeof name === 'string' && name !== '')) {
    return 'must hold target names only';
  }
  return new Set(value).size < value.length ? 'must name each target once' : undefined;
}

function nameOf(value: unknown): string {
  const text = JSON.stringify(value) ?? typeof value;
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function invalidInput(problems: readonly string[]): ApplicationFailure {
  return refusal(
    FAILURE.invalidInput,
    `${problems.join('; ')}. Nothing was deleted. Example: ` +
      '{"targets": ["sessions"], "cutoff": "2026-11-20T06:00:00Z", "dryRun": true}',
  );
}

function refusal(type: string, message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`Workflow input: ${message}`, type);
}
