/**
 * `npm run replay`: replays histories with the workflow of this checkout. A difference means that runs which
 * are under way could not continue with this version. See `npm run replay -- --help`.
 */
import { styleText } from 'node:util';

import { bundleWorkflowCode, DefaultLogger, Runtime } from '@temporalio/worker';
import { InvalidArgumentError } from 'commander';

import { readTemporalConfig, withClient } from '../src/cli/context.ts';
import { parseDuration } from '../src/config/duration.ts';
import { workflowsPath } from '../src/worker/workflow-code.ts';
import { runScript, scriptCommand } from './options.ts';
import { fetchHistories, readHistories } from './replay/histories.ts';
import { replayHistories, type NamedHistory, type Replay } from './replay/replay-histories.ts';

const DEFAULT_SINCE = '7d';

const HELP = `
With --live the server is only read from. It is found as by every command: TEMPORAL_ADDRESS,
TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS_…, or a profile of Temporal's configuration file;
the runs are those of the task queue SESSION_CLEANUP_TASK_QUEUE (default: session-cleanup).

Examples:
  npm run replay
  npm run replay -- --live
  TEMPORAL_PROFILE=production npm run replay -- --live --since 30d

Exit codes:
  0  the workflow would do the same in every run, or there is none
  1  it would not, or the histories could not be fetched
  2  bad input: nothing was connected to`;

await runScript(async () => {
  const command = scriptCommand('npm run replay --')
    .description(
      'Replays histories with the workflow of this checkout, and names those that it could not continue, ' +
        'and the first event that differs. Without options: the histories in test/histories.',
    )
    .option('--live', 'replay the runs of a namespace, as a gate before a deployment')
    .option(
      '--since <duration>',
      `with --live: runs that ended within this time, besides all that are running (default: ${DEFAULT_SINCE})`,
      duration,
    )
    .addHelpText('after', HELP)
    .parse(process.argv.slice(2), { from: 'user' });
  const { live, since } = command.opts<{ live?: true; since?: number }>();
  if (live === undefined && since !== undefined) {
    command.error('error: --since belongs to --live, which is not given.');
  }
  const began = performance.now();
  const histories =
    live === undefined
      ? await readHistories()
      : await fetchLive(new Date(Date.now() - (since ?? duration(DEFAULT_SINCE))));
  if (histories.length === 0) return;
  const logger = new DefaultLogger('ERROR');
  // Differences are reported below, in fewer words than the SDK logs.
  Runtime.install({ logger, telemetryOptions: { logging: { filter: 'OFF' } } });
  const code = await bundleWorkflowCode({ workflowsPath, logger });
  const replays = await replayHistories(histories, code);
  for (const replay of replays) console.log(lineOf(replay));
  const differing = replays.filter(({ difference }) => difference !== undefined).length;
  const verdict = differing === 0 ? 'none' : String(differing);
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  console.log(
    `${counted(replays.length, 'history', 'histories')} replayed in ${seconds} s, ` +
      `${verdict} of them ${differing > 1 ? 'differ' : 'differs'}.`,
  );
  if (differing === 0) return;
  console.error(
    'Runs that are under way could not continue with this workflow. Guard the change with patched() from ' +
      '@temporalio/workflow, so that they take the old steps: docs/changing-the-workflow.md.',
  );
  process.exitCode = 1;
});

async function fetchLive(endedAfter: Date): Promise<readonly NamedHistory[]> {
  const context = { environment: process.env, stdout: process.stdout, stderr: process.stderr };
  const { config, temporal } = readTemporalConfig(context);
  const { taskQueue } = config;
  const histories = await withClient(
    temporal,
    async (client) => await fetchHistories(client, { taskQueue, endedAfter }),
  );
  const which =
    `runs of the task queue ${taskQueue} in the namespace ${temporal.namespace} at ${temporal.address} ` +
    `that are running or ended after ${endedAfter.toISOString()}.`;
  if (histories.length === 0) console.error(`Nothing was replayed: there are no ${which}`);
  else console.log(`${histories.length} fetched: the ${which}`);
  return histories;
}

function lineOf({ name, events, hasBegun, difference }: Replay): string {
  const mark = difference === undefined ? styleText('green', 'same') : styleText('red', 'DIFFERS');
  const line = `${mark}  ${name} (${counted(events, 'event', 'events')}${hasBegun ? '' : ', not begun'})`;
  return difference === undefined
    ? line
    : `${line}\n      first at event ${difference.event}: ${difference.reason}`;
}

function counted(count: number, one: string, several: string): string {
  return `${count} ${count === 1 ? one : several}`;
}

function duration(text: string): number {
  const milliseconds = parseDuration(text) ?? 0;
  if (milliseconds > 0) return milliseconds;
  throw new InvalidArgumentError('Allowed: a duration such as 90m, 12h or 7d.');
}
