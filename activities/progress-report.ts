import type { Context } from '@temporalio/activity';
import { PROGRESS_SIGNAL } from '../src/contract/names.ts';
import type { SliceProgress, ReportedProgress } from '../src/contract/slice.ts';

/** A chunk takes some milliseconds, and each heartbeat costs the worker time that the deletion needs. Milliseconds. */
const HEARTBEAT_EVERY = 100;

/** Without progress the last heartbeat is repeated: a statement may take long, and is bounded. Milliseconds. */
const REPEAT_EVERY = 1_500;

/** A usual slice ends long before the first signal, so that its history stays short. Milliseconds. */
const SIGNAL_EVERY = 10_000;

/** Reports the progress of one attempt; disposing of it sends the last heartbeat. */
export interface ProgressReport extends Disposable {
  report(progress: SliceProgress): void;
}

/**
 * Reports by heartbeats, and by signals to the run, since a workflow cannot read the heartbeats of its activities.
 * Begins at once: the server answers a heartbeat with what it wants, and what earlier attempts reported is kept.
 */
export function createProgressReport(context: Context): ProgressReport {
  let heartbeatAt = 0;
  let signalAt = Date.now() + SIGNAL_EVERY;
  let isPending = false;
  let last: unknown = context.info.heartbeatDetails;
  context.heartbeat(last);
  const timer = setInterval(() => {
    context.heartbeat(last);
  }, REPEAT_EVERY);
  return {
    report(progress) {
      if (Date.now() >= signalAt) {
        signalAt = Date.now() + SIGNAL_EVERY;
        void signalRun(context, progress);
      }
      last = progress;
      isPending = performance.now() < heartbeatAt;
      if (isPending) return;
      heartbeatAt = performance.now() + HEARTBEAT_EVERY;
      context.heartbeat(progress);
    },
    [Symbol.dispose]() {
      clearInterval(timer);
      if (isPending) context.heartbeat(last);
    },
  };
}

/** Nothing waits for the signal, and one that does not arrive is no loss. */
async function signalRun(context: Context, progress: SliceProgress): Promise<void> {
  const { workflowExecution } = context.info;
  if (workflowExecution === undefined) return;
  const { workflowId, runId } = workflowExecution;
  const signal: ReportedProgress = { ...progress, runId };
  try {
    await context.client.workflow.getHandle(workflowId, runId).signal(PROGRESS_SIGNAL, signal);
  } catch (error) {
    context.log.debug('The progress signal to the run failed', { error });
  }
}
