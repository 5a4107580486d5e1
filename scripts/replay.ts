/**
 * Replays all recorded histories with the workflow as it is now. A difference means that runs which
 * are under way could not go on with this version:
 *
 *   npm run replay
 */
import { styleText } from 'node:util';

import { bundleWorkflowCode, DefaultLogger, Runtime } from '@temporalio/worker';

import { workflowsPath } from '../src/temporal/workflow-code.ts';
import { readHistories } from './replay/read-histories.ts';
import { replayHistories } from './replay/replay-histories.ts';

const logger = new DefaultLogger('ERROR');
// What the SDK has to say of a difference is said below, once and in fewer words.
Runtime.install({ logger, telemetryOptions: { logging: { filter: 'OFF' } } });

const began = performance.now();
const code = await bundleWorkflowCode({ workflowsPath, logger });
const replays = await replayHistories(await readHistories(), code);

for (const { name, events, difference } of replays) {
  const mark = difference === undefined ? styleText('green', 'same') : styleText('red', 'DIFFERS');
  console.log(`${mark}  ${name} (${events} events)`);
  if (difference === undefined) continue;
  console.log(`      first at event ${difference.event}: ${difference.reason}`);
}

const differing = replays.filter(({ difference }) => difference !== undefined).length;
const seconds = ((performance.now() - began) / 1_000).toFixed(1);
console.log(`${replays.length} histories replayed in ${seconds} s, ${differing} of them differ.`);
if (differing > 0) {
  console.error(
    'Runs that are under way could not go on with this workflow. Guard the change with patched() ' +
      'from @temporalio/workflow, so that they keep to the old way.',
  );
  process.exitCode = 1;
}
