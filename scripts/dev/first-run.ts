/** The first run: triggered through the schedule and followed to its end. */
import type { MikroORM } from '@mikro-orm/postgresql';
import type { Client } from '@temporalio/client';

import type { Config } from '../../src/config/config.ts';
import { quoteTable } from '../../src/database/sql.ts';
import { previewTarget } from '../../src/deletion/preview.ts';
import { watchRun, type RunSnapshot } from '../../src/runs/progress.ts';
import { waitForRun, type RunId } from '../../src/runs/run.ts';
import { describeSchedule } from '../../src/schedule/schedule.ts';
import { triggerSchedule } from '../../src/schedule/start-runs.ts';
import { renderBar, type FirstRun, type RowCounts, type Terminal } from './output.ts';

export interface RunContext {
  readonly client: Client;
  readonly orm: MikroORM;
  readonly config: Config;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/**
 * Triggers the schedule and follows the run to its end. A run that is still running, because an earlier
 * start was killed, is followed instead.
 * @throws Error when no run starts, or when it fails.
 */
export async function performFirstRun(context: RunContext): Promise<FirstRun> {
  const { client, orm, config, signal } = context;
  const instant = await currentSecond(orm);
  const before = await countRows(orm, config, instant);
  const run = await startRun(context);
  await showProgress(context, run, before.expired);
  const outcome = await waitForRun(client, run, signal);
  if (outcome.kind !== 'completed') {
    const why = 'message' in outcome ? `: ${outcome.message}` : '';
    throw new Error(`The run ${run.workflowId} was ${outcome.kind}${why}`);
  }
  const { historyLength } = await client.workflow.getHandle(run.workflowId).describe();
  const after = await countRows(orm, config, instant);
  return { run, result: outcome.result, historyEvents: historyLength, before, after };
}

/** Counts rows as of an instant: the same one before and after a run makes the counts comparable. */
export async function countRows(
  orm: MikroORM,
  config: Config,
  instant: string,
): Promise<RowCounts> {
  let expired = 0;
  let total = 0;
  for (const target of config.targets) {
    const { eligibleRows } = await previewTarget(orm, target, instant);
    const [row] = await orm.em
      .fork()
      .execute<{ count: string }[]>(`select count(*) as count from ${quoteTable(target)}`);
    expired += eligibleRows;
    total += Number(row?.count ?? 0);
  }
  return { expired, live: total - expired };
}

/**
 * The database's time, truncated to the second as a schedule truncates the time of a trigger: the
 * cut-off of a run that is triggered later is never before it.
 */
export async function currentSecond(orm: MikroORM): Promise<string> {
  const [row] = await orm.em
    .fork()
    .execute<{ now: string }[]>(
      `select to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as now`,
    );
  return row?.now ?? '';
}

async function startRun({ client, terminal }: RunContext): Promise<RunId> {
  const outcome = await triggerSchedule(client);
  if (outcome.kind === 'started') return outcome.run;
  if (outcome.kind === 'unseen') {
    throw new Error('The schedule was triggered, but started no run. Open it in the Web UI.');
  }
  const { recentRuns } = await describeSchedule(client);
  const running = recentRuns.find(({ workflowId }) => outcome.running.includes(workflowId));
  if (running === undefined) throw new Error('The schedule started no run. Try again.');
  terminal.log(`A run is already running; following it: ${running.workflowId}`);
  return running;
}

async function showProgress(
  { client, terminal, signal }: RunContext,
  run: RunId,
  total: number,
): Promise<void> {
  const { progress } = terminal;
  progress.show(renderBar(0, total));
  for await (const snapshot of watchRun(client, run.workflowId, signal)) {
    const bar = renderBar(snapshot.deletedCount, total, snapshot.slice?.rowsPerSecond);
    progress.show(`${bar}${describeDelay(snapshot)}`);
  }
  progress.clear();
}

function describeDelay({ waitsSince, retry }: RunSnapshot): string {
  if (waitsSince !== undefined) return '  waiting for the worker';
  return retry === undefined ? '' : `  attempt ${String(retry.attempt)}: ${retry.reason}`;
}
