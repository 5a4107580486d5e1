import type { Client } from '@temporalio/client';

import type { Config } from '../config/config.ts';
import type { TemporalSettings } from '../temporal/connection-settings.ts';
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
export function isComplete({ schedule, runs, workers, targets }: StatusReport): boolean {
  return (
    schedule.ok &&
    runs.ok &&
    workers.ok &&
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
    return { schedule: failed, runs: failed, workers: failed };
  }
}

async function askClient(
  client: Client,
  { taskQueue }: Config,
): Promise<Omit<StatusReport, 'targets'>> {
  const [schedule, runs, workers] = await Promise.all([
    toSection(() => describeSchedule(client)),
    toSection(() => listRecentRuns(client, RECENT_RUNS)),
    toSection(() => listPollers(client, taskQueue)),
  ]);
  return { schedule, runs, workers };
}

async function toSection<Content>(ask: () => Promise<Content>): Promise<Section<Content>> {
  try {
    return { ok: true, content: await ask() };
  } catch (error) {
    return { ok: false, error: reportError(error).message };
  }
}
