/** The first run: triggered through the schedule, watched while it works, and accounted for. */
import type { MikroORM } from '@mikro-orm/postgresql';
import type { Client } from '@temporalio/client';

import type { ProgressLine } from '../../src/cli/rendering/terminal.ts';
import type { Config } from '../../src/config/config.ts';
import { watchRun, type RunSnapshot } from '../../src/runs/progress.ts';
import type { RecordedResult } from '../../src/runs/result.ts';
import { waitForRun, type RunId } from '../../src/runs/run.ts';
import { triggerSchedule } from '../../src/schedule/trigger.ts';
import { describeSchedule } from '../../src/schedule/schedule.ts';
import { countRows, presentSecond, type Counts } from './counts.ts';
import { renderBar } from './progress-bar.ts';
import type { Say } from './say.ts';

/** What a run did, and what the table held around it. */
export interface FirstRun {
  readonly run: RunId;
  /** As the workflow's history has it. */
  readonly result: RecordedResult;
  readonly historyEvents: number;
  readonly before: Counts;
  readonly after: Counts;
}

/** What the first run works with. */
export interface FirstRunTools {
  readonly client: Client;
  readonly orm: MikroORM;
  readonly config: Config;
  readonly progress: ProgressLine;
  readonly say: Say;
  readonly signal: AbortSignal;
}

/**
 * Has the schedule start a run and follows it to its end. A run that is going on already, because an
 * earlier start was killed in the middle of it, is followed instead.
 * @throws Error when no run comes of it, or when it fails.
 */
export async function performFirstRun(tools: FirstRunTools): Promise<FirstRun> {
  const { client, orm, config, signal } = tools;
  const instant = await presentSecond(orm);
  const before = await countRows(orm, config, instant);
  const run = await startRun(tools);
  await showProgress(tools, run, before.expired);
  const outcome = await waitForRun(client, run, signal);
  if (outcome.kind !== 'completed') {
    const why = 'message' in outcome ? `: ${outcome.message}` : '';
    throw new Error(`The run ${run.workflowId} was ${outcome.kind}${why}`);
  }
  const { historyLength } = await client.workflow.getHandle(run.workflowId).describe();
  return {
    run,
    result: outcome.result,
    historyEvents: historyLength,
    before,
    after: await countRows(orm, config, instant),
  };
}

async function startRun({ client, say }: FirstRunTools): Promise<RunId> {
  const outcome = await triggerSchedule(client);
  switch (outcome.kind) {
    case 'started':
      return outcome.run;
    case 'skipped': {
      const { recentRuns } = await describeSchedule(client);
      const running = recentRuns.find(({ workflowId }) => outcome.running.includes(workflowId));
      if (running === undefined) throw new Error('The schedule started no run. Try again.');
      say(`A run is going on already; this follows it: ${running.workflowId}`);
      return running;
    }
    case 'unseen':
      throw new Error(
        'The schedule was triggered, but no run came of it. Look at it in the Web UI.',
      );
  }
}

async function showProgress(
  { client, progress, signal }: FirstRunTools,
  run: RunId,
  total: number,
): Promise<void> {
  progress.show(renderBar({ done: 0, total }));
  for await (const snapshot of watchRun(client, run.workflowId, signal)) {
    const text = renderBar({
      done: snapshot.deletedCount,
      total,
      rowsPerSecond: snapshot.slice?.rowsPerSecond,
    });
    progress.show(`${text}${describeTrouble(snapshot)}`);
  }
  progress.clear();
}

function describeTrouble({ waitsSince, retry }: RunSnapshot): string {
  if (waitsSince !== undefined) return '  waiting for the worker';
  if (retry === undefined) return '';
  return `  attempt ${String(retry.attempt)}, since: ${retry.reason}`;
}
