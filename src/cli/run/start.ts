import { Option } from 'commander';

import type { Instant } from '../../contract/instants.ts';
import { startRun, waitForRun, type RunId } from '../../runs/run.ts';
import { defineTemporalCommand } from '../command.ts';
import { onInterrupt } from '../context.ts';
import { EXIT } from '../errors.ts';
import { durationOption, pastInstantOption } from '../options.ts';
import { showProgress } from './progress.ts';
import { renderOutcome } from './result-text.ts';

interface StartOptions {
  readonly cutoff?: Instant;
  readonly dryRun?: true;
  readonly wait: boolean;
  /** Milliseconds. */
  readonly timeout?: number;
}

/** `session-cleanup run start` */
export const addRunStartCommand = defineTemporalCommand<StartOptions>({
  name: 'start',
  summary: 'start one run now, and wait for its result',
  description:
    'Starts one run now, beside the schedule, shows its progress and prints its result. It may run at ' +
    'the same time as others: each row is counted once. Ctrl-C and --timeout end the wait, not the run. ' +
    'Without a worker the run waits; a message says so after some seconds.',
  options: [
    pastInstantOption(
      '--cutoff <instant>',
      'delete what had expired by this instant; not in the future',
    ),
    new Option('--dry-run', 'count what would be deleted, and delete nothing'),
    new Option('--no-wait', 'do not wait for the result'),
    // A timer takes no more than 24 days.
    durationOption(
      '--timeout <duration>',
      'end the wait after this time; the run continues',
      '24d',
    ),
  ],
  settings: ['_TASK_QUEUE'],
  examples: [
    ['session-cleanup run start', 'delete what has expired by now'],
    ['session-cleanup run start --dry-run --json', 'count it, for a program'],
    ['session-cleanup run start --cutoff 2026-11-20T06:00:00Z', 'what had expired by then'],
  ],
  failed: 'failed: not started, or the run failed or was ended, or the wait was interrupted',
  run: async ({ client, config, context, options: { cutoff, dryRun, wait, timeout } }) => {
    const input = {
      ...(cutoff === undefined ? {} : { cutoff: cutoff.text }),
      ...(dryRun === true ? { dryRun } : {}),
    };
    const run = await startRun(client, config.taskQueue, input, config.schedule.scheduleId);
    const started = `Started ${run.workflowId} (run ${run.runId}).`;
    if (!wait) return { json: { ...run, kind: 'started' }, text: () => started };
    context.stderr.write(`${started}\n`);
    const interrupted = new AbortController();
    using _interrupt = onInterrupt(() => {
      interrupted.abort();
    });
    const timeouts = timeout === undefined ? [] : [AbortSignal.timeout(timeout)];
    const giveUp = AbortSignal.any([interrupted.signal, ...timeouts]);
    const ended = new AbortController();
    const watched = { client, run, taskQueue: config.taskQueue };
    const shown = showProgress(context, watched, AbortSignal.any([giveUp, ended.signal]));
    try {
      const outcome = await waitForRun(client, run, giveUp);
      return {
        json: { ...run, ...outcome },
        text: (paint) => renderOutcome(outcome, paint),
        hasFailed: outcome.kind !== 'completed',
      };
    } catch (error) {
      if (!giveUp.aborted) throw error;
      await shown;
      context.stderr.write(`${renderInterrupted(run)}\n`);
      return EXIT.failed;
    } finally {
      ended.abort();
      await shown;
    }
  },
});

function renderInterrupted({ workflowId }: RunId): string {
  return [
    'Stopped waiting. The run continues; its history will hold its result:',
    `  temporal workflow show --workflow-id '${workflowId}'`,
    'To cancel it (what it has deleted stays counted):',
    `  temporal workflow cancel --workflow-id '${workflowId}'`,
  ].join('\n');
}
