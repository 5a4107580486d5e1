import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';

const { deleteSessions } = proxyActivities<{ deleteSessions(): Promise<void> }>({
  startToCloseTimeout: '1 minute',
});

const { planRun } = proxyLocalActivities<{ planRun(request: object): Promise<void> }>({
  startToCloseTimeout: '20 seconds',
  scheduleToCloseTimeout: '60 seconds',
});

/** The workflow after its activity has been renamed: the same steps with other particulars. */
export async function sessionCleanup(): Promise<void> {
  await planRun({});
  await deleteSessions();
}
