import { isGrpcServiceError, type Client } from '@temporalio/client';
import { optionalTsToDate } from '@temporalio/common';

import { PLAIN_NAME } from '../runs/run.ts';

/** A worker that polls a task queue. */
export interface Poller {
  readonly identity: string;
  /** When it last polled or sent a heartbeat; ISO 8601. */
  readonly lastSeenAt: string | null;
  /** False when it has been silent for longer than a running worker ever is. */
  readonly isPolling: boolean;
}

/** Workers send a heartbeat every 10 s (see `native.ts`), of which one may be lost. Milliseconds. */
const HEARTBEAT_EXPECTED_WITHIN = 25_000;

/** The server answers a poll within a minute, with or without work. Milliseconds. */
const POLL_EXPECTED_WITHIN = 70_000;

/** Of the API's WorkerStatus: SHUTTING_DOWN and SHUTDOWN. */
const STOPPED: ReadonlySet<number> = new Set([2, 3]);

const MOST_HEARTBEATS = 1_000;

/**
 * The workers that poll a task queue for workflows. The server remembers a poller for minutes, so their
 * heartbeats decide: a worker that has stopped reports that at once and is left out, a killed one falls silent. Where there
 * are no heartbeats (a server before 1.29, a worker's first seconds), the last poll decides.
 */
export async function listPollers(client: Client, taskQueue: string): Promise<readonly Poller[]> {
  const [{ pollers }, heartbeats] = await Promise.all([
    client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: taskQueue },
    }),
    readHeartbeats(client, taskQueue),
  ]);
  // A worker also polls a sticky queue, under the same name.
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
      isPolling: Date.now() - seenAt.getTime() <= expectedWithin,
    });
  }
  return [...byIdentity.values()];
}

/** The last report of a worker. */
interface Heartbeat {
  readonly at: Date;
  readonly startedAt: Date;
  readonly hasStopped: boolean;
}

/** Latest heartbeats by identity; of several workers with the same identity, those of the latest. */
async function readHeartbeats(
  client: Client,
  taskQueue: string,
): Promise<ReadonlyMap<string, Heartbeat>> {
  const heartbeats = new Map<string, Heartbeat>();
  const { workersInfo } = await client.workflowService
    .listWorkers({
      namespace: client.options.namespace,
      pageSize: MOST_HEARTBEATS,
      // Narrows it down where the name can be written in a query.
      ...(PLAIN_NAME.test(taskQueue) ? { query: `TaskQueue = '${taskQueue}'` } : {}),
    })
    .catch((error: unknown) => {
      // A server that keeps no heartbeats, or a login that may not list them.
      if (isGrpcServiceError(error)) return { workersInfo: [] };
      throw error;
    });
  for (const { workerHeartbeat } of workersInfo ?? []) {
    const {
      workerIdentity,
      taskQueue: queue,
      status,
      startTime,
      heartbeatTime,
    } = workerHeartbeat ?? {};
    const [startedAt, at] = [optionalTsToDate(startTime), optionalTsToDate(heartbeatTime)];
    if (workerIdentity == null || queue !== taskQueue) continue;
    if (startedAt === undefined || at === undefined) continue;
    const known = heartbeats.get(workerIdentity);
    if (known !== undefined && known.startedAt > startedAt) continue;
    heartbeats.set(workerIdentity, { at, startedAt, hasStopped: STOPPED.has(status ?? 0) });
  }
  return heartbeats;
}
