/** The command line of `npm run replay`. */
import { InvalidArgumentError } from 'commander';

import { parseDuration } from '../../src/config/duration.ts';
import { scriptCommand } from '../options.ts';

/** Which histories are to be replayed. */
export type ReplayOptions =
  | { readonly kind: 'recorded' }
  /** Those of a server: of runs that go on, or ended within so many milliseconds. */
  | { readonly kind: 'live'; readonly sinceMilliseconds: number };

const DEFAULT_SINCE = '7d';

/**
 * Reads the arguments after `npm run replay --`.
 * @throws CommanderError after the help, or an explanation of what is wrong, was written; its
 *   `exitCode` is what to leave with.
 */
export function parseReplayOptions(args: readonly string[]): ReplayOptions {
  const command = scriptCommand('npm run replay --')
    .description(
      'Replays histories with the workflow as it is in this checkout, and names those that it could ' +
        'not go on with, and the first event that differs. Without options: the histories in ' +
        'test/histories.',
    )
    .option('--live', 'replay what the runs of a namespace did, as a gate before a deployment')
    .option(
      '--since <duration>',
      `with --live: runs that ended within it, besides all that go on (default: ${DEFAULT_SINCE})`,
      duration,
    )
    .addHelpText('after', HELP);
  const { live, since } = command.parse([...args], { from: 'user' }).opts<{
    live?: true;
    since?: number;
  }>();
  if (live === undefined) {
    if (since !== undefined) command.error('error: --since belongs to --live, which is not given.');
    return { kind: 'recorded' };
  }
  return { kind: 'live', sinceMilliseconds: since ?? duration(DEFAULT_SINCE) };
}

const HELP = `
With --live the server is only read from. It is found as by every command: TEMPORAL_ADDRESS,
TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS_…, or a profile of Temporal's configuration file;
the runs are those of the task queue SESSION_CLEANUP_TASK_QUEUE (default: session-cleanup).

Examples:
  npm run replay
  npm run replay -- --live
  TEMPORAL_PROFILE=production npm run replay -- --live --since 30d

Exit codes:
  0  the workflow would do the same again in every run, or there is none
  1  it would not, or the histories could not be fetched
  2  bad input: nothing was connected to`;

function duration(text: string): number {
  const milliseconds = parseDuration(text) ?? 0;
  if (milliseconds > 0) return milliseconds;
  throw new InvalidArgumentError('Allowed: a duration such as 90m, 12h or 7d.');
}
