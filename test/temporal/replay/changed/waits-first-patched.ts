import { patched, sleep } from '@temporalio/workflow';

import { sessionCleanup as original } from '../../../../workflows/index.ts';

/** The same change, made so that runs which are under way keep to the old way. */
export async function sessionCleanup(
  ...args: Parameters<typeof original>
): ReturnType<typeof original> {
  if (patched('wait-first')) await sleep('1 second');
  return await original(...args);
}
