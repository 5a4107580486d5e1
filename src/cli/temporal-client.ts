import type { Client } from '@temporalio/client';

import { connectClient } from '../temporal/connection.ts';
import type { TemporalSettings } from '../temporal/connection-settings.ts';

/** Does something with a connected client, and closes it. @throws TemporalUnreachableError */
export async function withClient<Answer>(
  settings: TemporalSettings,
  action: (client: Client) => Promise<Answer>,
): Promise<Answer> {
  await using connected = await connectClient(settings);
  return await action(connected.client);
}
