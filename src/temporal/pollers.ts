import type { Client } from '@temporalio/client';
import { optionalTsToDate } from '@temporalio/common/lib/time.js';

/** A worker that asks for work of one task queue. */
export interface Poller {
  readonly identity: string;
  /** When it last asked; ISO 8601. The server forgets a worker some minutes after that. */
  readonly lastSeenAt: string | null;
}

/** The workers that poll a task queue for workflows, as the server knows them. */
export async function listPollers(client: Client, taskQueue: string): Promise<readonly Poller[]> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
  });
  // A worker polls a queue of its own too, to get on with what it has in memory, under the same name.
  const byIdentity = new Map<string, Poller>();
  for (const { identity, lastAccessTime } of pollers ?? []) {
    if (identity === undefined || identity === null) continue;
    const lastSeenAt = optionalTsToDate(lastAccessTime)?.toISOString() ?? null;
    byIdentity.set(identity, { identity, lastSeenAt });
  }
  return [...byIdentity.values()];
}
