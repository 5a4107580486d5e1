import { patched, proxyActivities } from '@temporalio/workflow';

import type { ExampleActivities } from './activities.ts';

const { announce, deleteRows } = proxyActivities<ExampleActivities>({
  startToCloseTimeout: '1 minute',
});

/** The change, made so that runs which are under way keep to the old way. */
export async function cleanUp(): Promise<number> {
  if (patched('announce-first')) {
    await announce();
  }
  return await deleteRows();
}
