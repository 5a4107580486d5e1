import { ApplicationFailure } from '@temporalio/workflow';
import { FAILURE } from '../src/contract/failures.ts';
import { MOST_LANES, MOST_ROWS_PER_SECOND } from '../src/contract/limits.ts';

/** What each argument's fields must be. */
type Fields = Readonly<Record<string, (value: unknown) => string | undefined>>;

/** @throws ApplicationFailure for a pause's argument that is not understood */
export function checkPause(argument: unknown): void {
  checkFields('pause', argument, { reason: problemOfText });
}

/** @throws ApplicationFailure for an answer that is not understood */
export function checkAnswer(argument: unknown): void {
  checkFields('approve or reject', argument, { target: problemOfText, reason: problemOfText });
}

/** @throws ApplicationFailure for a pace that is not understood, or that says nothing */
export function checkPace(argument: unknown): void {
  checkFields('setPace', argument, {
    rowsPerSecond: (value) =>
      value === null || isWhole(value, 1, MOST_ROWS_PER_SECOND)
        ? undefined
        : `must be null or a whole number from 1 to ${MOST_ROWS_PER_SECOND}`,
    lanes: (value) =>
      isWhole(value, 1, MOST_LANES) ? undefined : `must be a whole number from 1 to ${MOST_LANES}`,
  });
  if (argument === undefined || argument === null || Object.keys(argument).length === 0) {
    throw refuse('setPace', ['say rowsPerSecond, lanes, or both']);
  }
}

function checkFields(update: string, argument: unknown, fields: Fields): void {
  if (argument === undefined || argument === null) return;
  if (typeof argument !== 'object' || Array.isArray(argument)) {
    throw refuse(update, ['it must be one JSON object']);
  }
  const problems = Object.entries(argument).flatMap(([name, value]) => {
    if (!Object.hasOwn(fields, name)) {
      return [`"${name.slice(0, 40)}" is unknown; known are ${Object.keys(fields).join(', ')}`];
    }
    const problem = fields[name]?.(value);
    return problem === undefined ? [] : [`${name} ${problem}`];
  });
  if (problems.length > 0) throw refuse(update, problems);
}

function problemOfText(value: unknown): string | undefined {
  return typeof value === 'string' ? undefined : 'must be text';
}

function isWhole(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
}

function refuse(update: string, problems: readonly string[]): ApplicationFailure {
  return ApplicationFailure.nonRetryable(
    `The argument of ${update} was refused: ${problems.join('; ')}.`,
    FAILURE.invalidInput,
  );
}
