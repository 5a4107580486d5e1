import { isGrpcServiceError, NamespaceNotFoundError, ServiceError } from '@temporalio/client';
import { ValueError } from '@temporalio/common';

import { ConfigError } from '../config/config.ts';
import { DatabaseProblem } from '../failures/errors.ts';
import { RunControlError } from '../runs/control.ts';
import { ScheduleContendedError, ScheduleTakenError } from '../schedule/apply.ts';
import { ScheduleMissingError } from '../schedule/schedule.ts';
import { TemporalRefusedError, TemporalUnreachableError } from '../temporal/connection.ts';
import { CodecServerError } from '../temporal/remote-codec.ts';
import { ListenError } from '../worker/listen-error.ts';

/** Exit codes of all commands. */
export const EXIT = {
  done: 0,
  failed: 1,
  /** An argument or a setting is invalid; no connection was opened. */
  badInput: 2,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An invalid argument. Thrown before any connection is opened; the message says why. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** A command failed for a reason that its message explains, with the remedy. */
export class CommandFailure extends Error {
  override readonly name: string = 'CommandFailure';
}

/** Errors whose message already says what happened and what to do. */
const SELF_EXPLAINING = [
  TemporalUnreachableError,
  TemporalRefusedError,
  ScheduleMissingError,
  ScheduleContendedError,
  ScheduleTakenError,
  DatabaseProblem,
  CodecServerError,
  CommandFailure,
  RunControlError,
  ListenError,
] as const;

/** What gRPC's codes mean for the connection to Temporal. */
const REFUSALS: ReadonlyMap<number, string> = new Map([
  [4, 'The server did not answer in time. Try again.'],
  [7, 'No permission for this namespace. Check TEMPORAL_NAMESPACE and the rights of the key.'],
  [14, 'The server became unreachable. Try again.'],
  [16, 'Authentication failed. Check TEMPORAL_API_KEY or the client certificate.'],
]);

/** Explains any error to a person, without secrets. */
export function reportError(error: unknown): {
  readonly exitCode: ExitCode;
  readonly message: string;
} {
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
      `Temporal: there is no namespace ${error.namespace}. Set TEMPORAL_NAMESPACE to an existing one, ` +
      `or create it: temporal operator namespace create --namespace ${error.namespace}`
    );
  }
  if (error instanceof ValueError && error.message.startsWith('Unknown encoding')) {
    return (
      'Temporal: payloads of this run are encoded, and cannot be read. Set TEMPORAL_CODEC_ENDPOINT to the codec server ' +
      'of the workers.'
    );
  }
  const grpc = error instanceof ServiceError ? error.cause : error;
  if (isGrpcServiceError(grpc)) {
    return `Temporal: ${REFUSALS.get(grpc.code) ?? `The server answered: ${grpc.details}.`}`;
  }
  if (error instanceof Error) return error.stack ?? `${error.name}: ${error.message}`;
  return String(error);
}
