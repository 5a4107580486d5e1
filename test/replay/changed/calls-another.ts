import { proxyActivities } from '@temporalio/workflow';

const { deleteSessions } = proxyActivities<{ deleteSessions(): Promise<void> }>({
  startToCloseTimeout: '1 minute',
});

/** The workflow after its activity has been renamed: the same steps with other particulars. */
export async function sessionCleanup(): Promise<void> {
  await deleteSessions();
}
