import type { Client } from '@temporalio/client';

import { WORKFLOW_TYPE } from '../contract.ts';
import { isDryRun } from './run-result.ts';
import { readInput } from './run-input.ts';

/** The newest run that did what a run is for. */
export interface LastSuccess {
  readonly workflowId: string;
  /** ISO 8601. */
  readonly endedAt: string;
}

/** Dry runs in a row that are passed over before giving up. */
const MOST_LOOKED_AT = 50;

/**
 * The newest completed run that was not a dry one, whoever started it; null when Temporal remembers
 * none. A schedule can look healthy and start nothing, or start runs that all fail: only this tells.
 */
export async function findLastSuccess(client: Client): Promise<LastSuccess | null> {
  const query = `WorkflowType = '${WORKFLOW_TYPE}' AND ExecutionStatus = 'Completed'`;
  let looked = 0;
  for await (const { workflowId, runId, closeTime } of client.workflow.list({ query })) {
    if (!isDryRun(await readInput(client, { workflowId, runId }))) {
      return closeTime === undefined ? null : { workflowId, endedAt: closeTime.toISOString() };
    }
    looked += 1;
    if (looked === MOST_LOOKED_AT) return null;
  }
  return null;
}
