import type { Client } from '@temporalio/client';

import { PROGRESS_QUERY } from '../contract/names.ts';
import type { ApprovalRequest } from '../contract/slice.ts';
import { readRunRequests } from './result.ts';
import type { RunId } from './run.ts';

/** What a run would delete of a target once somebody approves it. */
export interface AwaitedApproval extends ApprovalRequest {
  readonly target: string;
}

/** Why a run that is going on does not move. */
export interface Standing {
  /** The reason that was given, empty if none was; null while it is not paused. */
  readonly paused: string | null;
  /** Targets that wait for approval. */
  readonly awaiting: readonly AwaitedApproval[];
  readonly dryRun: boolean;
}

/** A worker answers within milliseconds; without one nobody should wait for long. Milliseconds. */
const ANSWER_WITHIN = 2_000;

/**
 * Asks a run whether it is paused or waits for approval. Undefined: no worker has answered in time, or
 * it has just ended.
 */
export async function askStanding(
  client: Client,
  { workflowId, runId }: RunId,
): Promise<Standing | undefined> {
  try {
    const answer: unknown = await client.withDeadline(Date.now() + ANSWER_WITHIN, () =>
      client.workflow.getHandle(workflowId, runId).query(PROGRESS_QUERY),
    );
    const requests = readRunRequests(answer);
    return requests === undefined
      ? undefined
      : {
          paused: requests.paused === undefined ? null : (requests.paused.reason ?? ''),
          awaiting: requests.targets.flatMap(({ target, awaiting }) =>
            awaiting === undefined ? [] : [{ target, ...awaiting }],
          ),
          dryRun: requests.dryRun ?? false,
        };
  } catch {
    return undefined;
  }
}
