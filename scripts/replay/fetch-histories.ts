import { WorkflowNotFoundError, type Client } from '@temporalio/client';

import { WORKFLOW_TYPE } from '../../src/contract/names.ts';
import type { NamedHistory } from './replay-histories.ts';

/** Which runs are asked for. */
export interface WantedRuns {
  readonly taskQueue: string;
  /** Runs that ended after this instant, besides all that go on. */
  readonly endedAfter: Date;
}

/** A server is asked for so many histories at once. */
const AT_ONCE = 5;

/**
 * Fetches the histories of runs, those of runs that are going on up to where they are; only reads.
 * The server lists a run about a second after it has begun or ended.
 */
export async function* fetchHistories(
  client: Client,
  { taskQueue, endedAfter }: WantedRuns,
): AsyncGenerator<NamedHistory, void, void> {
  const query = [
    `WorkflowType = '${WORKFLOW_TYPE}'`,
    `TaskQueue = '${taskQueue.replaceAll("'", "''")}'`,
    `(ExecutionStatus = 'Running' OR CloseTime > '${endedAfter.toISOString()}')`,
  ].join(' AND ');
  const listed: { readonly workflowId: string; readonly runId: string }[] = [];
  for await (const { workflowId, runId } of client.workflow.list({ query })) {
    listed.push({ workflowId, runId });
  }
  for (let from = 0; from < listed.length; from += AT_ONCE) {
    const batch = listed.slice(from, from + AT_ONCE);
    const histories = await Promise.all(
      batch.map(async ({ workflowId, runId }) => {
        const history = await fetchHistory(client, workflowId, runId);
        return { name: `${workflowId} (run ${runId})`, history };
      }),
    );
    for (const { name, history } of histories) {
      if (history !== undefined) yield { name, history };
    }
  }
}

async function fetchHistory(
  client: Client,
  workflowId: string,
  runId: string,
): Promise<NamedHistory['history'] | undefined> {
  try {
    return await client.workflow.getHandle(workflowId, runId).fetchHistory();
  } catch (error) {
    // Listed still, but its history has just been removed: nothing can be under way there.
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
