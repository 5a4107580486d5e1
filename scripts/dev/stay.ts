/** What the development environment does after the first run, until it is stopped. */
import { setInterval, setTimeout as sleep } from 'node:timers/promises';

import type { MikroORM } from '@mikro-orm/postgresql';
import type { Client } from '@temporalio/client';

import { numberText } from '../../src/cli/rendering/number-text.ts';
import type { ProgressLine } from '../../src/cli/rendering/progress-line.ts';
import { timeText } from '../../src/cli/rendering/time-text.ts';
import type { Config } from '../../src/config/config.ts';
import { listRecentRuns, type RecentRun } from '../../src/runs/recent-runs.ts';
import { countRows, currentSecond } from './first-run.ts';

const POLL_MILLISECONDS = 2_000;
const COUNT_MILLISECONDS = 6_000;
const RECENT_RUNS = 5;

/** Reports each run that ends from now on, whoever started it, until the signal aborts it. */
export async function reportRuns(
  client: Client,
  log: (message: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const reported = new Set((await endedRuns(client)).map(({ runId }) => runId));
  for await (const _ of setInterval(POLL_MILLISECONDS, undefined, { signal })) {
    for (const run of (await endedRuns(client)).toReversed()) {
      if (!reported.has(run.runId)) log(describeRun(run));
      reported.add(run.runId);
    }
  }
}

/** Keeps a line with the current row counts up to date, until the signal aborts it. */
export async function showCounts(
  orm: MikroORM,
  config: Config,
  line: ProgressLine,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const { live, expired } = await countRows(orm, config, await currentSecond(orm));
    signal.throwIfAborted();
    line.show(
      `Sessions    ${numberText(live)} live, ${numberText(expired)} expired   (Ctrl-C stops everything)`,
    );
    // Between counts, since counting a large table takes longer than this.
    await sleep(COUNT_MILLISECONDS, undefined, { signal });
  }
}

async function endedRuns(client: Client): Promise<readonly RecentRun[]> {
  return (await listRecentRuns(client, RECENT_RUNS)).filter(({ state }) => state !== 'running');
}

function describeRun(run: RecentRun): string {
  const count = run.deletedCount === null ? '' : `: ${numberText(run.deletedCount)} deleted`;
  const why = run.failure === null ? '' : ` (${run.failure})`;
  return `Run         ${timeText(run.startedAt)} ${run.state}${count}${why}   ${run.workflowId}`;
}
