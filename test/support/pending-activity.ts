/** The activity that a run waits for. */
import { defaultPayloadConverter, type WorkflowHandle } from '@temporalio/client';

import type { SliceProgress } from '../../src/contract/slice.ts';
import { until } from './fake-worker.ts';

export interface PendingActivity {
  readonly id: string;
  readonly attempt: number;
  readonly state: number | null | undefined;
  readonly startedAt: string;
  readonly lastFailure: string | null | undefined;
  /** By its last heartbeat. */
  readonly deletedCount: number;
}

/** The first pending activity of a run; without one, attempt 0. */
export async function pendingActivity(run: WorkflowHandle): Promise<PendingActivity> {
  const activity = (await run.describe()).raw.pendingActivities?.[0];
  const payload = activity?.heartbeatDetails?.payloads?.[0];
  const progress: Partial<SliceProgress> | undefined = payload
    ? defaultPayloadConverter.fromPayload(payload)
    : undefined;
  return {
    id: activity?.activityId ?? '',
    attempt: activity?.attempt ?? 0,
    state: activity?.state,
    startedAt: JSON.stringify(activity?.lastStartedTime),
    lastFailure: activity?.lastFailure?.message,
    deletedCount: progress?.deletedCount ?? 0,
  };
}

/** Waits until a heartbeat reports deleted rows. */
export async function untilDeleting(run: WorkflowHandle): Promise<void> {
  await until(async () => (await pendingActivity(run)).deletedCount > 0);
}
