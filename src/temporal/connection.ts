import {
  Client,
  Connection,
  isGrpcServiceError,
  NamespaceNotFoundError,
  ServiceError,
} from '@temporalio/client';

import type { TemporalSettings } from './connection-settings.ts';

/** Time for reaching the server before a command gives up. Milliseconds. */
export const CONNECT_TIMEOUT_MILLISECONDS = 5_000;

/** gRPC's code for what does not exist, NOT_FOUND. */
const MISSING: ReadonlySet<number> = new Set([5]);

/** gRPC's codes for a server that is down, hangs or starts: DEADLINE_EXCEEDED, UNAVAILABLE. */
const DOWN: ReadonlySet<number> = new Set([4, 14]);

/** Temporal did not answer. The message names the address and what to do, and no secret. */
export class TemporalUnreachableError extends Error {
  override readonly name = 'TemporalUnreachableError';
  readonly address: string;

  constructor(settings: Pick<TemporalSettings, 'address' | 'namespace'>, cause: unknown) {
    super(
      `Temporal cannot be reached at ${settings.address} (namespace ${settings.namespace}). ` +
        `Set TEMPORAL_ADDRESS to a server that runs, or start one: temporal server start-dev`,
      { cause },
    );
    this.address = settings.address;
  }
}

/** Whether an error means that Temporal cannot be reached now, which may pass by itself. */
export function isTemporalDown(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  return (
    error instanceof TemporalUnreachableError || (isGrpcServiceError(cause) && DOWN.has(cause.code))
  );
}

/** A client that belongs to whoever connected it. */
export interface ConnectedClient extends AsyncDisposable {
  readonly client: Client;
  readonly namespace: string;
}

/**
 * Connects a client; close it by `await using`.
 *
 * @throws {@link TemporalUnreachableError} when the server does not answer in time.
 */
export async function connectClient(settings: TemporalSettings): Promise<ConnectedClient> {
  const connection = await connect(settings);
  return {
    client: new Client({ connection, namespace: settings.namespace }),
    namespace: settings.namespace,
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

/**
 * Makes sure that the client's namespace exists and lets this login in.
 *
 * @throws NamespaceNotFoundError, or the server's refusal
 */
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

async function connect(settings: TemporalSettings): Promise<Connection> {
  try {
    return await Connection.connect({
      ...settings.connection,
      connectTimeout: CONNECT_TIMEOUT_MILLISECONDS,
    });
  } catch (error) {
    throw new TemporalUnreachableError(settings, error);
  }
}
