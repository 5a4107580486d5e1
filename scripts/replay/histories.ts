/** Where histories come from: the recorded ones in test/histories, and those of a namespace. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';

import { WORKFLOW_TYPE } from '../../src/contract/names.ts';
import type { NamedHistory } from './replay-histories.ts';

export const HISTORIES = fileURLToPath(new URL('../../test/histories/', import.meta.url));

/** Reads all histories of a folder, in the order of their names. */
export async function readHistories(folder = HISTORIES): Promise<readonly NamedHistory[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).toSorted();
  return await Promise.all(
    files.map(async (file) => {
      const json: unknown = JSON.parse(await readFile(path.join(folder, file), 'utf8'));
      return { name: path.basename(file, '.json'), history: historyFromJSON(json) };
    }),
  );
}

export interface WantedRuns {
  readonly taskQueue: string;
  /** Runs that ended after this instant, besides all that are running. */
  readonly endedAfter: Date;
}

/** Histories requested from the server at once. */
const AT_ONCE = 5;

/**
 * Fetches the histories of runs, those of running ones up to now; only reads. The server lists a run about a
 * second after it has begun or ended.
 */
export async function fetchHistories(
  client: Client,
  { taskQueue, endedAfter }: WantedRuns,
): Promise<readonly NamedHistory[]> {
  const query = [
    `WorkflowType = '${WORKFLOW_TYPE}'`,
    `TaskQueue = '${taskQueue.replaceAll("'", "''")}'`,
    `(ExecutionStatus = 'Running' OR CloseTime > '${endedAfter.toISOString()}')`,
  ].join(' AND ');
  const listed: { readonly workflowId: string; readonly runId: string }[] = [];
  for await (const run of client.workflow.list({ query })) listed.push(run);
  const fetched: NamedHistory[] = [];
  for (let from = 0; from < listed.length; from += AT_ONCE) {
    const batch = listed.slice(from, from + AT_ONCE);
    const histories = await Promise.all(
      batch.map(async ({ workflowId, runId }) => {
        const history = await fetchHistory(client, workflowId, runId);
        return history === undefined ? [] : [{ name: `${workflowId} (run ${runId})`, history }];
      }),
    );
    fetched.push(...histories.flat());
  }
  return fetched;
}

async function fetchHistory(
  client: Client,
  workflowId: string,
  runId: string,
): Promise<NamedHistory['history'] | undefined> {
  try {
    return await client.workflow.getHandle(workflowId, runId).fetchHistory();
  } catch (error) {
    // Still listed, but its retention has just ended.
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
