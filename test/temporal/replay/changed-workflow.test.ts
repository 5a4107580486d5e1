import { fileURLToPath } from 'node:url';

import { bundleWorkflowCode, DefaultLogger, Runtime } from '@temporalio/worker';
import { expect, test } from 'vitest';

import { readHistories } from '../../../scripts/replay/histories.ts';
import { replayHistories, type Replay } from '../../../scripts/replay/replay-histories.ts';

const logger = new DefaultLogger('ERROR');
// The SDK has much to say of each difference, and all of them are wanted here.
Runtime.install({ logger, telemetryOptions: { logging: { filter: 'OFF' } } });

test('a timer before the first slice is caught, at the event it replaces', async () => {
  const replays = await replayWith('waits-first');
  expect(replays.get('scheduled')).toEqual({
    event: '5 MarkerRecorded',
    reason: expect.any(String),
  });
  // Every run is hit, refused ones as well.
  expect([...replays.values()]).not.toContain(undefined);
});

test('a renamed activity is caught, although it is scheduled at the same place', async () => {
  const replays = await replayWith('calls-another', ['several-slices']);
  expect(replays.get('several-slices')).toEqual({
    event: '5 MarkerRecorded',
    reason: expect.stringContaining("'deleteExpiredSessions' does not match"),
  });
});

test('a new memo at the end is caught in runs that have come to their end', async () => {
  const replays = await replayWith('remembers-more');
  expect(replays.get('scheduled')).toMatchObject({ event: '12 WorkflowExecutionCompleted' });
  expect(replays.get('still-working')).toBeUndefined();
  expect(replays.get('failed')).toBeUndefined();
});

test('a change that is guarded by patched() lets every run go on', async () => {
  const replays = await replayWith('waits-first-patched');
  expect([...replays.values()].filter((difference) => difference !== undefined)).toEqual([]);
  expect(replays.size).toBeGreaterThan(10);
});

/** What differs in each recorded history, or in those of them, under a changed workflow. */
async function replayWith(
  fixture: string,
  names?: readonly string[],
): Promise<ReadonlyMap<string, Replay['difference']>> {
  const workflowsPath = fileURLToPath(new URL(`changed/${fixture}.ts`, import.meta.url));
  const code = await bundleWorkflowCode({ workflowsPath, logger });
  const histories = await readHistories();
  const wanted = histories.filter(({ name }) => names?.includes(name) ?? true);
  const replays = await replayHistories(wanted, code);
  return new Map(replays.map(({ name, difference }) => [name, difference]));
}
