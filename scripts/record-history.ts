/**
 * `npm run record-history`: records the histories that `npm run replay` replays, from a real server, worker
 * and database. Run it when a run can take a new path. Histories of released versions are never changed: they
 * represent runs that are open when the next version is deployed.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { Argument } from 'commander';

import { runScript, scriptCommand } from './options.ts';
import {
  withRecordingEnvironment,
  type RecordingEnvironment,
} from './record-history/environment.ts';
import { runScenario, SCENARIOS } from './record-history/scenarios.ts';
import { HISTORIES } from './replay/histories.ts';
import { listenForStop } from './services/stop-request.ts';
import { DEFAULT_NAMESPACE } from './services/temporal-server.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));

/** The example in docs/changing-the-workflow.md; recorded by its name only. */
const EXAMPLE = 'patched-change';

await runScript(async () => {
  const { signal } = listenForStop();
  const usual = Object.keys(SCENARIOS);
  const names = [...usual, EXAMPLE];
  const command = scriptCommand('npm run record-history --')
    .description('Records the histories that "npm run replay" replays.')
    .addArgument(new Argument('[name...]', 'which ones').choices(names).default(usual, 'all'))
    .parse(process.argv.slice(2), { from: 'user' });
  const chosen: readonly string[] = command.processedArgs[0];
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    if (!chosen.includes(name)) continue;
    await withRecordingEnvironment(signal, scenario, async (environment) => {
      const runs = await runScenario(environment, scenario);
      for (const [index, run] of runs.entries()) {
        await writeHistory(HISTORIES, runs.length === 1 ? name : `${name}-${index + 1}`, run);
      }
    });
  }
  if (chosen.includes(EXAMPLE)) await withRecordingEnvironment(signal, {}, recordExample);
});
// After a stop request, a connection to Temporal stays open.
process.exit();

/** Runs the example's workflow once in each of its states, one file each. */
async function recordExample({ client, connection }: RecordingEnvironment): Promise<void> {
  const folder = path.join(ROOT, 'test/temporal/replay', EXAMPLE);
  for (const state of ['before', 'patched', 'deprecated', 'after']) {
    const worker = await Worker.create({
      connection,
      namespace: DEFAULT_NAMESPACE,
      taskQueue: EXAMPLE,
      identity: 'worker',
      workflowsPath: path.join(folder, `${state}.ts`),
      activities: {
        announce: () => Promise.resolve(),
        deleteRows: () => Promise.resolve(3),
      },
    });
    const run = await client.workflow.start('cleanUp', {
      workflowId: EXAMPLE,
      taskQueue: EXAMPLE,
    });
    await worker.runUntil(run.result());
    await writeHistory(path.join(folder, 'histories'), state, run);
  }
}

/** Writes a run's history in the form of `temporal workflow show --output json`. */
async function writeHistory(folder: string, name: string, run: WorkflowHandle): Promise<void> {
  const history = await run.fetchHistory();
  await mkdir(folder, { recursive: true });
  // Stack traces hold paths of this checkout, which no replay reads.
  const json = historyToJSON(history).replaceAll(`file://${ROOT}`, '').replaceAll(ROOT, '');
  await writeFile(path.join(folder, `${name}.json`), `${json}\n`);
  console.log(`${name}: ${history.events?.length ?? 0} events`);
}
