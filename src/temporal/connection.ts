import { setTimeout as delay } from 'node:timers/promises';

import {
  Client,
  Connection,
  isGrpcServiceError,
  NamespaceNotFoundError,
  ServiceError,
} from '@temporalio/client';

import { tryConnection } from './connection-problem.ts';
import type { TemporalSettings } from './connection-settings.ts';

/** Time after which a connection attempt fails. Milliseconds. */
export const CONNECT_TIMEOUT_MILLISECONDS = 5_000;

/** gRPC's NOT_FOUND. */
const MISSING: ReadonlySet<number> = new Set([5]);

/** gRPC's DEADLINE_EXCEEDED and UNAVAILABLE: the server is down, hangs or starts. */
const DOWN: ReadonlySet<number> = new Set([4, 14]);

/** Temporal did not answer. The message names the address and what to do, and no secret. */
export class TemporalUnreachableError extends Error {
  override readonly name = 'TemporalUnreachableError';

  constructor(
    { address, namespace }: Pick<TemporalSettings, 'address' | 'namespace'>,
    cause: unknown,
    reason?: string,
  ) {
    super(
      `Temporal cannot be reached at ${address} (namespace ${namespace})` +
        (reason === undefined
          ? '. Set TEMPORAL_ADDRESS to a running server, or start one: temporal server start-dev'
          : `: ${reason}`),
      { cause },
    );
  }
}

/** Temporal answers, but no connection can be made until a setting or a certificate is changed. */
export class TemporalRefusedError extends Error {
  override readonly name = 'TemporalRefusedError';

  constructor({ address }: Pick<TemporalSettings, 'address'>, text: string, cause: unknown) {
    super(`Temporal at ${address}: ${text}`, { cause });
  }
}

/** Why a connection failed; undefined when the server answers, so that it must have refused the login. */
export async function toConnectionError(
  settings: TemporalSettings,
  cause: unknown,
): Promise<TemporalRefusedError | TemporalUnreachableError | undefined> {
  const attempt = await tryConnection(settings);
  switch (attempt.kind) {
    case 'answered':
      return undefined;
    case 'unanswered':
      return new TemporalUnreachableError(settings, cause);
    case 'closed':
      return new TemporalUnreachableError(settings, cause, attempt.text);
    case 'refused':
      return new TemporalRefusedError(settings, attempt.text, cause);
  }
}

/** True when Temporal cannot be reached, or has no such namespace, either of which may be temporary. */
export function isTemporalDown(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  return (
    error instanceof TemporalUnreachableError ||
    error instanceof NamespaceNotFoundError ||
    (isGrpcServiceError(cause) && DOWN.has(cause.code))
  );
}

/** A client; `await using` closes its connection. */
export interface ConnectedClient extends AsyncDisposable {
  readonly client: Client;
  readonly namespace: string;
}

/**
 * Connects a client.
 *
 * @throws {@link TemporalUnreachableError} when the server does not answer in time
 * @throws {@link TemporalRefusedError}, or the server's refusal of this login
 */
export async function connectClient(settings: TemporalSettings): Promise<ConnectedClient> {
  const { namespace } = settings;
  try {
    const connection = await Connection.connect({
      ...settings.connection,
      connectTimeout: CONNECT_TIMEOUT_MILLISECONDS,
    });
    return {
      client: new Client({ connection, namespace }),
      namespace,
      [Symbol.asyncDispose]: () => connection.close(),
    };
  } catch (error) {
    const refusal = error instanceof ServiceError ? error.cause : error;
    if (isGrpcServiceError(refusal) && !DOWN.has(refusal.code)) throw error;
    throw (
      (await toConnectionError(settings, error)) ?? new TemporalUnreachableError(settings, error)
    );
  }
}

/** @throws NamespaceNotFoundError, or the server's refusal when this login may not use the namespace */
export async function requireNamespace(client: Client): Promise<void> {
  const { namespace } = client.options;
  try {
    await client.workflowService.describeNamespace({ namespace });
  } catch (error) {
    if (isGrpcServiceError(error) && MISSING.has(error.code)) {
      throw new NamespaceNotFoundError(namespace);
    }
    throw error;
  }
}

/** Time before the next attempt; doubles from the first to the longest. Milliseconds. */
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;

/**
 * Repeats an attempt for as long as Temporal cannot be reached, or the namespace does not exist.
 *
 * @param onDown - Called after each attempt that failed for this reason.
 * @param stop - Ends the waiting, also for the attempt in progress.
 * @returns undefined when `stop` was aborted first
 * @throws any other error of the attempt
 */
export async function repeatWhileDown<Answer>(
  attempt: () => Promise<Answer>,
  onDown: (error: unknown) => void,
  stop: AbortSignal,
): Promise<Answer | undefined> {
  const stopped = new Promise<undefined>((resolve) => {
    stop.addEventListener('abort', () => {
      resolve(undefined);
    });
  });
  for (let wait = FIRST_WAIT; !stop.aborted; wait = Math.min(wait * 2, LONGEST_WAIT)) {
    try {
      return await Promise.race([attempt(), stopped]);
    } catch (error) {
      if (!isTemporalDown(error)) throw error;
      onDown(error);
    }
    await delay(wait, undefined, { signal: stop }).catch(() => undefined);
  }
  return undefined;
}
