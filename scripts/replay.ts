/**
 * Replays histories with the workflow as it is now. A difference means that runs which are under way
 * could not go on with this version:
 *
 *   npm run replay              the recorded ones
 *   npm run replay -- --live    those of a namespace, as a gate before a deployment
 */
import { bundleWorkflowCode, DefaultLogger, Runtime } from '@temporalio/worker';

import { readTemporalConfig } from '../src/cli/command-context.ts';
import { withClient } from '../src/cli/temporal-client.ts';
import { workflowsPath } from '../src/worker/workflow-code.ts';
import { runScript } from './options.ts';
import { fetchHistories } from './replay/fetch-histories.ts';
import { parseReplayOptions, type ReplayOptions } from './replay/options.ts';
import { readHistories } from './replay/read-histories.ts';
import { replayHistories, type NamedHistory } from './replay/replay-histories.ts';
import { REMEDY, renderReplay, renderSummary } from './replay/report-replays.ts';

await runScript(async () => {
  process.exitCode = await replay(parseReplayOptions(process.argv.slice(2)));
});

async function replay(options: ReplayOptions): Promise<number> {
  const began = performance.now();
  const histories =
    options.kind === 'recorded'
      ? await readHistories()
      : await fetchLive(new Date(Date.now() - options.sinceMilliseconds));
  if (histories.length === 0) return 0;
  const logger = new DefaultLogger('ERROR');
  // What the SDK has to say of a difference is said below, once and in fewer words.
  Runtime.install({ logger, telemetryOptions: { logging: { filter: 'OFF' } } });
  const code = await bundleWorkflowCode({ workflowsPath, logger });
  const replays = await replayHistories(histories, code);
  for (const each of replays) console.log(renderReplay(each));
  console.log(renderSummary(replays, (performance.now() - began) / 1_000));
  if (replays.every(({ difference }) => difference === undefined)) return 0;
  console.error(REMEDY);
  return 1;
}

async function fetchLive(endedAfter: Date): Promise<readonly NamedHistory[]> {
  const context = { environment: process.env, stdout: process.stdout, stderr: process.stderr };
  const { config, temporal } = readTemporalConfig(context);
  const { taskQueue } = config;
  const where = `the task queue ${taskQueue} in the namespace ${temporal.namespace} at ${temporal.address}`;
  const since = `that go on or ended after ${endedAfter.toISOString()}`;
  const histories = await withClient(temporal, async (client) => {
    const fetched: NamedHistory[] = [];
    const wanted = { taskQueue, endedAfter };
    for await (const history of fetchHistories(client, wanted)) fetched.push(history);
    return fetched;
  });
  if (histories.length === 0) {
    console.error(`Nothing was replayed: there are no runs of ${where} ${since}.`);
  } else {
    console.log(`${histories.length} fetched: the runs of ${where} ${since}.`);
  }
  return histories;
}
