import type { Context } from '@temporalio/activity';
import { PROGRESS_SIGNAL } from '../src/contract/names.ts';
import type { SliceProgress, ReportedProgress } from '../src/contract/slice.ts';

/**
 * The run hears of a slice in hand after this time, and then as often. A usual slice is done long
 * before, and its history stays as short as it can be. Milliseconds.
 */
const TELL_EVERY = 10_000;

/**
 * Makes the function that tells the run what its slice is doing, for the run's details in the Web UI:
 * a workflow can't see its activities' heartbeats. It tells at most every ten seconds, waits for
 * nothing, and a message that does not arrive is no loss.
 */
export function createProgressSignal(context: Context): (progress: SliceProgress) => void {
  let tellAt = Date.now() + TELL_EVERY;
  return (progress) => {
    if (Date.now() < tellAt) return;
    tellAt = Date.now() + TELL_EVERY;
    void tell(context, progress);
  };
}

async function tell(context: Context, progress: SliceProgress): Promise<void> {
  const { workflowExecution } = context.info;
  if (workflowExecution === undefined) return;
  const { workflowId, runId } = workflowExecution;
  const told: ReportedProgress = { ...progress, runId };
  try {
    await context.client.workflow.getHandle(workflowId, runId).signal(PROGRESS_SIGNAL, told);
  } catch (error) {
    context.log.debug('The run was not told of its progress', { error });
  }
}
