import { sleep } from '@temporalio/workflow';

import { sessionCleanup as original } from '../../../../workflows/index.ts';

/** The workflow after a change at its beginning: a timer before the first slice. */
export async function sessionCleanup(
  ...args: Parameters<typeof original>
): ReturnType<typeof original> {
  await sleep('1 second');
  return await original(...args);
}
