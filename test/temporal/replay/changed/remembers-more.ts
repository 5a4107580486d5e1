import { upsertMemo } from '@temporalio/workflow';

import { sessionCleanup as original } from '../../../../workflows/index.ts';

/** The workflow after a change at its end: it writes a memo that earlier runs did not write. */
export async function sessionCleanup(
  ...args: Parameters<typeof original>
): ReturnType<typeof original> {
  const result = await original(...args);
  upsertMemo({ deletedCount: result.deletedCount });
  return result;
}
