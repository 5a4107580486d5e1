import { expect } from 'vitest';

import { replayHistories, type NamedHistory } from '../../scripts/replay/replay-histories.ts';
import { test } from '../support/fixtures.ts';
import { startRealRun, startRealWorker } from '../support/real-worker.ts';
import { fillSessions } from '../support/sessions.ts';
import { TEST_TARGET } from '../support/settings.ts';
import type { TestTemporal } from '../support/test-namespace.ts';
import { workflowBundle } from '../support/workflow-bundle.ts';

test('histories of runs that just ended replay as well as recorded ones', async ({
  temporal,
  database,
}) => {
  await fillSessions(database, { expired: 2_000, live: 100 });
  const targets = [TEST_TARGET, { ...TEST_TARGET, name: 'gone', table: 'gone' }];
  const inputs = [{ dryRun: true }, { targets: ['sessions'] }, {}, { unknown: true }];
  {
    await using _ = await startRealWorker(temporal, database, { targets });
    for (const input of inputs) {
      const run = await startRealRun(temporal, input);
      await run.result().catch(() => undefined);
    }
  }

  // The server lists runs a moment after they have ended.
  await expect.poll(async () => await fetchHistories(temporal), PATIENTLY).toHaveLength(4);
  const replays = await replayHistories(await fetchHistories(temporal), await workflowBundle());
  expect(replays.map(({ difference }) => difference)).toEqual(inputs.map(() => undefined));
});

const PATIENTLY = { timeout: 10_000 };

async function fetchHistories({ client }: TestTemporal): Promise<readonly NamedHistory[]> {
  const fetched: NamedHistory[] = [];
  for await (const { workflowId, runId } of client.workflow.list()) {
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    fetched.push({ name: workflowId, history });
  }
  return fetched;
}
