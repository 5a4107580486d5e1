import type { TargetConfig } from '../config/config.ts';
import { DatabaseProblem } from './database-problem.ts';
import { explainError } from './translate.ts';

/** Explains an error of the database to a person; a {@link DatabaseProblem} stays as it is. */
export function toDatabaseProblem(
  error: unknown,
  targets: readonly TargetConfig[],
): DatabaseProblem {
  if (error instanceof DatabaseProblem) return error;
  const [target] = targets;
  if (target === undefined) throw new TypeError('there is no configuration without a target');
  const { type, message } = explainError(error, target);
  return new DatabaseProblem(message, type);
}
