import { deprecatePatch, proxyActivities } from '@temporalio/workflow';

import type { ExampleActivities } from './activities.ts';

const { announce, deleteRows } = proxyActivities<ExampleActivities>({
  startToCloseTimeout: '1 minute',
});

/** When no run from before the change is left. */
export async function cleanUp(): Promise<number> {
  deprecatePatch('announce-first');
  await announce();
  return await deleteRows();
}
