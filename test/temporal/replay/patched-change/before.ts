import { proxyActivities } from '@temporalio/workflow';

import type { ExampleActivities } from './activities.ts';

const { deleteRows } = proxyActivities<ExampleActivities>({ startToCloseTimeout: '1 minute' });

/** Before the change. */
export async function cleanUp(): Promise<number> {
  return await deleteRows();
}
