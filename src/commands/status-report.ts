import type { Client } from '@temporalio/client';

import type { Config } from '../config/config.ts';
import type { TemporalSettings } from '../temporal/connection-settings.ts';
import { findLastSuccess } from '../temporal/last-success.ts';
import type { LastSuccess } from '../temporal/last-success.ts';
import { listPollers } from '../temporal/pollers.ts';
import type { Poller } from '../temporal/pollers.ts';
import { listRecentRuns } from '../temporal/recent-runs.ts';
import type { RecentRun } from '../temporal/recent-runs.ts';
import { describeSchedule } from '../temporal/schedule.ts';
import type { ScheduleState } from '../temporal/schedule.ts';
import type { PreviewOutcome } from './database.ts';
import { reportError } from './report-error.ts';
import { withClient } from './temporal-client.ts';

/** A part of the status, or why it could not be told. */
export type Section<Content> =
  { readonly ok: true; readonly content: Content } | { readonly ok: false; readonly error: string };

/** Everything that an operator wants to know at a glance. Each part fails by itself. */
export interface StatusReport {
  readonly schedule: Section<ScheduleState>;
  /** Newest first. */
  readonly runs: Section<readonly RecentRun[]>;
  readonly workers: Section<readonly Poller[]>;
  /** The newest run that completed and was not a dry one; null when none is remembered. */
  readonly lastSuccess: Section<LastSuccess | null>;
  /** What waits in each table. */
  readonly targets: Section<readonly PreviewOutcome[]>;
}

/** Runs that are shown. */
const RECENT_RUNS = 10;

/** Asks Temporal and the database at the same time. Never fails as a whole. */
export async function gatherStatus(
  config: Config,
  temporal: TemporalSettings,
): Promise<StatusReport> {
  const [fromTemporal, targets] = await Promise.all([
    askTemporal(config, temporal),
    toSection(async () => {
      const { previewTargets } = await import('./database.ts');
      return await previewTargets(config);
    }),
  ]);
  return { ...fromTemporal, targets };
}

/** Whether all of it could be told. */
export function isComplete({
  schedule,
  runs,
  workers,
  lastSuccess,
  targets,
}: StatusReport): boolean {
  return (
    schedule.ok &&
    runs.ok &&
    workers.ok &&
    lastSuccess.ok &&
    targets.ok &&
    targets.content.every(({ kind }) => kind === 'previewed')
  );
}

async function askTemporal(
  config: Config,
  temporal: TemporalSettings,
): Promise<Omit<StatusReport, 'targets'>> {
  try {
    return await withClient(temporal, (client) => askClient(client, config));
  } catch (error) {
    const failed = { ok: false, error: reportError(error).message } as const;
    return { schedule: failed, runs: failed, workers: failed, lastSuccess: failed };
  }
}

async function askClient(
  client: Client,
  { taskQueue }: Config,
): Promise<Omit<StatusReport, 'targets'>> {
  const [schedule, runs, workers, lastSuccess] = await Promise.all([
    toSection(() => describeSchedule(client)),
    toSection(() => listRecentRuns(client, RECENT_RUNS)),
    toSection(() => listPollers(client, taskQueue)),
    toSection(() => findLastSuccess(client)),
  ]);
  return { schedule, runs, workers, lastSuccess };
}

async function toSection<Content>(ask: () => Promise<Content>): Promise<Section<Content>> {
  try {
    return { ok: true, content: await ask() };
  } catch (error) {
    return { ok: false, error: reportError(error).message };
  }
}

/**
 * Whether the last successful run ended longer ago than it may: a schedule can look healthy and start
 * nothing. Unknown counts as too old, since an alarm that stays silent is worth nothing.
 */
export function isOverdue(
  { lastSuccess }: StatusReport,
  maxAgeSeconds: number,
  now: Date,
): boolean {
  if (!lastSuccess.ok || lastSuccess.content === null) return true;
  const age = now.getTime() - new Date(lastSuccess.content.endedAt).getTime();
  return age > maxAgeSeconds * 1_000;
}
