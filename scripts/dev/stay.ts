/** What goes on after the first run, until somebody ends it. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { MikroORM } from '@mikro-orm/postgresql';
import type { Client } from '@temporalio/client';

import { numberText, timeText } from '../../src/contract/text.ts';
import type { ProgressLine } from '../../src/cli/rendering/terminal.ts';
import type { Config } from '../../src/config/config.ts';
import { listRecentRuns, type RecentRun } from '../../src/runs/recent-runs.ts';
import { countRows, presentSecond } from './counts.ts';
import type { Say } from './say.ts';

const LOOK_EVERY_MILLISECONDS = 2_000;
const COUNT_EVERY_LOOKS = 3;
const RUNS = 5;

/** Tells of each run that ends from now on, whoever started it, until the signal is given. */
export async function tellOfRuns(client: Client, say: Say, signal: AbortSignal): Promise<void> {
  const told = new Set((await endedRuns(client)).map(({ runId }) => runId));
  while (!signal.aborted) {
    await sleep(LOOK_EVERY_MILLISECONDS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    for (const run of (await endedRuns(client)).toReversed()) {
      if (told.has(run.runId)) continue;
      told.add(run.runId);
      say(describeRun(run));
    }
  }
}

/** Keeps one line up to date with what is in the table, until the signal is given. */
export async function showCounts(
  orm: MikroORM,
  config: Config,
  line: ProgressLine,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const { live, expired } = await countRows(orm, config, await presentSecond(orm));
    line.show(
      `Sessions    ${numberText(live)} live, ${numberText(expired)} expired and waiting   (Ctrl-C ends all)`,
    );
    const wait = COUNT_EVERY_LOOKS * LOOK_EVERY_MILLISECONDS;
    await sleep(wait, undefined, { signal }).catch(() => undefined);
  }
  line.clear();
}

async function endedRuns(client: Client): Promise<readonly RecentRun[]> {
  return (await listRecentRuns(client, RUNS)).filter(({ state }) => state !== 'running');
}

function describeRun(run: RecentRun): string {
  const count = run.deletedCount === null ? '' : `: ${numberText(run.deletedCount)} deleted`;
  const why = run.failure === null ? '' : ` (${run.failure})`;
  return `Run         ${timeText(run.startedAt)} ${run.state}${count}${why}   ${run.workflowId}`;
}
