import { proxyActivities } from '@temporalio/workflow';

import type { ExampleActivities } from './activities.ts';

const { announce, deleteRows } = proxyActivities<ExampleActivities>({
  startToCloseTimeout: '1 minute',
});

/** When no run is left that began on patched code: as if it had always been so. */
export async function cleanUp(): Promise<number> {
  await announce();
  return await deleteRows();
}
