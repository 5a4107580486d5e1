import { isGrpcServiceError } from '@temporalio/client';
import type { Client } from '@temporalio/client';
import { optionalTsToDate } from '@temporalio/common';

import { PLAIN_NAME } from '../runs/run.ts';

type WorkerHeartbeat = NonNullable<
  NonNullable<
    Awaited<ReturnType<Client['workflowService']['listWorkers']>>['workersInfo']
  >[number]['workerHeartbeat']
>;

/** A worker that asks for work of one task queue. */
export interface Poller {
  readonly identity: string;
  /** When it last gave a sign of life; ISO 8601. */
  readonly lastSeenAt: string | null;
  /** False when it has been silent for longer than a worker that lives ever is. */
  readonly isPolling: boolean;
}

/** Workers say that they live every 10 s (see `runtime.ts`); one heartbeat may be lost. Milliseconds. */
const HEARTBEAT_EXPECTED_WITHIN = 25_000;

/** The server answers a poll within a minute, with or without work. Milliseconds. */
const POLL_EXPECTED_WITHIN = 70_000;

/** Of the API's WorkerStatus: SHUTTING_DOWN and SHUTDOWN. */
const STOPPED: ReadonlySet<number> = new Set([2, 3]);

const MOST_HEARTBEATS = 1_000;

/**
 * The workers that poll a task queue for workflows. The server remembers a poller for minutes, so their
 * heartbeats decide: a worker that has stopped says so at once and is left out, one that was killed
 * falls silent. Where there are no heartbeats (a server before 1.29, a worker's first seconds), the last
 * poll decides.
 */
export async function listPollers(client: Client, taskQueue: string): Promise<readonly Poller[]> {
  const [{ pollers }, heartbeats] = await Promise.all([
    client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: taskQueue },
    }),
    readHeartbeats(client, taskQueue),
  ]);
  const now = Date.now();
  // A worker polls a queue of its own too, to get on with what it has in memory, under the same name.
  const byIdentity = new Map<string, Poller>();
  for (const { identity, lastAccessTime } of pollers ?? []) {
    if (identity === undefined || identity === null) continue;
    const polledAt = optionalTsToDate(lastAccessTime) ?? new Date(0);
    const heartbeat = heartbeats.get(identity);
    if (heartbeat?.hasStopped === true && polledAt <= heartbeat.at) continue;
    const seenAt = heartbeat !== undefined && heartbeat.at > polledAt ? heartbeat.at : polledAt;
    const expectedWithin =
      heartbeat === undefined ? POLL_EXPECTED_WITHIN : HEARTBEAT_EXPECTED_WITHIN;
    byIdentity.set(identity, {
      identity,
      lastSeenAt: seenAt.getTime() === 0 ? null : seenAt.toISOString(),
      isPolling: now - seenAt.getTime() <= expectedWithin,
    });
  }
  return [...byIdentity.values()];
}

/** What a worker said last. */
interface Heartbeat {
  readonly at: Date;
  readonly startedAt: Date;
  readonly hasStopped: boolean;
}

/** Latest heartbeats by identity; of workers that had one after another, the latest one's. */
async function readHeartbeats(
  client: Client,
  taskQueue: string,
): Promise<ReadonlyMap<string, Heartbeat>> {
  const heartbeats = new Map<string, Heartbeat>();
  for (const info of await listWorkers(client, taskQueue)) {
    const { workerIdentity, taskQueue: queue, status, startTime, heartbeatTime } = info;
    const startedAt = optionalTsToDate(startTime);
    const at = optionalTsToDate(heartbeatTime);
    if (workerIdentity == null || queue !== taskQueue) continue;
    if (startedAt === undefined || at === undefined) continue;
    const known = heartbeats.get(workerIdentity);
    if (known !== undefined && known.startedAt > startedAt) continue;
    heartbeats.set(workerIdentity, { at, startedAt, hasStopped: STOPPED.has(status ?? 0) });
  }
  return heartbeats;
}

async function listWorkers(client: Client, taskQueue: string): Promise<readonly WorkerHeartbeat[]> {
  try {
    const { workersInfo } = await client.workflowService.listWorkers({
      namespace: client.options.namespace,
      pageSize: MOST_HEARTBEATS,
      // Narrows it down where the name can be written in a query.
      ...(PLAIN_NAME.test(taskQueue) ? { query: `TaskQueue = '${taskQueue}'` } : {}),
    });
    return (workersInfo ?? []).flatMap(({ workerHeartbeat }) => workerHeartbeat ?? []);
  } catch (error) {
    // A server that keeps no heartbeats, or a login that may not list them.
    if (isGrpcServiceError(error)) return [];
    throw error;
  }
}
