import { isGrpcServiceError, NamespaceNotFoundError, ServiceError } from '@temporalio/client';

import { ConfigError } from '../config/config-error.ts';
import { TemporalUnreachableError } from '../temporal/connection.ts';
import { ScheduleContendedError, ScheduleTakenError } from '../schedule/apply.ts';
import { SteeringError } from '../runs/control.ts';
import { ScheduleMissingError } from '../schedule/schedule.ts';
import { DatabaseProblem } from './database-problem.ts';
import { CommandFailure, EXIT, InputError } from './exit-code.ts';
import type { ExitCode } from './exit-code.ts';

/** Errors whose message already says what happened and what to do. */
const SELF_EXPLAINING = [
  TemporalUnreachableError,
  ScheduleMissingError,
  ScheduleContendedError,
  ScheduleTakenError,
  DatabaseProblem,
  CommandFailure,
  SteeringError,
] as const;

/** Names of the gRPC codes that say something about how the server was reached. */
const REFUSALS: ReadonlyMap<number, string> = new Map([
  [4, 'did not answer in time'],
  [7, 'refuses this login for this namespace: check TEMPORAL_NAMESPACE and the rights of the key'],
  [14, 'cannot be reached any more: try again'],
  [16, 'does not accept this login: check TEMPORAL_API_KEY or the client certificate'],
]);

/** What went wrong, and the exit code that tells it to the shell. */
export interface ErrorReport {
  readonly exitCode: ExitCode;
  readonly message: string;
}

/** Puts any error in words for a person. Nothing secret is in them. */
export function reportError(error: unknown): ErrorReport {
  if (error instanceof ConfigError || error instanceof InputError) {
    return { exitCode: EXIT.badInput, message: error.message };
  }
  return { exitCode: EXIT.failed, message: explain(error) };
}

function explain(error: unknown): string {
  if (SELF_EXPLAINING.some((known) => error instanceof known) && error instanceof Error) {
    return error.message;
  }
  if (error instanceof NamespaceNotFoundError) {
    return (
      `Temporal has no namespace ${error.namespace}. Set TEMPORAL_NAMESPACE to one that exists, or ` +
      `create it: temporal operator namespace create --namespace ${error.namespace}`
    );
  }
  const grpc = error instanceof ServiceError ? error.cause : error;
  if (isGrpcServiceError(grpc)) {
    return `Temporal ${REFUSALS.get(grpc.code) ?? `answers: ${grpc.details}`}.`;
  }
  if (error instanceof Error) return error.stack ?? `${error.name}: ${error.message}`;
  return String(error);
}
