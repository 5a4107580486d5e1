/** Ways in which a run comes to be. */
import {
  ScheduleOverlapPolicy,
  type ScheduleHandle,
  type WorkflowHandle,
} from '@temporalio/client';

import {
  DEFAULT_TASK_QUEUE,
  SCHEDULE_ID,
  WORKFLOW_ID,
  WORKFLOW_TYPE,
} from '../../src/contract/names.ts';
import type { Laboratory } from './laboratory.ts';
import { ended, until } from './waiting.ts';

/**
 * Makes a run go its way, and returns it once its history is worth keeping; a run that continued as
 * new has several.
 */
export type Scenario = (laboratory: Laboratory) => Promise<WorkflowHandle | WorkflowHandle[]>;

/** Starts a run with that input, as a person or another program would. */
export async function start(
  { client }: Laboratory,
  ...args: readonly unknown[]
): Promise<WorkflowHandle> {
  const { firstExecutionRunId } = await client.workflow.start(WORKFLOW_TYPE, {
    workflowId: WORKFLOW_ID,
    taskQueue: DEFAULT_TASK_QUEUE,
    args: [...args],
  });
  // This very run, and not the last of those that it continues as.
  return client.workflow.getHandle(WORKFLOW_ID, firstExecutionRunId);
}

/** A run and all those that it continued as, in order. */
export async function chainFrom(
  { client }: Pick<Laboratory, 'client'>,
  first: WorkflowHandle,
): Promise<WorkflowHandle[]> {
  const { events } = await first.fetchHistory();
  const next = events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  if (!next) return [first];
  return [first, ...(await chainFrom({ client }, client.workflow.getHandle(WORKFLOW_ID, next)))];
}

/** Has a schedule start a run, and waits for the run's end. */
export async function runOfSchedule(
  { client }: Laboratory,
  every: '1s' | '6h',
  act: (schedule: ScheduleHandle) => Promise<void>,
): Promise<WorkflowHandle> {
  const schedule = await client.schedule.create({
    scheduleId: SCHEDULE_ID,
    spec: { intervals: [{ every }] },
    policies: { overlap: ScheduleOverlapPolicy.SKIP },
    ...(every === '1s' ? { state: { remainingActions: 1 } } : {}),
    action: {
      type: 'startWorkflow',
      workflowType: WORKFLOW_TYPE,
      workflowId: WORKFLOW_ID,
      taskQueue: DEFAULT_TASK_QUEUE,
    },
  });
  await act(schedule);
  let workflowId: string | undefined;
  await until(async () => {
    const [started] = (await schedule.describe()).info.recentActions;
    workflowId = started?.action.workflow.workflowId;
    return workflowId !== undefined;
  });
  return await ended(client.workflow.getHandle(workflowId ?? ''));
}
