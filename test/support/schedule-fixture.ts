/** What tests of the schedule have in common. */
import { ScheduleNotFoundError, type Client } from '@temporalio/client';

import { SCHEDULE_ID } from '../../src/contract/names.ts';
import { createLogger } from '../../src/logging/logging.ts';
import type { Logger } from '../../src/logging/logging.ts';
import { defineSchedule } from '../../src/schedule/definition.ts';
import type { ScheduleDefinition } from '../../src/schedule/definition.ts';
import type { TestTemporal } from './test-namespace.ts';

/** The definition that the defaults give, on the test's own task queue. */
export function definitionFor(
  temporal: Pick<TestTemporal, 'taskQueue'>,
  intervalSeconds = 21_600,
  scheduleId = SCHEDULE_ID,
): ScheduleDefinition {
  return defineSchedule({
    schedule: { scheduleId, intervalSeconds, offsetSeconds: 0, atWorkerStart: 'apply' },
    taskQueue: temporal.taskQueue,
  });
}

/** Triggers the schedule; false: no worker has created it yet. */
export async function triggerSchedule(client: Client): Promise<boolean> {
  try {
    await client.schedule.getHandle(SCHEDULE_ID).trigger();
    return true;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return false;
    throw error;
  }
}

/** A logger that records its lines. */
export function recordingLogger(): {
  readonly logger: Logger;
  readonly entries: () => readonly unknown[];
} {
  const entries: unknown[] = [];
  const write = (line: string): void => {
    entries.push(JSON.parse(line));
  };
  return { logger: createLogger('info', { write }), entries: () => entries };
}

/** Terminates every open run, since no worker completes them here. */
export async function endRuns(client: Client): Promise<void> {
  for await (const { workflowId } of client.workflow.list({
    query: "ExecutionStatus = 'Running' AND WorkflowType = 'sessionCleanup'",
  })) {
    await client.workflow.getHandle(workflowId).terminate('end of test');
  }
}
